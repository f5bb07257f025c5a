"""What a night works on: files whose newest work isn't this work already, with the lines that hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from habeas.pipeline.embed.embed import plan
from habeas.warehouse.spark_tables import Tables

pytestmark = pytest.mark.spark
NOW = datetime(2026, 11, 23, tzinfo=UTC)
BOTH = ["p", "q"]


def line(name: str, at: datetime) -> dict[str, Any]:
    return {"line_id": name, "asset_id": "a", "subject_id": f"u-{name}", "closed": False, "attested_by": "desk",
            "attested_at": at, "listed_at": at, "recorded_at": at}  # fmt: skip


def allow(tables: Tables, name: str, at: datetime = NOW) -> None:
    """The line and its file are allowed for both purposes, and there are keys."""
    same = {"asset_id": "a", "facts_digest": "f", "policy_digest": "x", "as_of": at, "recorded_at": at,
            "valid_until": NOW + timedelta(days=90), "effect": "allow", "rules": [], "missing": [], "obligations": [],
            "regulator_rules": [], "run_id": "r", "pack_digest": "pack"}  # fmt: skip
    rows = [
        same | {"decision_id": f"{name}{action}{purpose}", "action": action, "purpose": purpose}
        | ({"line_id": name, "key_id": f"k-{name}-{purpose}"} if action == "embed" else {})
        for action in ("embed", "scan") for purpose in BOTH
    ]  # fmt: skip
    tables.insert_missing("decisions", tables.frame("decisions", rows))
    keys = [{"key_id": f"k-{name}-{purpose}", "subject_id": f"u-{name}", "purpose": purpose, "generation": 1,
             "suite": 2, "public_key": b"k", "created_at": NOW, "signature": b"s"} for purpose in BOTH]  # fmt: skip
    tables.append("keys", tables.frame("keys", keys))


def planned(tables: Tables, purposes: list[str], identity: str = "loose") -> list[dict[str, Any]]:
    frame = plan(tables, purposes, identity, now=NOW + timedelta(days=10), model_id="m", pack="pack")
    return [row.asDict(recursive=True) for row in frame.collect()]


def work(tables: Tables, rows: list[dict[str, Any]], at: datetime) -> None:
    done = [{name: row[name] for name in ("asset_id", "work_digest", "model_id", "made_for")}
            | {"state": "done", "run_id": "r", "recorded_at": at} for row in rows]  # fmt: skip
    assert done
    tables.upsert("work", tables.frame("work", done))


@pytest.fixture
def stored(tables: Tables) -> Tables:
    asset = {"asset_id": "a", "source_id": "s", "location": "a.jpg", "folders": [], "media": "photo", "format": "jpeg",
             "bytes": 1, "modified_ns": 1, "present": True, "catalogued_at": NOW, "run_id": "r"}  # fmt: skip
    tables.append("assets", tables.frame("assets", [asset]))
    tables.append("rosters", tables.frame("rosters", [line("wrong", NOW)]))
    allow(tables, "wrong")
    return tables


def test_work_for_one_purpose_neither_repeats_nor_hides_work_for_another(stored: Tables) -> None:
    work(stored, planned(stored, BOTH), NOW)
    for purposes in (BOTH, ["p"], ["q"]):
        assert [] == planned(stored, purposes)
    work(stored, planned(stored, ["q"], "strict"), NOW + timedelta(days=1))
    assert [] == planned(stored, ["p"]), "nothing was done for this one since"
    assert ["a"] == [row["asset_id"] for row in planned(stored, BOTH)]


def test_settings_that_are_changed_back_are_worked_with_again(stored: Tables) -> None:
    """The old work is done, and what it made is shut: found done, it would make nothing for ever."""
    work(stored, planned(stored, BOTH), NOW)
    work(stored, planned(stored, BOTH, "strict"), NOW + timedelta(days=1))
    again = planned(stored, BOTH)
    assert ["a"] == [row["asset_id"] for row in again]
    work(stored, again, NOW + timedelta(days=2))
    assert [] == planned(stored, BOTH)
    assert 2 == stored.read("work").count()


def test_a_corrected_list_is_planned_with_the_right_person_alone(stored: Tables) -> None:
    work(stored, planned(stored, BOTH), NOW)
    later = NOW + timedelta(days=1)
    stored.append("rosters", stored.frame("rosters", [line("right", later)]))
    assert [] == planned(stored, BOTH), "nobody on the list that holds is allowed"
    allow(stored, "right", later)
    (row,) = planned(stored, BOTH)
    assert ["right"] == [each["line_id"] for each in row["lines"]]
