"""`habeas replay`: which decisions, what is said about them, and by which exit code a scheduler learns it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import small_warehouse as story
from typer.testing import Result

Run = Callable[..., Result]


def test_decisions_whose_rules_are_not_pinned_raise_an_alarm(habeas: Run) -> None:
    told = habeas("replay", "--run", story.RUN, "--json")
    assert 5 == told.exit_code
    found = json.loads(told.stdout)
    assert (5, 0) == (found["decisions"], found["reproduced"])
    assert "5 of 5 decisions" in told.stderr
    assert story.ANA not in told.stdout + told.stderr


def test_one_decision_is_found_by_the_beginning_of_its_id(habeas: Run) -> None:
    told = habeas("replay", "--decision", story.WITHDRAWN[:6])
    assert 5 == told.exit_code
    assert story.WITHDRAWN in told.stdout


def test_the_same_seed_replays_the_same_decisions(habeas: Run) -> None:
    def ids(seed: str) -> list[str]:
        told = habeas("replay", "--sample", "2", "--seed", seed, "--json")
        return [alarm["decision_id"] for alarm in json.loads(told.stdout)["alarms"]]

    assert ids("2026-11-23") == ids("2026-11-23")
    assert 1 < len({tuple(ids(str(seed))) for seed in range(9)})


def test_a_lost_table_of_decisions_is_told_by_every_command_that_reads_it(
    habeas: Run, config: Path, tmp_path: Path, small_warehouse: Path
) -> None:
    shutil.copytree(small_warehouse, tmp_path / "warehouse")
    shutil.rmtree(tmp_path / "warehouse" / "decisions" / "_delta_log")
    place = tmp_path / "habeas.toml"
    place.write_text(config.read_text().replace(str(small_warehouse), str(tmp_path / "warehouse")))
    reads = [("log", "decisions"), ("explain", story.ROW_ANA), ("replay", "--sample", "2"),
             ("replay", "--run", story.RUN), ("replay", "--decision", story.ALLOWED), ("replay", "--new")]  # fmt: skip
    for words in reads:
        told = habeas(*words, on=place)
        assert 5 == told.exit_code, words
        assert "table decisions is gone" in told.stderr and "backup" in told.stderr


def test_before_the_first_night_there_is_nothing_to_replay_and_no_alarm(
    habeas: Run, config: Path, tmp_path: Path, small_warehouse: Path
) -> None:
    place = tmp_path / "habeas.toml"
    place.write_text(config.read_text().replace(str(small_warehouse), str(tmp_path / "warehouse")))
    told = habeas("replay", "--sample", "2", "--json", on=place)
    assert (0, 0) == (told.exit_code, json.loads(told.stdout)["decisions"])


def test_decisions_that_go_while_they_are_replayed_are_no_success(
    habeas: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("habeas.oversight.replay.selection.sample", lambda *_: ["0" * 64, "1" * 64])
    told = habeas("replay", "--sample", "2")
    assert 5 == told.exit_code
    assert "2 of 2 decisions were gone" in told.stderr


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--run", story.RUN, "--sample", "3"),
        ("--run", story.RUN, "--new"),
        ("--run", "no-such-run"),
        ("--decision", story.ROW_ANA[:8]),
        ("--sample", "-1"),
    ],
)
def test_a_call_that_says_not_which_is_refused(words: tuple[str, ...], habeas: Run) -> None:
    assert 2 == habeas("replay", *words).exit_code
