"""Nothing new escapes the replay: every decision since the last one is made again, not a sample alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import deltalake
import pyarrow as pa
import pytest

from habeas.oversight.replay.replay_since import SinceTheLast
from habeas.warehouse.authenticated.mac import MacKey, Use
from habeas.warehouse.delta.delta_reader import DeltaReader

KEY = MacKey.of(b"i" * 32, Use.RUN_RECORD)
AT = datetime(2026, 11, 23, 5, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    written(tmp_path, "a", "b")
    return tmp_path


def written(home: Path, *ids: str, mode: str = "append") -> None:
    rows = pa.table({"decision_id": list(ids), "effect": ["deny"] * len(ids)})
    deltalake.write_deltalake(str(home / "warehouse" / "decisions"), rows, mode=mode)


def since(home: Path, key: MacKey = KEY) -> SinceTheLast:
    return SinceTheLast(DeltaReader(home / "warehouse"), home / "runs", key)


def ids(found: SinceTheLast) -> set[str]:
    rows = [row["decision_id"] for batch in found.rows() for row in batch]
    assert len(rows) == found.count()
    return set(rows)


def replayed(home: Path) -> set[str]:
    found = since(home)
    made = ids(found)
    found.done(len(made), 0, AT, AT)
    return made


def test_the_first_replay_covers_all_and_each_later_one_what_came_since(home: Path) -> None:
    assert {"a", "b"} == replayed(home)
    assert set() == replayed(home)
    written(home, "c")
    written(home, "d")
    assert {"c", "d"} == replayed(home)


def test_decisions_written_anew_count_as_new(home: Path) -> None:
    """Whoever edits a decision through the table's log writes a file that no replay has seen."""
    replayed(home)
    written(home, "a", "b", mode="overwrite")
    assert {"a", "b"} == replayed(home)


def test_a_replay_that_did_not_come_to_its_end_is_made_again(home: Path) -> None:
    replayed(home)
    written(home, "c")
    assert {"c"} == ids(since(home)) == ids(since(home))


def test_a_mark_that_was_edited_hides_nothing(home: Path) -> None:
    replayed(home)
    place = home / "runs" / "replay" / "replay.json"
    before = place.read_text()
    written(home, "c")
    replayed(home)
    later = json.loads(place.read_text())["digests"]
    written(home, "d")
    replayed(home)
    place.write_text(json.dumps(json.loads(before) | {"digests": later}))
    assert {"a", "b", "c", "d"} == ids(since(home))
    place.write_text("{")
    assert {"a", "b", "c", "d"} == ids(since(home))


def test_a_mark_of_another_table_is_none(home: Path) -> None:
    """As after a restore from a backup: the same number of commits, other files."""
    replayed(home)
    (home / "warehouse" / "decisions").rename(home / "aside")
    written(home, "x")
    assert {"x"} == ids(since(home))


def test_before_the_first_night_there_is_nothing(tmp_path: Path) -> None:
    assert set() == replayed(tmp_path)
