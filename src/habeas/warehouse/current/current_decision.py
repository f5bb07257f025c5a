"""Which of all recorded decisions about a thing holds, and whether it permits anything now.

A thing is one (action, asset, roster line, purpose). Rules, in this order:

- The decision that was recorded last holds (`recorded_at`, the machine's time when it was written), whatever time it
  was made as of. A row without `recorded_at` comes from a version that did not write it: it is older than every row
  that has one, and among such rows the newest `as_of` holds.
- Of several recorded at one instant, one that does not allow holds before one that allows; then the smallest id.
- A decision dated ahead (`as_of` later than now, beyond `SKEW`) still holds its place, but permits nothing: the next
  run decides that thing again. The same is true of one whose `valid_until` has passed.

`pipeline.current.current_decisions` has the same rule as a Spark expression; a test holds that both agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from habeas.model.installation.clocks import dated_ahead

Row = TypeVar("Row", bound=Mapping[str, Any])
"""A row of `decisions`."""

Thing = tuple[str, str, str | None, str]
"""(action, asset_id, line_id, purpose)"""


def thing_of(row: Mapping[str, Any]) -> Thing:
    """What a decision is about."""
    return row["action"], row["asset_id"], row["line_id"], row["purpose"]


def recorded(row: Mapping[str, Any]) -> datetime:
    """When a decision was written; its `as_of` where an older version did not note it."""
    at: datetime = row.get("recorded_at") or row["as_of"]
    return at


def current_decisions(decisions: Iterable[Row]) -> dict[Thing, Row]:
    """Thing -> the decision that holds."""
    return {thing_of(row): row for row in oldest_first(decisions)}


def permits(row: Mapping[str, Any], now: datetime) -> bool:
    """True when the decision that holds allows something now."""
    until = row["valid_until"]
    lasts = until is None or until > now
    return bool(row["effect"] == "allow" and lasts and not dated_ahead(row["as_of"], now))


def oldest_first(decisions: Iterable[Row]) -> list[Row]:
    """In the order they were recorded: of each thing, the last one holds."""
    by_id = sorted(decisions, key=lambda row: str(row["decision_id"]), reverse=True)
    return sorted(by_id, key=_rank)  # stable: of equals the smallest id comes last


def _rank(row: Mapping[str, Any]) -> tuple[bool, datetime, bool]:
    return row.get("recorded_at") is not None, recorded(row), row["effect"] != "allow"
