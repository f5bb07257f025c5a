"""Text that two people may read differently: the checks that keep look-alikes out of ids and purposes.

Sources: Unicode TR 36 and TR 39 (confusables, invisible characters), UAX 15 (normal forms).
`shape` is for asking whether two texts may mean one thing, never for making them one.
"""

from __future__ import annotations

import re
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
        if _is_hidden(char):
            return "a character that is not drawn or changes direction"
        if char != " " and unicodedata.category(char) == "Zs":
            return "a blank that is no plain blank"
    return None


def _is_hidden(char: str) -> bool:
    return unicodedata.category(char) in _HIDDEN_CATEGORIES or ord(char) in _HIDDEN


def _alphabets(text: str) -> set[str]:
    return {unicodedata.name(char, "").split(" ")[0] for char in text if char.isalpha()}


# Letters of other alphabets that are drawn like Latin ones: capitals as they are, then small letters.
_CAPITALS = str.maketrans("АВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEKMHOPCTYXIJSABEZHIKMNOPTYX")
_SMALL = str.maketrans("асеорухіјѕԁһӏαονρ", "aceopyxijsdhlaovp")
_LIKE_DIGITS = str.maketrans("OoIl|", "00111")
_WORD = re.compile(r"[^\W_]+|\|+")
_PARTS = re.compile(r"\d+|\D+")
_NUMBER = re.compile(r"""^['"=]*0*(\d+?)(?:\.0+)?"*$""")
"""A cell that is a whole number, also in a form that keeps a spreadsheet from reading it as one."""


def fold(text: str) -> str:
    """One spelling of a word: compatibility forms, capitals and blanks around it say nothing."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def tidy(text: str) -> str:
    """The text without what is not drawn and without blanks at its ends, in normal form C of its plain letters."""
    plain = unicodedata.normalize("NFKC", text)
    drawn = "".join(char for char in plain if not _is_hidden(char))
    return unicodedata.normalize("NFC", drawn).strip()


def shape(text: str) -> str:
    """The same for texts that differ in case, dashes, blanks, full-width forms or look-alike letters alone.

    A number is the same with the zeros before it that a spreadsheet takes away, and with the `.0` that a program adds.
    Letters that look like digits (O and 0; I, l and 1) are alike where they stand by themselves or among digits, so
    that AI-100 and AL-100 stay apart. A dash may be missing where letters meet digits: B1000 is B-1000,
    and 3-1-12 is not 3-11-2.
    """
    plain = _NUMBER.sub(r"\1", tidy(text).translate(_CAPITALS))
    words = (_parts(match.group()) for match in _WORD.finditer(plain))
    return "-".join(part for word in words for part in word)


def _parts(word: str) -> list[str]:
    """Runs of letters and of digits, as they look."""
    seen = "".join(
        part.translate(_LIKE_DIGITS) if set(part) <= set("OoIl|") else part for part in _PARTS.findall(word)
    )
    return [part.casefold().translate(_SMALL) for part in _PARTS.findall(seen)]
