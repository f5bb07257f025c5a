"""Decisions in the order they are recorded: an old run, a time to come and a table of an older version open nothing."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from deriving import NOW
from ordinary import a_leave_out
from pyspark.sql import SparkSession
from spark_world import OPEN, copied, question, write

from habeas.model.installation.settings import Settings
from habeas.model.people import Scope
from habeas.pipeline.current.current_decisions import current
from habeas.pipeline.decide.decide import decide
from habeas.records.table_rows import leave_out_row
from habeas.warehouse.spark_tables import Tables

pytestmark = [pytest.mark.spark, pytest.mark.timeout(1200)]
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


def leave_out_the_studio(tables: Tables) -> None:
    studio = Scope(sources=("studio",))
    record = a_leave_out(since=SOON, recorded_at=SOON, subject_id=None, leave_out_id="since", scope=studio)
    write(tables, "leave_outs", [leave_out_row(record)])


def test_an_old_run_that_is_cleared_opens_nothing_that_a_later_one_closed(world: Tables, packs: Any) -> None:
    """It hears what it could hear then; the later one heard that a source was left out."""
    leave_out_the_studio(world)
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
    leave_out_the_studio(world)
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
