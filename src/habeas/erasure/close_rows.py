"""Closing the stored rows of keys that closed, at once and before the next run.

The key keeps a row closed; the status shows it to readers of the tables, with the day by which to erase the row.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from habeas.erasure.queue import DESTROY_DAYS
from habeas.records.imports.intake import Closed
from habeas.records.imports.store import Store
from habeas.records.table_rows import in_utc
from habeas.warehouse.current.current_decision import current_decisions
from habeas.warehouse.current.row_status import TIE, newest_statuses

_ROW = ("row_id", "line_id", "purpose", "key_id", "decision_id")
_STATUS = ("row_id", "recorded_at", "expires_at", *TIE)
_LIMIT = "destroy_days<="
_TICK = timedelta(microseconds=1)


def close_rows(store: Store, closed_keys: Collection[str], run_id: str, now: datetime) -> Closed:
    """Close the rows that are open under keys that were closed."""
    stored = store.rows("embeddings", "key_id", closed_keys, _ROW)
    if not stored:
        return Closed(keys=len(closed_keys))
    recorded = [
        in_utc(row) for row in store.rows("row_status", "row_id", {row["row_id"] for row in stored}, _STATUS)
    ]
    decided = store.rows("decisions", "line_id", {row["line_id"] for row in stored})
    holding = current_decisions(in_utc(row) for row in decided if row["action"] == "embed").values()
    newest = {(row["line_id"], row["purpose"]): row for row in holding}
    statuses = newest_statuses(recorded)
    fresh = [
        _closed(row, statuses.get(row["row_id"]), newest.get((row["line_id"], row["purpose"])), run_id, now)
        for row in stored
        if (status := statuses.get(row["row_id"])) is None or status["status"] == "open"
    ]
    store.insert_rows("row_status", fresh)
    return Closed(len(closed_keys), len(fresh), max((row["erase_by"] for row in fresh), default=None))


def together(one: Closed, other: Closed) -> Closed:
    """Both as one."""
    last = [each.erase_by for each in (one, other) if each.erase_by is not None]
    return Closed(one.keys + other.keys, one.rows + other.rows, max(last, default=None))


def _closed(
    row: Mapping[str, Any],
    status: Mapping[str, Any] | None,
    decision: Mapping[str, Any] | None,
    run_id: str,
    now: datetime,
) -> dict[str, Any]:
    expires_at = status["expires_at"] if status else None
    ended = now if expires_at is None else min(now, expires_at)
    return {
        "row_id": row["row_id"],
        "status": "closed",
        "decision_id": decision["decision_id"] if decision else row["decision_id"],
        "expires_at": expires_at,
        "erase_by": ended + timedelta(days=_destroy_days(decision)),
        "reason": "key_closed",
        # The newest status wins, so it is newer than what it was made from, even if a clock is behind.
        "recorded_at": now if status is None else max(now, status["recorded_at"] + _TICK),
        "run_id": run_id,
    }


def _destroy_days(decision: Mapping[str, Any] | None) -> int:
    duties = (decision["obligations"] if decision else None) or ()
    return min(
        (int(duty.removeprefix(_LIMIT)) for duty in duties if duty.startswith(_LIMIT)), default=DESTROY_DAYS
    )
