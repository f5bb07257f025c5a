"""From which night a night may go on, and when it has to look at everything anew."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from habeas.model.errors import IntegrityError
from habeas.oversight.runs.last_run import TABLES, Last, Mark, basis, last_decided, mark_words, require_there
from habeas.warehouse.authenticated.run_records import RunFolder, TaskRecord, newest_done

THEN = datetime(2026, 11, 1, 2, tzinfo=UTC)
NOW = THEN + timedelta(days=1)
SAME = basis("p" * 64, "m" * 64, ["archive_search", "access_verification"])
MARKS = {table: Mark.of(n, {f"part-{n}.parquet"}) for n, table in enumerate(TABLES)}


def decided(
    runs: Path, run_id: str = "night-1", at: datetime = THEN, status: str = "done", **words: str
) -> Path:
    folder = RunFolder(runs, run_id)
    folder.as_of(at, at)
    digests = SAME | mark_words(MARKS) | words
    place = folder.write(
        TaskRecord(run_id, "decide", status, at.isoformat(), at.isoformat(), 1.0, 1.0, {}, digests)
    )
    os.utime(place, (at.timestamp(), at.timestamp()))
    return place


def asked(runs: Path, **changes: str) -> Last | str:
    return last_decided(runs, SAME | changes, NOW, NOW)


def test_a_night_goes_on_from_the_newest_that_came_to_its_end(tmp_path: Path) -> None:
    decided(tmp_path)
    decided(tmp_path, "night-2", THEN + timedelta(hours=1))
    decided(tmp_path, "died", THEN + timedelta(hours=2), status="failed")
    decided(tmp_path, "halted", THEN + timedelta(hours=2), status="halted")
    found = asked(tmp_path)
    assert Last("night-2", THEN + timedelta(hours=1), THEN + timedelta(hours=1), MARKS) == found


def test_without_any_night_before_everything_is_looked_at(tmp_path: Path) -> None:
    assert "no run has decided yet" == asked(tmp_path)
    assert "no run has decided yet" == asked(tmp_path / "not there")


@pytest.mark.parametrize("what", SAME)
def test_other_rules_model_purposes_or_code_make_everything_due(tmp_path: Path, what: str) -> None:
    """Withheld from no line: a rule that came into force today must reach yesterday's decisions."""
    decided(tmp_path)
    assert f"{what} changed" == asked(tmp_path, **{what: "other"})


def test_a_night_about_the_past_does_not_go_on_from_a_later_one(tmp_path: Path) -> None:
    decided(tmp_path, at=NOW + timedelta(seconds=1))
    assert "the last run was about a later time" == asked(tmp_path)


def test_a_night_about_the_past_that_knew_more_is_not_gone_on_from(tmp_path: Path) -> None:
    decided(tmp_path)
    run = tmp_path / "night-1" / "run.json"
    run.write_text(
        json.dumps(json.loads(run.read_text()) | {"known_at": (NOW + timedelta(days=1)).isoformat()})
    )
    assert "the last run was about a later time" == asked(tmp_path)


@pytest.mark.parametrize("table", TABLES)
def test_a_record_that_misses_a_table_is_not_gone_on_from(tmp_path: Path, table: str) -> None:
    decided(tmp_path, **{f"saw_{table}": "nothing"})
    assert "the record of the last run is unreadable" == asked(tmp_path)


def test_a_run_whose_time_is_lost_is_not_gone_on_from_and_gets_no_other(tmp_path: Path) -> None:
    decided(tmp_path)
    (tmp_path / "night-1" / "run.json").unlink()
    assert "the record of the last run is unreadable" == asked(tmp_path)
    assert not (tmp_path / "night-1" / "run.json").exists()


def test_a_record_that_is_no_json_is_none(tmp_path: Path) -> None:
    decided(tmp_path)
    decided(tmp_path, "torn", NOW).write_text("{")
    assert isinstance(asked(tmp_path), Last)
    record = newest_done(tmp_path, "decide")
    assert record is not None and "night-1" == record.run_id


def test_a_lost_leave_out_list_lets_nobody_through(tmp_path: Path) -> None:
    """Whatever else changed that night: read as empty, it would leave nobody out."""
    require_there(tmp_path, lambda _: False)  # before the first night nothing is there, and nothing is lost
    decided(tmp_path, saw_occasions=str(Mark.of(-1, ())), policy="of another day")
    require_there(tmp_path, lambda table: table != "occasions")
    with pytest.raises(IntegrityError, match="table leave_outs was there"):
        require_there(tmp_path, lambda table: table not in ("leave_outs", "occasions"))


def test_a_mark_tells_commits_and_files_apart() -> None:
    one, other, later = Mark.of(3, {"a", "b"}), Mark.of(3, {"a", "c"}), Mark.of(4, {"a", "b"})
    assert 3 == len({one, other, later})
    assert one == Mark.parse(str(one)) == Mark.of(3, ["b", "a"])
    assert Mark(-1, Mark.of(-1, ()).files) == Mark.parse(str(Mark.of(-1, ())))


def test_a_record_takes_every_word_of_it() -> None:
    """Reasons and marks stand in records, which take short words alone."""
    words = SAME | mark_words(MARKS) | {"whole": "other table than it was"}
    record = TaskRecord("r", "decide", "done", "", "", 0.0, 0.0, {}, words)
    assert words == record.checked()["digests"] == asdict(record)["digests"]


def test_purposes_in_another_order_are_the_same_purposes() -> None:
    assert basis("p", "m", ["a", "b"]) == basis("p", "m", ["b", "a"])
    assert basis("p", "m", ["a"]) != basis("p", "m", ["b", "a"])
