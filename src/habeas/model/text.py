"""Text that two people may read differently: the checks that keep look-alikes out of ids and purposes.

Sources: Unicode TR 36 and TR 39 (confusables, invisible characters), UAX 15 (normal forms).
"""

from __future__ import annotations

import unicodedata

# Letters of these alphabets look alike; one word needs one of them.
_LOOKALIKES = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU"})
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Drawn as nothing, though Unicode counts them as letters or marks (Default_Ignorable_Code_Point).
_HIDDEN = frozenset({0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0}) | frozenset(
    [*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]
)


def flaw(text: str) -> str | None:
    """Why `text` can't be trusted to be the only one that looks like it; None if it can. For ids.

    The answer is in words without the text. Plain ASCII without blanks at its ends or control characters is
    always fine.
    """
    reason = hidden(text)
    if reason is not None or text.isascii():
        return reason
    if unicodedata.normalize("NFKC", text) != unicodedata.normalize("NFC", text):
        return "a compatibility form that looks like another character"
    if len(_alphabets(text) & _LOOKALIKES) > 1:
        return "letters of two alphabets that look alike"
    return None


def hidden(text: str) -> str | None:
    """Why `text` holds more than is seen, in words without the text; or None. For names and notes."""
    if text != text.strip():
        return "a blank at an end"
    if text.isascii() and text.isprintable():
        return None
    for char in text:
        if unicodedata.category(char) in _HIDDEN_CATEGORIES or ord(char) in _HIDDEN:
            return "a character that is not drawn or changes direction"
        if char != " " and unicodedata.category(char) == "Zs":
            return "a blank that is no plain blank"
    return None


def _alphabets(text: str) -> set[str]:
    return {unicodedata.name(char, "").split(" ")[0] for char in text if char.isalpha()}
