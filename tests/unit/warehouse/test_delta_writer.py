"""Small writes without a JVM: Spark adds what a table of an older version lacks, and no row is refused for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable, write_deltalake
from small_warehouse import ANA, BEN, at, write

from habeas.model.installation.resources import PROJECT
from habeas.warehouse.contracts import contract_of
from habeas.warehouse.delta.delta_writer import DeltaWriter


class Spark:
    """Notes which tables it was asked to write."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def insert_rows(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        self.asked.append(name)

    def upsert_rows(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        self.asked.append(name)


def without(warehouse: Path, table: str, column: str) -> None:
    """The table as a version of habeas made it that didn't know the column."""
    folder = str(warehouse / table)
    rows = DeltaTable(folder).to_pyarrow_table().drop_columns([column])
    write_deltalake(folder, rows, mode="overwrite", schema_mode="overwrite")


@pytest.mark.parametrize("column", [None, "age_said_at", "last_contact_on"])
@pytest.mark.parametrize("act", ["insert_rows", "upsert_rows"])
def test_rows_for_a_table_of_an_older_version_go_to_spark(
    tmp_path: Path, act: str, column: str | None
) -> None:
    write(tmp_path, "subjects", [{"subject_id": ANA, "recorded_at": at(4)}])
    if column is not None:
        without(tmp_path, "subjects", column)
    spark = Spark()
    writer = DeltaWriter(tmp_path, partial(contract_of, PROJECT / "schemas"), "run-1", lambda: spark)
    getattr(writer, act)("subjects", [{"subject_id": BEN, "recorded_at": at(5)}])
    people = {row["subject_id"] for row in writer.rows("subjects")}
    assert (people, spark.asked) == (({ANA, BEN}, []) if column is None else ({ANA}, ["subjects"]))
