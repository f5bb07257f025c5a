"""What the contract asks of a row, asked by Spark itself."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pyspark.sql import functions as F

from habeas.model.installation.resources import PROJECT
from habeas.pipeline.publish import check
from habeas.warehouse.contracts import read_contracts
from habeas.warehouse.quality.great_expectations import judge
from habeas.warehouse.quality.rules import expectations, reason_sql, row_is_bad
from habeas.warehouse.spark_tables import Tables

pytestmark = pytest.mark.spark

EMBEDDINGS = read_contracts(PROJECT / "schemas")["embeddings"]
GOOD: dict[str, Any] = {
    **{column.name: "word" for column in EMBEDDINGS.columns if column.type == "string"},
    "kind": "embedding", "run_id": "test", "row_id": "0" * 64, "suite": 2, "format_version": 1,
    "frame_ms": 0, "rank": 0,
    "q_size_px": 80.0, "q_sharpness": 12.5, "q_exposure": 0.5, "q_frontality": 0.9, "q_norm_ok": True,
    "sealed": b"\0" * 1184,
}  # fmt: skip
BAD: list[tuple[dict[str, Any], str]] = [
    ({"row_id": "A" * 64}, "row_id_malformed"),
    ({"decision_id": None}, "decision_id_missing"),
    ({"q_sharpness": math.nan}, "q_sharpness_not_a_number"),
    ({"q_exposure": math.nan}, "q_exposure_not_a_number"),
    ({"q_frontality": 1.5}, "q_frontality_out_of_range"),
    ({"q_norm_ok": False}, "q_norm_ok_invalid"),
    ({"suite": 9}, "suite_invalid"),
    ({"sealed": b"short"}, "breaks_constraint_2"),
]


def test_spark_sets_aside_what_breaks_the_contract_and_nothing_else(tables: Tables) -> None:
    # The work digest carries the row's number: rows come back in any order.
    rows = [GOOD | changed | {"work_digest": str(n)} for n, (changed, _) in enumerate([({}, ""), *BAD])]
    judged = tables.frame("staged", rows).select(
        "work_digest",
        F.expr(row_is_bad(EMBEDDINGS)).alias("bad"),
        F.expr(reason_sql(EMBEDDINGS)).alias("reason"),
    )
    found = {int(r["work_digest"]): (r["bad"], r["reason"]) for r in judged.collect()}
    assert (False, "row_unusable") == found.pop(0)
    assert [(True, reason) for _, reason in BAD] == [found[n] for n in sorted(found)]


def test_a_run_with_duplicates_or_uneven_lengths_fails_its_suite(tables: Tables) -> None:
    rows = [GOOD, GOOD | {"sealed": b"\0" * 1185}]
    tables.append("staged", tables.frame("staged", rows))
    aggregates = check.aggregate(tables, "test")
    verdict = judge(aggregates, expectations(EMBEDDINGS))
    assert ("row_id_unique", "sealed_length_one_per_suite") == verdict.failed
