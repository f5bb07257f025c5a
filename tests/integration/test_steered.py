"""What somebody can steer who writes the installation's folder, and holds neither its key nor its custody: nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from installations import Installed, copy_of

from habeas.adapters.delta_reader import DeltaReader
from habeas.steps.runs import RunFolder

pytestmark = [pytest.mark.spark, pytest.mark.timeout(900)]


def edited(installed: Installed, table: str, change: Callable[[dict[str, Any]], None]) -> int:
    """Rows of a table changed in its own files, as somebody with the folder can; how many changed."""
    changed = 0
    warehouse = installed.place.settings.warehouse
    for file in DeltaReader(warehouse).files(table)[1]:
        place = warehouse / table / file
        held = pq.read_table(place)
        rows = held.to_pylist()
        before = [dict(row) for row in rows]
        for row in rows:
            change(row)
        changed += sum(a != b for a, b in zip(before, rows, strict=True))
        pq.write_table(pa.Table.from_pylist(rows, schema=held.schema), place)
        place.with_name(f".{place.name}.crc").unlink(missing_ok=True)
        _sizes_fit(warehouse / table / "_delta_log", file, place.stat().st_size)
    return changed


def _sizes_fit(log: Path, file: str, size: int) -> None:
    """The log says how large each file is; nobody signed it."""
    for commit in log.glob("*.json"):
        actions = [json.loads(line) for line in commit.read_text().splitlines()]
        for action in actions:
            if action.get("add", {}).get("path") == file:
                action["add"] |= {"size": size, "stats": "{}"}
        commit.write_text("\n".join(json.dumps(action) for action in actions))
        commit.with_name(f".{commit.name}.crc").unlink(missing_ok=True)


@pytest.fixture
def staged(staged_once: Installed, tmp_path: Path) -> Installed:
    """In the middle of its first night: embedded, not yet checked."""
    return copy_of(staged_once, tmp_path / "home")


@pytest.fixture(scope="module")
def staged_once(decided: Installed, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    made = copy_of(decided, tmp_path_factory.mktemp("staged") / "home")
    made.steps("first", "embed")
    return made


def other_ciphertext(row: dict[str, Any]) -> None:
    if row["sealed"]:
        row["sealed"] = bytes(row["sealed"][:-1]) + bytes([row["sealed"][-1] ^ 1])


def test_a_ciphertext_edited_before_the_check_is_never_published(staged: Installed, capfd: Any) -> None:
    assert edited(staged, "staged", other_ciphertext) > 0
    assert 5 == staged.step("check", "first")
    assert "are not those that its embed task left" in capfd.readouterr().err
    assert 3 == staged.step("publish", "first")
    assert [] == staged.rows("embeddings")


def test_a_row_edited_after_the_check_is_never_published_and_is_made_again(
    staged: Installed, capfd: Any
) -> None:
    """Publish takes the rows that the check passed, and no others."""
    staged.steps("first", "check")
    assert (
        edited(staged, "staged", lambda row: row.update(rank=7) if row["kind"] == "embedding" else None) > 0
    )
    assert 5 == staged.step("publish", "first")
    assert "are not those that its check passed" in capfd.readouterr().err
    assert [] == staged.rows("embeddings") == staged.rows("row_status") == staged.rows("work")
    staged.steps("first", "embed", "check", "publish")
    assert staged.rows("embeddings") and not staged.rows("staged")


def test_rows_that_no_check_looked_at_are_not_published(staged: Installed) -> None:
    """Also not with the record of another run's check in the place of its own."""
    assert 3 == staged.step("publish", "first")
    runs = staged.place.settings.runs
    other = RunFolder(runs, "first").read("embed")
    assert other is not None
    told = {"run_id": "first", "task": "check", "status": "done", "started_at": "", "finished_at": "", "seconds": 0.0,
            "cpu_seconds": 0.0, "counts": {}, "digests": dict(other.digests), "mac": other.mac}  # fmt: skip
    (runs / "first" / "check.json").write_text(json.dumps(told))
    assert 5 == staged.step("publish", "first")
    assert [] == staged.rows("embeddings")
