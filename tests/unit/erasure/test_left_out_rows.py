"""A leave-out of footage shuts its rows for the custodian at once, before the next run closes them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from ordinary import a_leave_out, day

from habeas.erasure.left_out_rows import left_out_rows
from habeas.model.people import LeaveOut, Scope
from habeas.records.table_rows import leave_out_row
from habeas.warehouse.delta.delta_reader import DeltaReader

NOW = day("2026-06-01")
ROWS = [
    {"row_id": "studio-row", "asset_id": "studio-asset", "purpose": "archive_search"},
    {"row_id": "street-row", "asset_id": "street-asset", "purpose": "archive_search"},
]


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    assets = [
        {
            "asset_id": f"{source}-asset", "source_id": source, "folders": [f"{source}-folder"],
            "captured_at": day("2026-05-01"), "catalogued_at": day("2026-05-02"),
            "media": "photo",
        }
        for source in ("studio", "street")
    ]  # fmt: skip
    write_deltalake(str(tmp_path / "assets"), pa.Table.from_pylist(assets))
    occasion = {"folder_id": "studio-folder", "kind": "event", "name": "open-day"}
    write_deltalake(str(tmp_path / "occasions"), pa.Table.from_pylist([occasion]))
    return tmp_path


def shut(warehouse: Path, *records: LeaveOut) -> set[str]:
    if records:
        rows: list[dict[str, Any]] = [leave_out_row(each) for each in records]
        texts = pa.list_(pa.string())
        schema = pa.schema(
            [(name, pa.timestamp("us", "UTC") if name in {"since", "until", "recorded_at", "from_at", "to_at"}
              else texts if isinstance(value, (list, tuple)) else pa.string()) for name, value in rows[0].items()]
        )  # fmt: skip
        write_deltalake(str(warehouse / "leave_outs"), pa.Table.from_pylist(rows, schema=schema))
    return set(left_out_rows(DeltaReader(warehouse), ROWS, NOW))


def of_footage(**changes: Any) -> LeaveOut:
    scope = {
        name: changes.pop(name) for name in ("sources", "folders", "events", "assets") if name in changes
    }
    return a_leave_out(subject_id=None, scope=Scope(**scope), **changes)


@pytest.mark.parametrize(
    "where",
    [
        {"sources": ("studio",)},
        {"folders": ("studio-folder",)},
        {"events": ("open-day",)},
        {"assets": ("studio-asset",)},
    ],
)
def test_footage_left_out_since_the_last_run_stays_shut(warehouse: Path, where: dict[str, Any]) -> None:
    assert shut(warehouse, of_footage(**where)) == {"studio-row"}


def test_a_leave_out_for_another_purpose_shuts_nothing(warehouse: Path) -> None:
    assert shut(warehouse, of_footage(sources=("studio",), purposes=("model_training",))) == set()


def test_a_leave_out_that_a_clock_ahead_recorded_shuts_its_rows(warehouse: Path) -> None:
    ahead = NOW + timedelta(days=2)
    assert shut(warehouse, of_footage(sources=("studio",), since=ahead, recorded_at=ahead)) == {"studio-row"}


def test_a_lifted_leave_out_shuts_nothing(warehouse: Path) -> None:
    made = of_footage(sources=("studio",))
    lift = a_leave_out(subject_id=None, leave_out_id="lift", lifts=made.leave_out_id, since=day("2026-05-01"))
    assert shut(warehouse, made, lift) == set()


def test_a_row_whose_file_nothing_tells_of_stays_shut_where_footage_is_left_out(warehouse: Path) -> None:
    write_deltalake(
        str(warehouse / "assets"),
        DeltaReader(warehouse).read("assets").filter(pa.array([False, False])),
        mode="overwrite",
    )
    assert shut(warehouse, of_footage(events=("open-day",))) == {"studio-row", "street-row"}


def test_a_persons_leave_out_is_their_keys_affair(warehouse: Path) -> None:
    assert shut(warehouse, a_leave_out()) == set()


def test_nothing_is_shut_where_nothing_is_left_out(warehouse: Path) -> None:
    assert shut(warehouse) == set()
