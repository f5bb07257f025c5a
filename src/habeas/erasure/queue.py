"""What waits to be erased: stored rows that nothing allows any more, and by when they have to be gone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from habeas.warehouse.current.row_status import newest_statuses
from habeas.warehouse.reader import Reader, Row, rows

DESTROY_DAYS: Final = 5
"""Days a closed row may stay where no rule that decided about it says `destroy_days`: the shortest a law here sets."""


def waiting(reader: Reader, now: datetime) -> list[Row]:
    """Closed rows that are still stored, the most urgent first.

    `since`: when it was closed; `why`: key_closed (a no, a leave-out), decision_ended, then with the `rules` that
    ended it, or a reason of `warehouse.current.outdated`. A row that may be opened again leaves the list; so does one
    that is frozen or held.
    """
    stored = {
        row["row_id"]: row for row in rows(reader, "embeddings", columns=["row_id", "source_id", "purpose"])
    }
    newest = newest_statuses(rows(reader, "row_status"))
    closed = [row for row in newest.values() if row["status"] == "closed" and row["row_id"] in stored]
    ended = _rules(reader, {row["decision_id"] for row in closed if row["reason"] == "decision_ended"})
    queue = [
        {
            "row_id": row["row_id"],
            "source_id": stored[row["row_id"]]["source_id"],
            "purpose": stored[row["row_id"]]["purpose"],
            "since": row["recorded_at"],
            "why": row["reason"],
            "rules": ended.get(row["decision_id"], []) if row["reason"] == "decision_ended" else [],
            "erase_by": row["erase_by"],
            "late": row["erase_by"] is not None and row["erase_by"] <= now,
        }
        for row in closed
    ]
    return sorted(queue, key=lambda row: (row["erase_by"] or row["since"], row["row_id"]))


def _rules(reader: Reader, decision_ids: Iterable[str]) -> dict[str, list[str]]:
    """The rules of decisions that refuse; one that allows has run out, and its rules are no reason."""
    wanted = sorted(decision_ids)
    if not wanted:
        return {}
    columns = ["decision_id", "effect", "rules"]
    decisions = rows(reader, "decisions", ("decision_id", "in", wanted), columns=columns)
    return {row["decision_id"]: list(row["rules"]) for row in decisions if row["effect"] != "allow"}
