"""A run has one time to decide at, no time to come, and an age after which nothing may be done with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from habeas.errors import UsageError
from habeas.model.clocks import SKEW
from habeas.steps.runs import RunFolder

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
