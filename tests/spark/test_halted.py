"""A halt in the tables: nothing is written while it stands, and what it leaves behind is done when it is over."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import SparkSession

from habeas.model.errors import Halted, IntegrityError
from habeas.model.installation.settings import Settings
from habeas.model.orders import NOTHING_HALTED, Halt, HaltScope, Stopped
from habeas.pipeline.embed import embed
from habeas.pipeline.publish.publish import publish
from habeas.pipeline.runtime.halt_watcher import stopping
from habeas.warehouse.spark_tables import Tables

pytestmark = pytest.mark.spark
NOW = datetime(2026, 11, 23, tzinfo=UTC)
HALT = Halt("a" * 64, HaltScope.ALL, "", "a complaint", None, "oversight-1", NOW)
STREET = Stopped(sources={"street": replace(HALT, scope=HaltScope.SOURCE, name="street")})
SEARCH = Stopped(purposes={"search": replace(HALT, scope=HaltScope.PURPOSE, name="search")})


def staged(asset: str, source: str, *purposes: str) -> list[dict[str, Any]]:
    """What a run staged of one asset: a row for each purpose, a refused bystander, and that it is done."""
    base = {"run_id": "r1", "asset_id": asset, "source_id": source, "work_digest": f"w{asset}"}
    rows = [
        base | {
            "kind": "embedding", "purpose": purpose, "row_id": f"{asset}{number}" * 32, "line_id": asset,
            "subject_id": "u", "key_id": "k", "suite": 2, "format_version": 1, "model_id": "m", "preprocessing": "x",
            "transform": "none", "decision_id": "d", "expires_at": NOW + timedelta(days=9), "frame_ms": 0, "rank": 0,
            "q_size_px": 90.0,
            "q_sharpness": 50.0, "q_exposure": 0.5, "q_frontality": 0.9, "q_norm_ok": True, "sealed": b"\x01" * 3500,
        }
        for number, purpose in enumerate(purposes)
    ]  # fmt: skip
    return [
        *rows,
        base | {"kind": "refusal", "reason": "unbound", "count": 1},
        base | {"kind": "done", "count": 1},
    ]


@pytest.fixture
def three(tables: Tables) -> Tables:
    """a: studio, both purposes; b: street, search; c: studio, archive alone. Every line is allowed."""
    tables.insert_missing(
        "decisions",
        tables.frame(
            "decisions",
            [
                {
                    "decision_id": f"d{line}{purpose}", "action": "embed", "asset_id": line, "line_id": line,
                    "purpose": purpose, "facts_digest": "f", "policy_digest": "x", "as_of": NOW,
                    "valid_until": NOW + timedelta(days=9), "effect": "allow", "rules": [], "missing": [],
                    "obligations": [], "regulator_rules": [], "key_id": "k", "run_id": "r1",
                }
                for line in "abc"
                for purpose in ("search", "archive")
            ],
        ),
    )  # fmt: skip
    return tables


def stage(tables: Tables) -> None:
    rows = [*staged("a", "studio", "search", "archive"), *staged("b", "street", "search")]
    rows += staged("c", "studio", "archive")
    tables.replace_run("staged", tables.frame("staged", rows), "r1")


def publish_with(tables: Tables, halted: Stopped) -> dict[str, set[str]]:
    publish(tables, "r1", NOW, NOW, lambda: frozenset({"k"}), lambda: halted)
    assert tables.read("staged").count() == 0
    found = {
        name: {r["asset_id"] for r in tables.read(name).collect()}
        for name in ("embeddings", "refusals", "work")
    }
    opened = {r["row_id"][0] for r in tables.read("row_status").where("status = 'open'").collect()}
    assert found["embeddings"] == opened
    return found


@pytest.mark.parametrize(
    ("halted", "left"),
    [
        pytest.param(STREET, "b", id="source", marks=pytest.mark.battery),
        pytest.param(SEARCH, "ab", id="purpose"),
    ],
)
def test_publishing_leaves_halted_assets_whole_for_a_later_night(
    three: Tables, halted: Stopped, left: str
) -> None:
    stage(three)
    done = set("abc") - set(left)
    assert publish_with(three, halted) == {"embeddings": done, "refusals": done, "work": done}
    stage(three)
    assert publish_with(three, NOTHING_HALTED) == {
        table: set("abc") for table in ("embeddings", "refusals", "work")
    }
    assert three.read("embeddings").count() == 4
    assert three.read("work").count() == 3


def test_publishing_while_all_of_it_is_halted_keeps_nothing_staged(three: Tables) -> None:
    stage(three)
    both = Stopped(sources={"studio": HALT, "street": HALT})
    assert publish_with(three, both) == {"embeddings": set(), "refusals": set(), "work": set()}


def test_a_halt_closes_no_row_that_was_published_before_it(three: Tables) -> None:
    stage(three)
    publish_with(three, NOTHING_HALTED)
    before = three.read("row_status").count()
    publish(three, "r2", NOW, NOW + timedelta(hours=1), lambda: frozenset({"k"}), lambda: SEARCH)
    assert three.read("row_status").count() == before


def test_no_table_is_written_while_everything_is_halted(
    spark: SparkSession, settings: Settings, tables: Tables
) -> None:
    halted: list[Exception] = []

    def guard() -> None:
        if halted:
            raise halted[0]

    guarded = Tables(spark, settings, "test", guard=guard)
    row = {"asset_id": "a", "work_digest": "w", "state": "done", "run_id": "r", "recorded_at": NOW}
    guarded.append("work", guarded.frame("work", [row]))
    for halted[:] in ([Halted("stop")], [IntegrityError("an order isn't valid")]):
        for write in (
            lambda: guarded.append("work", guarded.frame("work", [row | {"asset_id": "b"}])),
            lambda: guarded.insert_missing("work", guarded.frame("work", [row | {"asset_id": "b"}])),
            lambda: guarded.upsert("work", guarded.frame("work", [row | {"state": "x"}])),
            lambda: guarded.delete_matching("work", guarded.read("work"), ["asset_id"]),
            lambda: guarded.clear_run("work", "r"),
            lambda: guarded.append("refusals", guarded.frame("refusals", [])),
        ):
            with pytest.raises(type(halted[0])):
                write()
    assert [("a", "done")] == [(r["asset_id"], r["state"]) for r in tables.read("work").collect()]
    assert not tables.exists("refusals")


class Watch:
    """Halted from `at` on."""

    def __init__(self, at: float) -> None:
        self.at = at

    def require(self) -> None:
        if time.monotonic() >= self.at:
            raise Halted("halted by oversight-1")


def test_a_halt_stops_a_long_step_of_spark_within_seconds(spark: SparkSession, tables: Tables) -> None:
    """One task that would take a minute, in the middle of a write: cancelled, and nothing is in the table."""

    def slow(batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            time.sleep(60)
            yield batch

    row = {"asset_id": "a", "work_digest": "w", "state": "done", "run_id": "r", "recorded_at": NOW}
    rows = tables.frame("work", [row])
    began = time.monotonic()
    with pytest.raises(Exception, match="cancel"), stopping(spark, Watch(began + 2), every_s=0.2) as stopped:  # type: ignore[arg-type]
        tables.append("work", rows.mapInArrow(slow, tables.schema("work")))
    assert isinstance(stopped.why, Halted)
    assert time.monotonic() - began < 20
    assert tables.read("work").count() == 0
    tables.append("work", rows)
    assert tables.read("work").count() == 1


def test_without_a_halt_nobody_is_stopped(spark: SparkSession) -> None:
    with stopping(spark, Watch(float("inf")), every_s=0.05) as stopped:  # type: ignore[arg-type]
        assert spark.range(1000).count() == 1000
    assert stopped.why is None


def test_the_plan_leaves_out_what_a_halt_touches_and_nothing_else(spark: SparkSession) -> None:
    line = "line_id:string, grants:array<struct<purpose:string>>"
    frame = spark.createDataFrame(
        [
            ("both", "studio", [("l1", [("search",), ("archive",)]), ("l2", None)]),
            ("street", "street", [("l3", [("search",)])]),
            ("archive", "studio", [("l4", None), ("l5", [("archive",)])]),
        ],
        f"asset_id string, source_id string, lines array<struct<{line}>>",
    )

    def planned(halted: Stopped) -> set[str]:
        return {r["asset_id"] for r in frame.where(~embed._touched(halted)).collect()}

    assert planned(NOTHING_HALTED) == {"both", "street", "archive"}
    assert planned(STREET) == {"both", "archive"}
    assert planned(SEARCH) == {"archive"}
    assert planned(Stopped(STREET.everything, STREET.sources, SEARCH.purposes)) == {"archive"}
