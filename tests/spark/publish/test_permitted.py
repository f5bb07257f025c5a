"""A permission is looked at again when it is used: what ended or was left out since is neither decoded nor stored."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from decision_rows import NOW, decision
from ordinary import a_leave_out, a_line, a_statement
from spark_world import roster_row, write

from habeas.model.people import Scope
from habeas.pipeline.embed.embed import plan
from habeas.pipeline.publish.publish import publish
from habeas.records.table_rows import leave_out_row, statement_row
from habeas.warehouse.spark_tables import Tables

pytestmark = [pytest.mark.spark, pytest.mark.timeout(1200)]
PACK, SEARCH = "9" * 64, "archive_search"
SOON, LATER, ENDS = NOW + timedelta(minutes=1), NOW + timedelta(hours=1), NOW + timedelta(days=30)
HELD = {"asset-1": {"ann"}, "asset-2": {"ben"}}
KEYS = frozenset({"key-ann", "key-ben"})


@pytest.fixture
def world(tables: Tables) -> Tables:
    """Two photos of two sources, a person each, and both gates open until `ENDS`."""
    for number, (who, source) in enumerate((("ann", "studio"), ("ben", "lobby")), 1):
        asset, line = f"asset-{number}", f"line-{who}"
        write(tables, "assets", [{
            "asset_id": asset, "source_id": source, "location": f"{who}.jpg", "folders": [f"folder-{who}"],
            "media": "photo", "format": "jpeg", "bytes": 1, "modified_ns": 1, "captured_at": NOW - timedelta(days=9),
            "present": True, "catalogued_at": NOW - timedelta(days=8), "run_id": "r0",
        }])  # fmt: skip
        write(tables, "rosters", [roster_row(a_line(line_id=line, asset_id=asset, subject_id=who))])
        write(tables, "keys", [{
            "key_id": f"key-{who}", "subject_id": who, "purpose": SEARCH, "generation": 1, "suite": 2,
            "public_key": b"k", "created_at": NOW - timedelta(days=7), "signature": b"s",
        }])  # fmt: skip
        same = {"asset_id": asset, "purpose": SEARCH, "valid_until": ENDS, "pack_digest": PACK}
        write(tables, "decisions", [
            decision(number, action="scan", line_id=None, **same),
            decision(number + 10, line_id=line, key_id=f"key-{who}", **same),
        ])  # fmt: skip
    return tables


def planned(tables: Tables, now: datetime = LATER) -> dict[str, set[str]]:
    """Asset -> people whose faces would be embedded."""
    rows = plan(tables, [SEARCH], "x", now=now, model_id="m", pack=PACK).collect()
    return {r["asset_id"]: {li["subject_id"] for li in r["lines"] if li["grants"]} for r in rows}


def leave_out(tables: Tables, **changes: Any) -> None:
    record = a_leave_out(
        since=SOON, recorded_at=SOON, leave_out_id="since", **({"subject_id": None} | changes)
    )
    write(tables, "leave_outs", [leave_out_row(record)])


def say_no(tables: Tables, who: str, word: str = "withdrawn", recorded_at: datetime = SOON) -> None:
    no = a_statement(word, SEARCH, recorded_at, subject_id=who, recorded_at=recorded_at)
    write(tables, "consents", [statement_row(no)])


def stage(tables: Tables) -> None:
    """What the embed step left for Ann."""
    row = {
        "kind": "embedding", "run_id": "r1", "asset_id": "asset-1", "source_id": "studio", "work_digest": "w",
        "purpose": SEARCH, "row_id": "1" * 64, "line_id": "line-ann", "subject_id": "ann", "key_id": "key-ann",
        "suite": 2, "format_version": 1, "model_id": "m", "preprocessing": "x", "transform": "none",
        "decision_id": "d00011", "expires_at": ENDS, "frame_ms": 0, "rank": 0, "q_size_px": 90.0, "q_sharpness": 50.0,
        "q_exposure": 0.5, "q_frontality": 0.9, "q_norm_ok": True, "sealed": b"\x01" * 3500,
    }  # fmt: skip
    done = {"kind": "done", "run_id": "r1", "asset_id": "asset-1", "source_id": "studio", "work_digest": "w",
            "count": 1, "model_id": "m", "made_for": [f"{SEARCH}=w"]}  # fmt: skip
    tables.replace_run("staged", tables.frame("staged", [row, done]), "r1")


def stored(tables: Tables, now: datetime = LATER) -> tuple[int, int]:
    """Rows of `embeddings` and of `work` after publishing."""
    publish(tables, "r1", NOW, now, lambda: KEYS)
    return len(tables.rows("embeddings")), len(tables.rows("work"))


def test_a_permission_is_used_until_it_ends_and_no_longer(world: Tables) -> None:
    """Nor before the time it was made as of."""
    assert HELD == planned(world) == planned(world, ENDS - timedelta(microseconds=1))
    assert {} == planned(world, ENDS)
    assert {} == planned(world, NOW - timedelta(days=1)), "decided as of a time to come"


def test_footage_left_out_since_is_not_planned(world: Tables) -> None:
    """A whole source; and yesterday's task is cleared."""
    leave_out(world, scope=Scope(sources=("studio",)))
    assert {"asset-2": {"ben"}} == planned(world)


@pytest.mark.parametrize("changes", [
    {"until": LATER, "scope": Scope(sources=("studio",))}, {"scope": Scope(sites=("elsewhere",))},
    {"purposes": ("model_training",), "scope": Scope(sources=("studio",))},
])  # fmt: skip
def test_a_leave_out_that_ended_or_is_about_something_else_keeps_nothing_back(
    world: Tables, changes: dict[str, Any]
) -> None:
    leave_out(world, **changes)
    assert HELD == planned(world)


@pytest.mark.parametrize("word", ["withdrawn", "refused"])
def test_whoever_said_no_since_is_not_planned(world: Tables, word: str) -> None:
    say_no(world, "ben", word)
    say_no(world, "ann", word, recorded_at=NOW - timedelta(days=30))
    assert {"asset-1": {"ann"}} == planned(world), "what the decision heard is in the decision"


@pytest.mark.parametrize("purposes", [(), (SEARCH,)])
def test_a_person_left_out_since_is_not_planned(world: Tables, purposes: tuple[str, ...]) -> None:
    leave_out(world, subject_id="ann", purposes=purposes)
    assert {"asset-2": {"ben"}} == planned(world)


def test_what_is_still_permitted_is_stored(world: Tables) -> None:
    stage(world)
    assert (1, 1) == stored(world)


def test_what_ended_between_plan_and_insert_is_not_stored_and_stays_undone(world: Tables) -> None:
    stage(world)
    assert (0, 0) == stored(world, ENDS)


def test_footage_left_out_between_plan_and_insert_is_not_stored(world: Tables) -> None:
    stage(world)
    leave_out(world, scope=Scope(assets=("asset-1",)))
    assert (0, 0) == stored(world)


def test_a_no_recorded_between_plan_and_insert_is_not_outrun(world: Tables) -> None:
    stage(world)
    say_no(world, "ann")
    assert (0, 0) == stored(world)


def test_a_leave_out_by_a_clock_that_is_ahead_is_heard(world: Tables) -> None:
    """It stands in the table already, whatever this machine's clock says."""
    leave_out(world, scope=Scope(sources=("studio",)))
    assert {"asset-2": {"ben"}} == planned(world, SOON - timedelta(seconds=30))


def test_a_roster_line_that_is_moved_to_another_file_takes_no_permission_along(world: Tables) -> None:
    """Whoever can write the tables would have a file scanned that its source forbids to scan."""
    moved = world.read("rosters").replace({"asset-1": "asset-2"}, subset=["asset_id"])
    world.upsert("rosters", moved)
    assert {"asset-2": {"ben"}} == planned(world)


def test_what_other_rules_allowed_is_neither_planned_nor_stored(world: Tables) -> None:
    """Stricter rules were activated since, and a task of that run was cleared."""
    in_force = {row["policy_digest"] for row in world.rows("decisions")}.pop()
    same = {"now": LATER, "model_id": "m", "pack": PACK}
    assert 2 == len(plan(world, [SEARCH], "x", policy=in_force, **same).collect())
    assert [] == plan(world, [SEARCH], "x", policy="f" * 64, **same).collect()
    stage(world)
    publish(world, "r1", NOW, LATER, lambda: KEYS, policy="f" * 64)
    assert [] == world.rows("embeddings")
