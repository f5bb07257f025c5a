"""The rules about lists and work, for whole tables: the same answers as the core's."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from works import Work, histories, tables_after

from habeas.pipeline.current.current_lines import current_lines
from habeas.pipeline.current.outdated import in_force, outdated_rows, replaced_files
from habeas.warehouse.current import current_lines as core_lines
from habeas.warehouse.current import outdated as core
from habeas.warehouse.spark_tables import Tables

pytestmark = pytest.mark.spark
DAY = datetime(2026, 11, 1, tzinfo=UTC)


def lists(seed: int) -> list[dict[str, Any]]:
    """Lines of many small files: lists of several times and imports, with placeholders, some without `listed_at`."""
    chance = random.Random(seed)
    rows = []
    for number in range(1200):
        listed = DAY + timedelta(days=chance.randrange(3))
        rows.append({
            "line_id": f"l{number}", "asset_id": f"a{chance.randrange(300)}", "attested_by": "desk",
            "subject_id": chance.choice(["u1", "u2", None]), "closed": chance.random() < 0.3, "attested_at": listed,
            "listed_at": chance.choice([listed, listed, None]),
            "recorded_at": DAY + timedelta(days=chance.randrange(4)),
        })  # fmt: skip
    return rows


def test_lists_hold_as_the_core_says(tables: Tables) -> None:
    rows = lists(7)
    tables.append("rosters", tables.frame("rosters", rows))
    found = {row["line_id"] for row in current_lines(tables.read("rosters")).collect()}
    assert {row["line_id"] for row in core_lines.current_lines(rows)} == found
    assert 0 < len(found) < len(rows)


def test_work_holds_as_the_core_says_after_every_short_history(tables: Tables) -> None:
    work: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for number, history in enumerate([*histories(1), *histories(2), *histories(3)[::29]]):
        done, made = tables_after(f"x{number}", history)
        work, rows = work + done, rows + made
    same = {
        "subject_id": "u", "source_id": "s", "key_id": "k", "suite": 2, "format_version": 1, "preprocessing": "x",
        "transform": "none", "decision_id": "d", "frame_ms": 0, "rank": 0, "q_size_px": 90.0, "q_sharpness": 50.0,
        "q_exposure": 0.5, "q_frontality": 0.9, "q_norm_ok": True, "sealed": b"\x01" * 99, "run_id": "r",
        "sealed_at": DAY,
    }  # fmt: skip
    tables.append("work", tables.frame("work", work))
    tables.append("embeddings", tables.frame("embeddings", [row | same for row in rows]))
    assert core.in_force(work) == {
        core.Made(**row.asDict()) for row in in_force(tables.read("work")).collect()
    }
    found = {row["row_id"]: row["outdated"] for row in outdated_rows(tables).collect()}
    assert core.outdated_rows(rows, [], [], work) == found
    assert 0 < len(found) < len(rows)


def test_files_are_replaced_as_the_core_says(tables: Tables) -> None:
    chance = random.Random(3)
    rows = [
        {"asset_id": f"a{number}", "source_id": chance.choice("st"), "location": f"{chance.randrange(60)}.jpg",
         "folders": [], "media": chance.choice(["photo", "clip", "unreadable"]), "format": "", "bytes": 1,
         "modified_ns": 1, "present": chance.random() < 0.3, "run_id": "r",
         "catalogued_at": DAY + timedelta(days=chance.randrange(3))}
        for number in range(300)
    ]  # fmt: skip
    tables.append("assets", tables.frame("assets", rows))
    found = {row["asset_id"] for row in replaced_files(tables.read("assets")).collect()}
    assert core.replaced_files(rows) == found
    assert 0 < len(found) < len(rows)


def test_tables_of_an_older_version_are_read_and_given_the_new_columns(tables: Tables) -> None:
    work, _ = tables_after("x", [Work(("a",), "m1", 1)])
    old = {"asset_id": "y", "work_digest": "w", "state": "done", "run_id": "r", "recorded_at": DAY}
    shape = [c for c in tables.schema("work").fieldNames() if c not in ("made_for", "model_id")]
    frame = tables.frame("work", [old]).select(*shape)
    frame.write.format("delta").save(tables.path("work"))
    assert [] == in_force(tables.read("work")).collect()
    tables.upsert("work", tables.frame("work", work))
    assert {"x"} == {row["asset_id"] for row in in_force(tables.read("work")).collect()}
    assert 2 == tables.read("work").count()


def test_before_anything_is_stored_nothing_is_outdated(tables: Tables) -> None:
    assert [] == outdated_rows(tables).collect()
