"""The code of a recorded decision: it covers every field, so that none can be edited or moved to another line.

A decision's id follows from what it is about, and can be computed without a secret. Its code needs a key that jobs
hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from habeas.model.ids import Part, packed
from habeas.warehouse.authenticated.mac import SHORT, MacKey

FIELDS = (
    "decision_id", "action", "asset_id", "line_id", "purpose", "key_id", "facts_digest", "policy_digest", "pack_digest",
    "as_of", "recorded_at", "known_at", "valid_until", "effect", "rules", "missing", "retention_days", "obligations",
    "regulator_effect", "regulator_rules", "run_id",
)  # fmt: skip
"""Every column of `decisions` but the code; a test holds them together."""

Row = Mapping[str, Any]


def decision_mac(key: MacKey, row: Row) -> bytes:
    """The code of a row of `decisions`. Times are instants, or microseconds since 1970."""
    return key.code(_message(row))[:SHORT]


def is_genuine(key: MacKey, row: Row) -> bool:
    """Whether a job of this installation decided exactly this. False for a row without a code."""
    return key.agrees(_message(row), row.get("mac"))


def _message(row: Row) -> bytes:
    return packed("habeas decision", 1, *(_part(row.get(name)) for name in FIELDS))


def _part(value: Any) -> Part:
    if isinstance(value, datetime):
        zoned = value if value.tzinfo else value.replace(tzinfo=UTC)
        return _micros(zoned)
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return packed(*value)
    return value  # type: ignore[no-any-return]


def _micros(at: datetime) -> int:
    """Whole microseconds, without a float in between."""
    since = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
