"""One function a kind of field: text in, a clean value out, or BadInput with a reason from a closed list.

Strict on purpose: `yes`, `TRUE`, `1` and a date without a zone each mean different things to different
people, and this is about consent. Details name the column and the rule, never the value.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime

from habeas.model.errors import BadInput
from habeas.model.text import flaw, hidden
from habeas.records.readers.lines import MAX_FIELD, Values

REASONS = frozenset(
    {
        "not_utf8",
        "empty_file",
        "missing_column",
        "extra_column",
        "duplicate_column",
        "broken_row",
        "broken_json",
        "duplicate_key",
        "not_a_number",
        "nested_too_deep",
        "wrong_type",
        "field_too_long",
        "missing_value",
        "unclean_text",
        "unknown_purpose",
        "unknown_status",
        "unknown_word",
        "impossible_date",
        "no_time_zone",
        "date_out_of_range",
        "expires_before_given",
        "lies_ahead",
        "backdated",
        "guardian_of_adult",
        "conflicting_statements",
        "conflicting_sources",
        "bad_number",
        "bad_boolean",
        "bad_list",
        "bad_digest",
        "bad_slug",
        "bad_place",
        "bad_root",
        "bad_location",
        "bad_region",
        "bad_window",
        "bad_scope",
        "bad_context",
        "unknown_source",
        "folder_missing",
        "asset_missing",
        "nothing_left_out",
        "unknown_leave_out",
        "roster_incomplete",
        "roster_asset_missing",
        "shortened_number",
        "names_nobody",
        "looks_like_known",
        "unknown_name",
        "unknown_person",
    }
)
"""Every reason an import gives by itself. A passed callable may add its own."""

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)(Z|[+-]\d\d:\d\d)?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_WHOLE = re.compile(r"0|[1-9]\d{0,17}")
_FRACTION = re.compile(r"-?\d{1,6}(\.\d{1,17})?")
_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_PLACE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?|unknown")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_OF_A_SPREADSHEET = re.compile(r"\d{1,4}[-./] ?\d{1,2}[-./] ?\d{1,4}\.?( .*)?|.*(오전|오후).*|\d{4}년.*")
"""A date, or a date and a time, as spreadsheets show them: 2026-05-12 오후 3:10, 12/05/2026 15:10."""


def text(values: Values, column: str, *, limit: int = 200) -> str:
    """Text without hidden characters."""
    value = optional_text(values, column, limit=limit)
    if value is None:
        raise BadInput("missing_value", column)
    return value


def optional_text(values: Values, column: str, *, limit: int = 200, is_id: bool = False) -> str | None:
    """Text without hidden characters; for an id also without characters that look like others."""
    value = values.get(column)
    if value is None:
        return None
    if not isinstance(value, str):
        raise BadInput("wrong_type", f"{column}: text is expected")
    if len(value) > min(limit, MAX_FIELD):
        raise BadInput("field_too_long", f"{column}: longer than {limit} characters")
    reason = flaw(value) if is_id else hidden(value)
    if reason is not None:
        raise BadInput("unclean_text", f"{column}: {reason}")
    return value


def slug(values: Values, column: str) -> str:
    """Required id of `a-z`, `0-9`, `.`, `_`, `-`. Raises BadInput (`missing_value`, `bad_slug`)."""
    return _shaped(text(values, column), _SLUG, "bad_slug", f"{column}: a-z, 0-9 and . _ -")


def optional_slug(values: Values, column: str) -> str | None:
    """As `slug`; None if the cell is empty. Raises BadInput (`bad_slug`)."""
    return None if values.get(column) is None else slug(values, column)


def is_slug(text: str) -> bool:
    """True if the text has the form of a slug."""
    return _SLUG.fullmatch(text) is not None


def place(values: Values, column: str) -> str:
    """A country or one of its parts: KR, EU, US-IL, or unknown."""
    return _shaped(text(values, column), _PLACE, "bad_place", f"{column}: like KR or US-IL, or unknown")


def hex_digest(values: Values, column: str) -> str:
    """SHA-256 in lower-case hex; empty if the cell is. Raises BadInput (`bad_digest`)."""
    value = optional_text(values, column)
    if value is None:
        return ""
    return _shaped(value, _DIGEST, "bad_digest", f"{column}: SHA-256 in lower case hex")


def word(values: Values, column: str, words: tuple[str, ...]) -> str:
    """Required word of a closed list. Raises BadInput (`missing_value`, `unknown_word`)."""
    value = text(values, column)
    if value not in words:
        raise BadInput("unknown_word", f"{column}: one of {', '.join(words)}")
    return value


def boolean(values: Values, column: str) -> bool | None:
    """`true` or `false`, nothing else; blank = not stated."""
    value = values.get(column)
    if value is None or isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise BadInput("bad_boolean", f"{column}: true, false or blank")


def whole(values: Values, column: str, *, least: int, most: int) -> int | None:
    """Whole number from `least` to `most`; None if the cell is empty. Raises BadInput (`bad_number`)."""
    value = values.get(column)
    if value is None:
        return None
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise BadInput("bad_number", f"{column}: a whole number from {least} to {most}")
    return value


def fraction(values: Values, column: str) -> float | None:
    """A number from 0 to 1."""
    value = values.get(column)
    if value is None:
        return None
    if isinstance(value, str):
        if value.lower() in ("nan", "inf", "-inf", "infinity", "-infinity"):
            raise BadInput("not_a_number", column)
        value = float(value) if _FRACTION.fullmatch(value) else None
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise BadInput("bad_number", f"{column}: a decimal number from 0 to 1")
    if not 0.0 <= value <= 1.0:
        raise BadInput("bad_region", f"{column}: outside of 0..1")
    return float(value)


def instant(values: Values, column: str) -> datetime:
    """Required time with a zone, as UTC. Raises BadInput: `missing_value`, or as `optional_instant`."""
    value = optional_instant(values, column)
    if value is None:
        raise BadInput("missing_value", column)
    return value


def optional_instant(values: Values, column: str) -> datetime | None:
    """RFC 3339 date and time with a zone, from 1900 to 2200, as UTC."""
    value = values.get(column)
    if value is None:
        return None
    if not isinstance(value, str):
        raise BadInput("wrong_type", f"{column}: a date and time as text is expected")
    match = _INSTANT.fullmatch(value)
    if match is None:
        if _DAY.fullmatch(value):
            raise BadInput("no_time_zone", f"{column}: a day alone begins at another time in every zone")
        if _OF_A_SPREADSHEET.fullmatch(value):
            detail = f"{column}: a spreadsheet's own form of a date; write 2026-05-12T15:10:00+09:00"
            raise BadInput("no_time_zone" if value[:4].isdigit() else "impossible_date", detail)
        raise BadInput("impossible_date", f"{column}: expected like 2026-01-31T12:00:00Z")
    if match.group(3) is None:
        raise BadInput("no_time_zone", f"{column}: end it with Z or an offset like +09:00")
    try:
        moment = datetime.fromisoformat(value)
        if not datetime(1900, 1, 2, tzinfo=UTC) <= moment < datetime(2200, 1, 1, tzinfo=UTC):
            raise BadInput("date_out_of_range", f"{column}: from 1900 to 2200; leave it blank for no end")
        return moment.astimezone(UTC)
    except ValueError:
        raise BadInput("impossible_date", f"{column}: no such date, time or offset") from None


def day(values: Values, column: str) -> date | None:
    """A day, without a time: of things that only a day is known of."""
    value = optional_text(values, column)
    if value is None:
        return None
    if not _DAY.fullmatch(value):
        raise BadInput("impossible_date", f"{column}: expected like 2026-01-31")
    try:
        parsed = date.fromisoformat(value)
    except ValueError:
        raise BadInput("impossible_date", f"{column}: no such day") from None
    if not 1900 <= parsed.year < 2200:
        raise BadInput("date_out_of_range", f"{column}: from 1900 to 2200")
    return parsed


def listed(values: Values, column: str, *, limit: int = 200, is_id: bool = False) -> tuple[str, ...] | None:
    """Texts divided by `;`, or a JSON list; None when blank. An empty element is refused, not dropped."""
    value = values.get(column)
    if value is None:
        return None
    if isinstance(value, str) and len(value) > MAX_FIELD:
        raise BadInput("field_too_long", f"{column}: longer than {MAX_FIELD} characters")
    parts = value.split(";") if isinstance(value, str) else value
    if not isinstance(parts, list) or not parts or len(parts) > 1000:
        raise BadInput("bad_list", f"{column}: leave it blank, or divide by ; without an empty element")
    if not all(isinstance(part, str) and part for part in parts):
        raise BadInput("bad_list", f"{column}: leave it blank, or divide by ; without an empty element")
    if len(set(parts)) != len(parts):
        raise BadInput("bad_list", f"{column}: an element stands twice")
    for part in parts:
        optional_text({column: part}, column, limit=limit, is_id=is_id)
    return tuple(parts)


def _shaped(value: str, shape: re.Pattern[str], reason: str, detail: str) -> str:
    if not shape.fullmatch(value):
        raise BadInput(reason, detail)
    return value
