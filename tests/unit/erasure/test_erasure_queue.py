"""What is no longer allowed is on the list of what has to go, until it is gone or allowed again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from in_memory import Tables
from ordinary import day

from habeas.erasure.queue import waiting

NOW = day("2026-11-23")
SOON, LATER = NOW + timedelta(days=3), NOW + timedelta(days=5)


def status(
    row: str, word: str, reason: str, at: Any = NOW, by: Any = None, decision: str = "d"
) -> dict[str, Any]:
    return {
        "row_id": row,
        "status": word,
        "reason": reason,
        "recorded_at": at,
        "erase_by": by,
        "decision_id": decision,
    }


def tables(*statuses: dict[str, Any], stored: str = "abc") -> Tables:
    return Tables(
        embeddings=[{"row_id": row, "source_id": "s", "purpose": "p"} for row in stored],
        row_status=list(statuses),
        decisions=[{"decision_id": "no", "effect": "deny", "rules": ["house/HOUSE-10"]},
                   {"decision_id": "yes", "effect": "allow", "rules": ["house/permit"]}],
    )  # fmt: skip


def test_the_most_urgent_come_first_with_when_and_why() -> None:
    found = waiting(
        tables(
            status("a", "closed", "key_closed", by=LATER, decision="yes"),
            status("b", "closed", "decision_ended", by=SOON, decision="no"),
            status("c", "closed", "decision_ended", by=NOW, decision="yes"),
        ),
        NOW,
    )
    assert [("c", [], True), ("b", ["house/HOUSE-10"], False), ("a", [], False)] == [
        (row["row_id"], row["rules"], row["late"]) for row in found
    ]
    assert {"row_id": "a", "source_id": "s", "purpose": "p", "since": NOW, "why": "key_closed", "rules": [],
            "erase_by": LATER, "late": False} == found[-1]  # fmt: skip


def test_only_the_newest_status_counts_and_of_equals_the_shut_one() -> None:
    said = (
        status("a", "closed", "decision_ended", by=SOON),
        status("a", "open", "allowed_again", NOW + timedelta(seconds=1)),
        status("b", "open", "published"),
        status("b", "closed", "key_closed", by=SOON),
        status("c", "closed", "key_closed", by=SOON),
        status("c", "held", "lawsuit", NOW + timedelta(seconds=1)),
    )
    assert ["b"] == [row["row_id"] for row in waiting(tables(*said), NOW)]


def test_what_is_gone_waits_no_longer() -> None:
    closed = status("a", "closed", "key_closed", by=SOON)
    assert ["a"] == [row["row_id"] for row in waiting(tables(closed), NOW)]
    assert [] == waiting(tables(closed, stored="bc"), NOW)
    assert [] == waiting(Tables(), NOW)
