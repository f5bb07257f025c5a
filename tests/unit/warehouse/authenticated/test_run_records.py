"""Records of runs steer the next night, so somebody who can write their folder must not be able to steer it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from habeas.model.errors import IntegrityError
from habeas.oversight.runs.last_run import (
    TABLES,
    Last,
    Mark,
    basis,
    last_decided,
    mark_words,
    require_there,
    whole_word,
)
from habeas.warehouse.authenticated.mac import MacKey, Use
from habeas.warehouse.authenticated.run_records import RunFolder, TaskRecord, forged, newest_done

KEY = MacKey.of(b"i" * 32, Use.RUN_RECORD)
OTHER = MacKey.of(b"o" * 32, Use.RUN_RECORD)
THEN = datetime(2026, 11, 1, 2, tzinfo=UTC)
NOW = THEN + timedelta(days=1)
SAME = basis("p" * 64, "m" * 64, ["archive_search"])
MARKS = {table: Mark.of(n, {f"part-{n}.parquet"}) for n, table in enumerate(TABLES)}
UNVERIFIED = "no record of an earlier run verifies"


def decided(runs: Path, run_id: str = "night-1", at: datetime = THEN, key: MacKey | None = KEY) -> Path:
    """A night that decided to its end and derived every line; its record."""
    folder = RunFolder(runs, run_id, key)
    folder.as_of(at, at)
    words = SAME | mark_words(MARKS) | whole_word(at)
    place = folder.write(TaskRecord(run_id, "decide", "done", "", "", 1.0, 1.0, {"lines_due": 3}, words))
    os.utime(place, (at.timestamp(), at.timestamp()))
    return place


def asked(runs: Path, now: datetime = NOW) -> Last | str:
    return last_decided(runs, SAME, now, now, KEY, 7)


def edited(place: Path, change: Callable[[dict[str, Any]], object]) -> None:
    held = json.loads(place.read_text())
    change(held)
    place.write_text(json.dumps(held))


def test_a_record_of_ours_is_gone_on_from(tmp_path: Path) -> None:
    decided(tmp_path)
    assert Last("night-1", THEN, THEN, MARKS, THEN) == asked(tmp_path)
    assert 0 == forged(tmp_path, "decide", KEY)


@pytest.mark.parametrize(
    "change",
    [
        lambda held: held["digests"].update(saw_leave_outs=str(Mark.of(9, {"later.parquet"}))),
        lambda held: held["digests"].update(whole_at="2026-11-02T01:00:00Z"),
        lambda held: held["counts"].update(lines_due=0),
        lambda held: held.update(mac=""),
        lambda held: held.pop("mac"),
        lambda held: held.update(mac=None),
        lambda held: held.update(mac="é"),
        lambda held: held.update(run_id="night-2"),
        lambda held: held.update(task="embed"),
    ],
    ids=["mark", "whole", "count", "empty", "none", "null", "no hex", "run", "task"],
)
def test_an_edited_record_hides_no_leave_out_from_the_next_night(tmp_path: Path, change: Any) -> None:
    edited(decided(tmp_path), change)
    assert UNVERIFIED == asked(tmp_path)
    assert 1 == forged(tmp_path, "decide", KEY)
    with pytest.raises(IntegrityError, match=r"decide\.json of run night-1"):
        RunFolder(tmp_path, "night-1", KEY).trusted("decide")


def test_a_record_made_under_another_key_or_before_there_were_codes_counts_as_none(tmp_path: Path) -> None:
    decided(tmp_path / "a", key=OTHER)
    decided(tmp_path / "b", key=None)
    decided(tmp_path / "c", key=MacKey.of(b"i" * 32, Use.DECISION))
    assert {UNVERIFIED} == {asked(tmp_path / name) for name in "abc"}


def test_a_genuine_record_under_another_name_is_none(tmp_path: Path) -> None:
    """Copied into a later run's folder, or over another task's, it says nothing about that."""
    decided(tmp_path)
    shutil.copytree(tmp_path / "night-1", tmp_path / "night-9")
    shutil.copy(tmp_path / "night-1" / "decide.json", tmp_path / "night-1" / "check.json")
    found = newest_done(tmp_path, "decide", KEY)
    assert found is not None and "night-1" == found.run_id
    with pytest.raises(IntegrityError):
        RunFolder(tmp_path, "night-1", KEY).trusted("check")


def test_behind_an_edited_record_the_night_before_it_is_gone_on_from(tmp_path: Path) -> None:
    decided(tmp_path)
    later = decided(tmp_path, "night-2", THEN + timedelta(hours=1))
    edited(later, lambda held: held["digests"].update(saw_leave_outs=str(Mark.of(9, ()))))
    found = asked(tmp_path)
    assert isinstance(found, Last) and "night-1" == found.run_id


@pytest.mark.parametrize("name", ["as_of", "known_at", "run_id", "mac"])
def test_the_times_of_a_run_can_not_be_set_back(tmp_path: Path, name: str) -> None:
    """Set back before a withdrawal, it would not be heard; set forward, nothing would have run out."""
    decided(tmp_path)
    edited(tmp_path / "night-1" / "run.json", lambda held: held.update({name: "2026-10-01T00:00:00+00:00"}))
    folder = RunFolder(tmp_path, "night-1", KEY)
    for asking in (folder.decided_as_of, folder.known_at, lambda: folder.as_of(None, NOW)):
        with pytest.raises(IntegrityError, match=r"run\.json of run night-1"):
            asking()
    assert "the record of the last run is unreadable" == asked(tmp_path)


def test_every_line_is_derived_anew_once_the_days_of_the_settings_are_over(tmp_path: Path) -> None:
    decided(tmp_path)
    assert isinstance(asked(tmp_path, THEN + timedelta(days=7, seconds=-1)), Last)
    assert "every line is derived anew every 7 days" == asked(tmp_path, THEN + timedelta(days=7))
    folder = RunFolder(tmp_path, "night-1", KEY)
    record = folder.trusted("decide")
    assert record is not None
    words = {name: word for name, word in record.digests.items() if name != "whole_at"}
    folder.write(TaskRecord("night-1", "decide", "done", "", "", 1.0, 1.0, {}, words))
    assert "every line is derived anew every 7 days" == asked(tmp_path)


def test_a_reason_and_a_time_fit_into_a_record() -> None:
    words = {"whole": "every line is derived anew every 7 days"} | whole_word(NOW)
    assert TaskRecord("r", "decide", "done", "", "", 0.0, 0.0, {}, words).checked()
    assert NOW == datetime.fromisoformat(words["whole_at"])


def test_a_forged_record_does_not_hide_that_a_table_is_gone(tmp_path: Path) -> None:
    decided(tmp_path)
    edited(
        decided(tmp_path, "night-2", THEN + timedelta(hours=1)),
        lambda held: held["digests"].update(saw_leave_outs=str(Mark.of(-1, ()))),
    )
    with pytest.raises(IntegrityError, match="table leave_outs was there"):
        require_there(tmp_path, lambda table: table != "leave_outs", KEY)


def test_keys_of_two_uses_differ_and_a_code_of_another_length_is_none() -> None:
    assert MacKey.of(b"i" * 32, Use.RUN_RECORD) != MacKey.of(b"i" * 32, Use.DECISION)
    code = KEY.code(b"x")
    assert KEY.agrees(b"x", code) and KEY.agrees(b"x", code[:16])
    assert not any(KEY.agrees(b"x", bad) for bad in (b"", code[:8], code[:31], None, "", code + b"0"))
    assert "i" * 8 not in repr(KEY)
