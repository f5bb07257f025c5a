"""What holds now for a stored row, out of the log of all its statuses: the newest, and of equals the shut one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

from habeas.errors import UsageError
from habeas.steps.outdated import FILE_REPLACED, ROSTER_REPLACED, SUPERSEDED

Row = TypeVar("Row", bound=Mapping[str, Any])
"""A row of `row_status`."""

MAY_OPEN_AGAIN: Final = ("decision_ended", ROSTER_REPLACED, FILE_REPLACED, SUPERSEDED)
"""Reasons to close a row that may end: the row opens again then. A row whose key closed never does."""


def newest_statuses(statuses: Iterable[Row]) -> dict[str, Row]:
    """row_id -> the status that holds. A row without one counts as closed."""
    newest: dict[str, Row] = {}
    for status in statuses:
        known = newest.get(status["row_id"])
        if known is None or _order(status) > _order(known):
            newest[status["row_id"]] = status
    return newest


def zoned(at: datetime) -> datetime:
    """The time itself. Raises UsageError when it has no zone: nothing can be compared with it."""
    if at.tzinfo is None:
        raise UsageError("a status carries a time without a zone", hint="Read the tables with times in UTC.")
    return at


def _order(status: Mapping[str, Any]) -> tuple[datetime, bool]:
    return zoned(status["recorded_at"]), status["status"] != "open"
