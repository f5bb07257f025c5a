"""`habeas replay`: which decisions, what is said about them, and by which exit code a scheduler learns it."""

from __future__ import annotations

import json
from collections.abc import Callable

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


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--run", story.RUN, "--sample", "3"),
        ("--run", "no-such-run"),
        ("--decision", story.ROW_ANA[:8]),
        ("--sample", "-1"),
    ],
)
def test_a_call_that_says_not_which_is_refused(words: tuple[str, ...], habeas: Run) -> None:
    assert 2 == habeas("replay", *words).exit_code
