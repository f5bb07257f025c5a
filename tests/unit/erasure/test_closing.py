"""Closing a key shuts its rows at once, whatever decided about them last."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from ordinary import day

from habeas.erasure.close_rows import close_rows
from habeas.records.imports.intake import Closed

NOW = day("2026-11-23")
ROW = {"row_id": "r1", "line_id": "l1", "purpose": "p", "key_id": "k1", "decision_id": "d0"}
DECISION = {
    "decision_id": "d1", "action": "embed", "asset_id": "a1", "line_id": "l1", "purpose": "p", "effect": "allow",
    "as_of": NOW - timedelta(days=3), "recorded_at": NOW - timedelta(days=3), "obligations": ["destroy_days<=7"],
}  # fmt: skip
OPEN = {
    "row_id": "r1",
    "status": "open",
    "recorded_at": NOW - timedelta(days=2),
    "expires_at": None,
    "reason": "published",
    "run_id": "r0",
}


class Kept:
    """Tables in memory."""

    def __init__(self, **tables: list[dict[str, Any]]) -> None:
        self.tables = tables

    def exists(self, name: str) -> bool:
        return name in self.tables

    def rows(
        self,
        name: str,
        column: str = "",
        values: Collection[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> list[dict[str, Any]]:
        return [row for row in self.tables.get(name, []) if values is None or row[column] in values]

    def insert_rows(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        self.tables.setdefault(name, []).extend(map(dict, rows))

    def upsert_rows(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        raise AssertionError("nothing is updated")


def test_an_open_row_is_shut_and_named_with_the_decision_that_holds() -> None:
    later = DECISION | {
        "decision_id": "d2",
        "obligations": ["destroy_days<=10", "destroy_days<=3", "log_days>=1"],
    }
    later |= {"recorded_at": NOW - timedelta(days=1)}
    scan = later | {"decision_id": "d3", "action": "scan", "recorded_at": NOW}
    kept = Kept(embeddings=[ROW], row_status=[OPEN], decisions=[later, DECISION, scan])
    assert Closed(1, 1, NOW + timedelta(days=3)) == close_rows(kept, {"k1"}, "run", NOW)
    status = kept.tables["row_status"][-1]
    assert ("closed", "d2", "key_closed", NOW) == tuple(
        status[name] for name in ("status", "decision_id", "reason", "recorded_at")
    )
    assert Closed(1) == close_rows(kept, {"k1"}, "run", NOW), "what is shut is not shut again"


def test_a_row_without_a_status_or_a_decision_is_shut_as_well() -> None:
    kept = Kept(embeddings=[ROW])
    assert Closed(1, 1, NOW + timedelta(days=5)) == close_rows(kept, {"k1"}, "run", NOW)
    assert "d0" == kept.tables["row_status"][-1]["decision_id"]


@pytest.mark.parametrize("status", ["closed", "frozen", "held"])
def test_what_is_not_open_stays_as_it_is(status: str) -> None:
    kept = Kept(embeddings=[ROW], row_status=[OPEN | {"status": status}], decisions=[DECISION])
    assert Closed(1) == close_rows(kept, {"k1"}, "run", NOW)


def test_rows_of_other_keys_stay_open() -> None:
    kept = Kept(embeddings=[ROW | {"key_id": "k2"}], row_status=[OPEN])
    assert Closed(1) == close_rows(kept, {"k1"}, "run", NOW)
    assert Closed() == close_rows(kept, set(), "run", NOW)


def test_the_new_status_is_newer_than_the_old_one_whoever_has_the_slow_clock() -> None:
    kept = Kept(embeddings=[ROW], row_status=[OPEN | {"recorded_at": NOW + timedelta(hours=1)}])
    close_rows(kept, {"k1"}, "run", NOW)
    assert NOW + timedelta(hours=1, microseconds=1) == kept.tables["row_status"][-1]["recorded_at"]


def test_erasure_counts_from_the_end_of_the_permission_where_that_came_before() -> None:
    kept = Kept(embeddings=[ROW], row_status=[OPEN | {"expires_at": NOW - timedelta(days=1)}])
    assert NOW + timedelta(days=4) == close_rows(kept, {"k1"}, "run", NOW).erase_by
