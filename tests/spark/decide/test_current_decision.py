"""The rule for which decision holds stands twice, in Python and as a Spark expression: both say the same."""

from __future__ import annotations

import pytest
from decision_rows import NOW, drawn, drawn_statuses
from pyspark.sql import functions as F

from habeas.pipeline.current.current_decisions import current, newest_status, permits
from habeas.warehouse.current.current_decision import current_decisions
from habeas.warehouse.current.current_decision import permits as plainly_permits
from habeas.warehouse.current.row_status import newest_statuses
from habeas.warehouse.spark_tables import Tables

pytestmark = pytest.mark.spark


def test_spark_and_the_core_agree_on_which_decision_holds(tables: Tables) -> None:
    rows = []
    for seed in range(60):  # a run id names the world, and the thing: all of them at once
        rows += [row | {"asset_id": f"{row['asset_id']}-{seed}", "decision_id": f"{seed}-{row['decision_id']}"}
                 for row in drawn(seed, 25)]  # fmt: skip
    frame = tables.frame("decisions", rows)
    found = current(frame).withColumn("permitted", F.coalesce(permits(NOW), F.lit(False))).collect()
    expected = {
        (*thing, row["decision_id"], plainly_permits(row, NOW))
        for thing, row in current_decisions(rows).items()
    }
    told = {
        (r["action"], r["asset_id"], r["line_id"], r["purpose"], r["decision_id"], r["permitted"])
        for r in found
    }
    assert expected == told
    assert {True, False} == {permitted for *_, permitted in expected}


def test_spark_and_the_core_agree_on_which_status_holds(tables: Tables) -> None:
    rows = []
    for seed in range(40):
        rows += [row | {"row_id": f"{row['row_id']}-{seed}"} for row in drawn_statuses(seed, 25)]
    found = newest_status(tables.frame("row_status", rows)).collect()
    assert len(found) == len({row["row_id"] for row in rows})
    expected = {row_id: (row["status"], row["run_id"]) for row_id, row in newest_statuses(rows).items()}
    assert expected == {r["row_id"]: (r["status"], r["run_id"]) for r in found}
