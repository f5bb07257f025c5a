"""Which texts name a person beyond doubt, and which ones programs write where there is no id.

Two people whose ids are missing in a spreadsheet both become `#N/A`. Taken for an id it would be one person, who
consents by the one line and is listed by the other.
"""

from __future__ import annotations

import re
import unicodedata

from habeas.model.errors import BadInput
from habeas.model.text import flaw, fold

_SHORTENED = re.compile(r"\d[.,]\d+[eE][+-]?\d{1,3}|\d[eE]\+\d{1,3}")
_ERROR = re.compile(r"#[^\W\d_]{1,12}(/[^\W\d_]{1,3}|/0)?[!?]|#N/?[A-Z]|Err:\d{3}", re.IGNORECASE)
"""What spreadsheets show for a formula that failed, in their own language: #N/A, #NV, #REF!, #DIV/0!, #WERT!."""
_MISSING = frozenset({
    "NULL", "null", "None", "NaN", "nan", "NAN", "NaT", "nat", "NA", "N/A", "n/a", "<NA>", "<null>", "<NULL>", "(null)",
    "(NULL)", "[null]", "[NULL]", "\\N", "nil", "undefined",
})  # fmt: skip
"""What databases and programs write for no value, as they spell it: a person may be called Null."""
_UNKNOWN = frozenset({
    "unknown", "anonymous", "unnamed", "noname", "nobody", "tbd",
    "미상", "불명", "불상", "성명불상", "익명", "무명", "미확인", "모름",
})  # fmt: skip
"""What lists hold for a person without a known id, without capitals and blanks."""


def clean_id(text: str) -> str:
    """A real id in Unicode normal form C. Raises BadInput for a text that may mean more than one person."""
    if shortened(text):
        detail = "subject: a number that a spreadsheet shortened: several ids look like it. Save the column as text"
        raise BadInput("shortened_number", detail)
    if names_nobody(text):
        detail = (
            "subject: what stands for a missing or unknown id, so several people may have it. Write who it is"
        )
        raise BadInput("names_nobody", detail)
    reason = flaw(text)
    if reason is not None:
        raise BadInput("unclean_text", f"subject: {reason}")
    return unicodedata.normalize("NFC", text)


def require_somebody(text: str) -> None:
    """Raise BadInput where it is unclear who is meant, whatever else is wrong with the text."""
    if shortened(text) or names_nobody(text):
        clean_id(text)


def shortened(text: str) -> bool:
    """Whether it is what a spreadsheet makes of a long number: 1.23457E+11."""
    return _SHORTENED.fullmatch(text.strip()) is not None


def names_nobody(text: str) -> bool:
    """Whether it stands for a missing or an unknown id: a program's word, a person's, or letters that were lost.

    A name that was saved in an encoding without its letters is `???`, as is every name of that length.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    return (
        plain in _MISSING
        or fold(plain).replace(" ", "") in _UNKNOWN
        or _ERROR.fullmatch(plain) is not None
        or "\ufffd" in plain
        or (bool(plain) and not any(char.isalnum() for char in plain))
    )
