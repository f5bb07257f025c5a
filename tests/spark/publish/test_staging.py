"""What a worker makes reaches the table whole, however many rows are handed over together."""

from __future__ import annotations

import pyarrow as pa
import pytest
from pyspark.sql.types import StructType

from habeas.faces.plan import AssetPlan, Kind, StagedRow
from habeas.model.errors import IntegrityError
from habeas.pipeline.embed import embed
from habeas.pipeline.embed.embed import Worker
from habeas.warehouse.spark_tables import Tables


@pytest.fixture
def fields(tables: Tables) -> StructType:
    return tables.schema("staged")


def plans(assets: range) -> pa.RecordBatch:
    same = {"source_id": "s", "location": "f", "media": "photo", "work_digest": "w", "lines": [], "model_id": "m",
            "made_for": ["p=d"]}  # fmt: skip
    return pa.RecordBatch.from_pylist([{"asset_id": f"a{n}"} | same for n in assets])


def staged(worker: Worker, fields: StructType, *batches: pa.RecordBatch) -> list[pa.RecordBatch]:
    return list(embed._in_worker(lambda: worker, fields, "r1")(iter(batches)))


@pytest.mark.parametrize("rows_an_asset", [1, 3, 300])
def test_every_row_of_every_asset_is_handed_over_once(fields: StructType, rows_an_asset: int) -> None:
    def worker(plan: AssetPlan) -> list[StagedRow]:
        return [
            StagedRow(Kind.REFUSAL, plan.asset_id, plan.source_id, plan.work_digest, count=n)
            for n in range(rows_an_asset)
        ]

    made = staged(worker, fields, plans(range(400)), plans(range(400, 600)))
    rows = [(row["asset_id"], row["count"]) for batch in made for row in batch.to_pylist()]
    assert rows == [(f"a{n}", count) for n in range(600) for count in range(rows_an_asset)]
    assert max(batch.num_rows for batch in made) < 256 + rows_an_asset
    assert all(batch.schema == made[0].schema for batch in made)


def test_without_assets_no_worker_is_made(fields: StructType) -> None:
    def never() -> Worker:
        raise AssertionError("models were loaded for nothing")

    assert not list(embed._in_worker(never, fields, "r1")(iter([plans(range(0))])))


def test_what_can_not_be_trusted_ends_the_task_whatever_was_made_before(fields: StructType) -> None:
    def worker(plan: AssetPlan) -> list[StagedRow]:
        if plan.asset_id == "a3":
            raise IntegrityError("a key record isn't signed")
        return [StagedRow(Kind.DONE, plan.asset_id, plan.source_id, plan.work_digest)]

    with pytest.raises(IntegrityError):
        staged(worker, fields, plans(range(9)))


def test_one_assets_surprise_is_one_quarantine_row(fields: StructType) -> None:
    def worker(plan: AssetPlan) -> list[StagedRow]:
        if plan.asset_id == "a3":
            raise ValueError("text that may hold values")
        return [StagedRow(Kind.DONE, plan.asset_id, plan.source_id, plan.work_digest)]

    rows = [row for batch in staged(worker, fields, plans(range(9))) for row in batch.to_pylist()]
    assert [row["asset_id"] for row in rows if row["kind"] == "quarantine"] == ["a3"]
    assert len(rows) == 9
    assert "text that" not in str(rows)
