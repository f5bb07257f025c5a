"""A run has one time to decide at, no time to come, and an age after which nothing may be done with it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from habeas.model.errors import IntegrityError, KeyUnavailable, UsageError
from habeas.model.installation.clocks import SKEW
from habeas.warehouse.authenticated.mac import KEY_BYTES, MacKey, Use
from habeas.warehouse.authenticated.run_records import RunFolder, TaskRecord

NOW = datetime(2026, 6, 1, 2, tzinfo=UTC)
HOUR, LIMIT = timedelta(hours=1), timedelta(hours=72)


@pytest.mark.parametrize("ahead", [SKEW + timedelta(microseconds=1), 9 * HOUR, timedelta(days=200)])
def test_nothing_is_decided_as_of_a_time_to_come(tmp_path: Path, ahead: timedelta) -> None:
    run = RunFolder(tmp_path, "r1")
    with pytest.raises(UsageError, match="lies after now") as refused:
        run.as_of(NOW + ahead, NOW)
    assert 2 == refused.value.exit_code
    assert not (tmp_path / "r1" / "run.json").exists(), "and the run isn't fixed to it"
    assert NOW == run.as_of(None, NOW)


def test_clocks_may_differ_by_a_little(tmp_path: Path) -> None:
    assert NOW + SKEW == RunFolder(tmp_path, "r1").as_of(NOW + SKEW, NOW)


@pytest.mark.parametrize("wanted", [None, NOW + 9 * HOUR])
def test_a_run_that_a_wrong_clock_fixed_to_a_time_to_come_is_refused(
    tmp_path: Path, wanted: datetime | None
) -> None:
    run = RunFolder(tmp_path, "r1")
    run.as_of(None, NOW + 9 * HOUR)
    with pytest.raises(UsageError, match="lies after now"):
        run.as_of(wanted, NOW)


def test_a_run_about_the_past_is_not_old(tmp_path: Path) -> None:
    past = NOW - timedelta(days=300)
    run = RunFolder(tmp_path, "r1")
    assert past == run.as_of(past, NOW, LIMIT) == run.as_of(past, NOW + 71 * HOUR, LIMIT)


def test_a_run_that_was_cleared_long_after_is_refused(tmp_path: Path) -> None:
    """What it decided on may have ended since, and footage may have been left out."""
    run = RunFolder(tmp_path, "r1")
    run.as_of(None, NOW, LIMIT)
    assert NOW == run.as_of(None, NOW + LIMIT, LIMIT)
    with pytest.raises(UsageError, match="began 72 hours ago; a run may be worked on for 72") as refused:
        run.as_of(None, NOW + LIMIT + timedelta(seconds=1), LIMIT)
    assert 2 == refused.value.exit_code


KEY = MacKey.of(bytes(range(KEY_BYTES)), Use.RUN_RECORD)
DONE = TaskRecord("r1", "embed", "done", "2026-06-01T02:00:00+00:00", "2026-06-01T02:01:00+00:00", 1.0, 1.0)


def test_the_error_of_a_job_travels_in_its_record(tmp_path: Path) -> None:
    run = RunFolder(tmp_path, "r1", KEY)
    run.write(replace(DONE, status="failed").ended_by(KeyUnavailable("the key\nis closed", hint="Ask.")))
    found = run.trusted("embed")
    assert found is not None
    error = found.raised("the nightly run stopped: ", "See the log.")
    assert (KeyUnavailable, 6) == (type(error), found.exit_code)
    assert ("the nightly run stopped: the key is closed", "Ask. See the log.") == (error.message, error.hint)


def test_a_changed_error_is_no_record_of_a_job(tmp_path: Path) -> None:
    run = RunFolder(tmp_path, "r1", KEY)
    place = run.write(replace(DONE, status="failed").ended_by(KeyUnavailable("the key is closed")))
    place.write_text(place.read_text().replace("is closed", "is open"))
    with pytest.raises(IntegrityError):
        run.trusted("embed")


def test_a_record_of_a_version_that_noted_no_errors_still_verifies(tmp_path: Path) -> None:
    run = RunFolder(tmp_path, "r1", KEY)
    place = run.write(DONE)
    assert {"exit_code", "error", "hint"}.isdisjoint(json.loads(place.read_text()))
    assert run.trusted("embed") is not None


def test_a_try_forgets_how_an_earlier_one_failed_and_nothing_else(tmp_path: Path) -> None:
    run = RunFolder(tmp_path, "r1", KEY)
    run.write(DONE)
    run.forget_failed("embed")
    assert run.read("embed") is not None
    run.write(replace(DONE, status="failed").ended_by(KeyUnavailable("the key is closed")))
    run.forget_failed("embed")
    assert run.read("embed") is None
