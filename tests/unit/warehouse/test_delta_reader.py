from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from habeas.model.errors import IntegrityError, Unavailable, UsageError
from habeas.warehouse.delta.delta_reader import DeltaReader


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    rows = pa.table(
        {
            "asset_id": ["aa11", "aa22", "bb11"],
            "at": pa.array(
                [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3)], pa.timestamp("us", "UTC")
            ),
        }
    )
    write_deltalake(str(tmp_path / "assets"), rows)
    return tmp_path


def test_reads_the_newest_version(warehouse: Path) -> None:
    reader = DeltaReader(warehouse)
    assert 0 == reader.version("assets")
    write_deltalake(
        str(warehouse / "assets"),
        pa.table({"asset_id": ["cc"], "at": [datetime(2026, 1, 4, tzinfo=UTC)]}),
        mode="append",
    )
    assert 1 == reader.version("assets")
    assert 4 == reader.count("assets")


def test_files_are_named_only_where_they_alone_are_the_table(warehouse: Path) -> None:
    reader = DeltaReader(warehouse)
    assert reader.plain_files("assets") == reader.files("assets")[1]
    write_deltalake(
        str(warehouse / "parted"), pa.table({"asset_id": ["cc"], "n": [1]}), partition_by=["asset_id"]
    )
    assert reader.plain_files("parted") is None


def test_reads_only_what_was_asked_for(warehouse: Path) -> None:
    found = DeltaReader(warehouse).read(
        "assets", ["asset_id"], [("asset_id", ">=", "aa"), ("asset_id", "<", "ab")]
    )
    assert {"asset_id": ["aa11", "aa22"]} == found.to_pydict()


def test_a_table_that_is_not_there_says_how_to_make_it(tmp_path: Path) -> None:
    reader = DeltaReader(tmp_path)
    assert not reader.exists("assets")
    with pytest.raises(Unavailable, match="habeas run nightly"):
        reader.read("assets")


@pytest.mark.parametrize("name", ["../secrets", "a/b", "", "Assets", "/etc"])
def test_a_table_name_reaches_no_other_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        DeltaReader(tmp_path).exists(name)


def test_a_broken_table_is_told_without_its_path(warehouse: Path) -> None:
    for file in (warehouse / "assets").glob("*.parquet"):
        file.write_bytes(b"no parquet")
    with pytest.raises(IntegrityError) as caught:
        DeltaReader(warehouse).read("assets")
    assert str(warehouse) not in str(caught.value)


def test_a_table_that_does_not_fit_into_memory_is_read_in_parts(warehouse: Path) -> None:
    reader = DeltaReader(warehouse)
    parts = list(reader.batches("assets", ["asset_id"], size=2))
    assert [2, 1] == [part.num_rows for part in parts]
    chosen = reader.batches("assets", ["at"], [("asset_id", "in", ["aa11", "bb11"])])
    assert [1, 3] == sorted(row["at"].day for part in chosen for row in part.to_pylist())
    with pytest.raises(Unavailable):
        list(reader.batches("rosters"))
