"""What holds now for a stored row, out of the log of all its statuses.

The status that was recorded last holds. Of several recorded at one instant one that shuts the row holds before one that
opens it; then the first by status, reason and run. `pipeline.current.current_decisions.newest_status` has the same
rule as a Spark expression; a test holds that both agree, and so do all their readers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

from habeas.model.errors import UsageError
from habeas.warehouse.current.outdated import FILE_REPLACED, ROSTER_REPLACED, SUPERSEDED

Row = TypeVar("Row", bound=Mapping[str, Any])
"""A row of `row_status`."""

TIE: Final = ("status", "reason", "run_id")
"""What settles which of equals holds."""

MAY_OPEN_AGAIN: Final = ("decision_ended", ROSTER_REPLACED, FILE_REPLACED, SUPERSEDED)
"""Reasons to close a row that may end: the row opens again then. A row whose key closed never does."""


def newest_statuses(statuses: Iterable[Row]) -> dict[str, Row]:
    """row_id -> the status that holds. A row without one counts as closed."""
    by_words = sorted(
        statuses, key=lambda status: [str(status.get(name) or "") for name in TIE], reverse=True
    )
    return {
        status["row_id"]: status for status in sorted(by_words, key=_order)
    }  # of equals the first comes last


def zoned(at: datetime) -> datetime:
    """The time itself. Raises UsageError when it has no zone: nothing can be compared with it."""
    if at.tzinfo is None:
        raise UsageError("a status carries a time without a zone", hint="Read the tables with times in UTC.")
    return at


def _order(status: Mapping[str, Any]) -> tuple[datetime, bool]:
    return zoned(status["recorded_at"]), status["status"] != "open"
