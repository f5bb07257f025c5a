"""A permission is looked at again when it is used: what ended or was left out since is neither decoded nor stored."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from deriving import NOW, a_full_statement
from ordinary import a_leave_out, day
from pyspark.sql import SparkSession
from spark_world import OPEN, PURPOSES, copied, question, write

from habeas.model.people import Scope
from habeas.settings import Settings
from habeas.spark.decide import decide
from habeas.spark.decisions import current
from habeas.spark.embed import plan
from habeas.spark.publish import publish
from habeas.spark.tables import Tables
from habeas.steps.ledger_rows import leave_out_row, statement_row

pytestmark = pytest.mark.spark
PACK = "9" * 64
SOON, LATER = NOW + timedelta(minutes=1), NOW + timedelta(hours=1)


@pytest.fixture(scope="module")
def decided(spark: SparkSession, written: Path, packs: Any, tmp_path_factory: Any) -> Path:
    home = copied(written, tmp_path_factory.mktemp("decided"))
    decide(Tables(spark, Settings(home=home), "r1"), packs, question(pack=PACK), OPEN)
    return home


@pytest.fixture
def world(spark: SparkSession, decided: Path, tmp_path: Path) -> Tables:
    return Tables(spark, Settings(home=copied(decided, tmp_path)), "r1")


def planned(tables: Tables, now: datetime) -> dict[str, set[str]]:
    """Asset -> people whose faces would be embedded."""
    rows = plan(tables, list(PURPOSES), "x", now=now, model_id="m", pack=PACK).collect()
    return {r["asset_id"]: {li["subject_id"] for li in r["lines"] if li["grants"]} for r in rows}


def leave_out(tables: Tables, recorded_at: datetime = SOON, **changes: Any) -> None:
    record = a_leave_out(since=recorded_at, subject_id=None, leave_out_id="since", **changes)
    write(tables, "leave_outs", [leave_out_row(record)])


def stage(tables: Tables) -> tuple[dict[str, Any], frozenset[str]]:
    """A template that some line may get, staged as the embed step stages it."""
    rows = plan(tables, list(PURPOSES), "x", now=SOON, model_id="m", pack=PACK).collect()
    asset, line = next((r["asset_id"], li) for r in rows for li in r["lines"] if li["grants"])
    grant = line["grants"][0]
    row = {
        "kind": "embedding", "run_id": "r1", "asset_id": asset, "source_id": "studio", "work_digest": "w",
        "purpose": grant["purpose"], "row_id": "1" * 64, "line_id": line["line_id"], "subject_id": line["subject_id"],
        "key_id": grant["key_id"], "suite": 2, "format_version": 1, "model_id": "m", "preprocessing": "x",
        "transform": "none", "decision_id": grant["decision_id"], "expires_at": grant["expires_at"], "frame_ms": 0,
        "rank": 0, "q_size_px": 90.0, "q_sharpness": 50.0, "q_exposure": 0.5, "q_frontality": 0.9, "q_norm_ok": True,
        "sealed": b"\x01" * 3500,
    }  # fmt: skip
    done = {
        "kind": "done",
        "run_id": "r1",
        "asset_id": asset,
        "source_id": "studio",
        "work_digest": "w",
        "count": 1,
    }
    tables.replace_run("staged", tables.frame("staged", [row, done]), "r1")
    return row, frozenset({grant["key_id"]})


def test_what_is_permitted_now_is_planned(world: Tables) -> None:
    found = planned(world, SOON)
    assert found and all(found.values())


def test_a_permission_that_ended_since_is_not_planned(world: Tables) -> None:
    """Every consent of this archive ends on 1 October."""
    ends = day("2026-10-01")
    assert planned(world, ends - timedelta(microseconds=1))
    assert {} == planned(world, ends)


def test_a_decision_dated_ahead_is_not_planned(world: Tables) -> None:
    assert {} == planned(world, NOW - timedelta(days=1))


def test_footage_left_out_since_is_not_planned(world: Tables) -> None:
    """A whole source, and by night the task of yesterday's run is cleared."""
    before = planned(world, LATER)
    leave_out(world, scope=Scope(sources=("studio",)))
    sources = {r["asset_id"]: r["source_id"] for r in world.rows("assets")}
    after = planned(world, LATER)
    assert {asset for asset in before if sources[asset] != "studio"} == set(after)
    assert set(after) != set(before)


def test_a_leave_out_that_ended_or_is_about_other_footage_keeps_nothing_back(world: Tables) -> None:
    before = planned(world, LATER)
    leave_out(world, until=LATER, scope=Scope(sources=("studio",)))
    assert before == planned(world, LATER)
    leave_out(world, scope=Scope(sites=("elsewhere",)))
    assert before == planned(world, LATER)


@pytest.mark.parametrize("word", ["withdrawn", "refused"])
def test_whoever_said_no_since_is_not_planned(world: Tables, word: str) -> None:
    before = planned(world, LATER)
    who = next(person for people in before.values() for person in sorted(people))
    for purpose in PURPOSES:
        no = a_full_statement(word, purpose, SOON, None, subject_id=who, consent_id=f"no-{purpose}")
        write(world, "consents", [statement_row(no)])
    after = planned(world, LATER)
    assert who not in set().union(*after.values()) and set().union(*before.values()) - {who} == set().union(
        *after.values()
    )


def test_a_person_left_out_since_is_not_planned(world: Tables) -> None:
    who = next(person for people in planned(world, LATER).values() for person in sorted(people))
    record = a_leave_out(since=SOON, subject_id=who, leave_out_id="since")
    write(world, "leave_outs", [leave_out_row(record)])
    assert who not in set().union(*planned(world, LATER).values())


def test_what_is_still_permitted_is_stored(world: Tables) -> None:
    row, keys = stage(world)
    publish(world, "r1", NOW, LATER, lambda: keys)
    assert [row["row_id"]] == [r["row_id"] for r in world.rows("embeddings")]
    assert 1 == world.read("work").count()


def test_what_ended_between_plan_and_insert_is_not_stored_and_stays_undone(world: Tables) -> None:
    _, keys = stage(world)
    publish(world, "r1", NOW, day("2026-10-01"), lambda: keys)
    assert [] == world.rows("embeddings") == world.rows("work")


def test_footage_left_out_between_plan_and_insert_is_not_stored(world: Tables) -> None:
    row, keys = stage(world)
    leave_out(world, scope=Scope(assets=(row["asset_id"],)))
    publish(world, "r1", NOW, LATER, lambda: keys)
    assert [] == world.rows("embeddings") == world.rows("work")


def test_a_no_recorded_between_plan_and_insert_is_not_outrun(world: Tables) -> None:
    row, keys = stage(world)
    no = a_full_statement(
        "withdrawn", row["purpose"], SOON, None, subject_id=row["subject_id"], consent_id="no"
    )
    write(world, "consents", [statement_row(no)])
    publish(world, "r1", NOW, LATER, lambda: keys)
    assert [] == world.rows("embeddings") == world.rows("work")


def test_an_old_run_that_is_cleared_opens_nothing_that_a_later_one_closed(world: Tables, packs: Any) -> None:
    """It hears what it could hear then; the later one heard that a source was left out."""
    leave_out(world, scope=Scope(sources=("studio",)))
    later = {"as_of": LATER, "known_at": LATER, "run_id": "r2", "pack": PACK}
    decide(world, packs, question(**later), OPEN)
    held = {r["decision_id"] for r in current(world.read("decisions")).collect()}
    old = {
        "as_of": NOW + timedelta(seconds=1),
        "known_at": NOW + timedelta(seconds=1),
        "run_id": "r1b",
        "pack": PACK,
    }
    decide(world, packs, question(**old), OPEN, now=LATER + timedelta(hours=1))
    now = {r["decision_id"]: r for r in current(world.read("decisions")).collect()}
    assert not [r for name, r in now.items() if name not in held and r["effect"] == "allow"]


def test_a_decision_dated_ahead_is_made_anew_and_outranks_nothing(world: Tables, packs: Any) -> None:
    """As of next June, by a version that took that: then a source is left out."""
    june = NOW + timedelta(days=365)
    ahead = [
        r.asDict() | {"decision_id": f"ahead-{number}", "as_of": june, "recorded_at": None, "known_at": None,
                      "valid_until": None, "effect": "allow"}
        for number, r in enumerate(current(world.read("decisions")).collect())
    ]  # fmt: skip
    world.append("decisions", world.frame("decisions", ahead))
    leave_out(world, scope=Scope(sources=("studio",)))
    decide(world, packs, question(as_of=LATER, known_at=LATER, run_id="r2", pack=PACK), OPEN)
    held = current(world.read("decisions")).collect()
    assert not [r for r in held if r["decision_id"].startswith("ahead-")]
    sources = {r["asset_id"]: r["source_id"] for r in world.rows("assets")}
    assert {"deny"} <= {r["effect"] for r in held if sources[r["asset_id"]] == "studio"} <= {"deny", "gap"}


def test_a_table_of_an_older_version_gains_its_columns_and_loses_no_row(
    spark: SparkSession, tmp_path: Path, packs: Any, decided: Path
) -> None:
    home = copied(decided, tmp_path)
    tables = Tables(spark, Settings(home=home), "r2")
    old = tables.read("decisions").drop("recorded_at", "known_at", "pack_digest", "mac").toArrow()
    shutil.rmtree(tables.warehouse / "decisions")
    spark.createDataFrame(old).write.format("delta").save(tables.path("decisions"))
    assert old.num_rows == tables.read("decisions").where("recorded_at IS NULL").count()
    decide(tables, packs, question(as_of=LATER, known_at=LATER, run_id="r2", policy="q", pack=PACK), OPEN)
    assert old.num_rows == tables.read("decisions").where("recorded_at IS NULL").count()
    held = current(tables.read("decisions")).collect()
    assert held and {"r2"} == {r["run_id"] for r in held}
