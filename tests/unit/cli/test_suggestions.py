"""A person who types another word for a command is told which command does it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import Result

from habeas.cli.main import app
from habeas.cli.suggestions import DOMAIN_WORDS, suggestion

Habeas = Callable[..., Result]
PROGRAM = typer.main.get_command(app)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("erase",), "habeas consent withdraw"),
        (("revoke",), "habeas consent withdraw"),
        (("consent", "revoke"), "habeas consent withdraw"),
        (("withdraw",), "habeas consent withdraw"),
        (("Erase",), "habeas consent withdraw"),
        (("nightly",), "habeas run nightly"),
        (("consnet",), "habeas consent"),
        (("run", "nighly"), "habeas run nightly"),
        (("opt-out",), "habeas consent leave-out"),
        (("pause",), "habeas halt"),
    ],
)
def test_another_word_for_a_command_is_answered_with_the_command(
    habeas: Habeas, words: tuple[str, ...], named: str
) -> None:
    told = habeas(*words)
    assert 2 == told.exit_code
    assert named in told.stderr


def test_a_word_that_is_near_nothing_gets_no_suggestion() -> None:
    assert suggestion(PROGRAM, "xyzzy") is None


@pytest.mark.parametrize("word", DOMAIN_WORDS)
def test_every_suggested_command_exists(word: str) -> None:
    for named in DOMAIN_WORDS[word].split("habeas ")[1:]:
        command = PROGRAM
        for name in shlex.split(named.partition(",")[0].partition(".")[0]):
            if name.isupper() or name.startswith("-") or not hasattr(command, "commands"):
                break
            assert name in command.commands, named
            command = command.commands[name]


def test_the_settings_file_may_be_named_before_the_command(habeas: Habeas, config: Path) -> None:
    before = os.environ.get("HABEAS_CONFIG")
    told = habeas("-c", str(config), "source", "list", "--json", on=None)
    assert 0 == told.exit_code, told.output
    assert habeas("source", "list", "--json", "-c", str(config), on=None).stdout == told.stdout
    assert before == os.environ.get("HABEAS_CONFIG")


def test_a_settings_file_after_the_command_wins_over_one_before_it(habeas: Habeas, config: Path) -> None:
    told = habeas("-c", "no-such.toml", "source", "list", "--json", "-c", str(config), on=None)
    assert 0 == told.exit_code, told.output


def test_a_shell_completes_commands_and_steps() -> None:
    assert ["consent"] == _completed("habeas con", 1)
    assert ["catalog", "check"] == _completed("habeas run step c", 3)


def _completed(typed: str, position: int) -> list[str]:
    """What bash is offered for the word at `position` of the line that is typed."""
    asked = {"_HABEAS_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(position)}
    command = [sys.executable, "-c", "from habeas.cli.main import app; app(prog_name='habeas')"]
    told = subprocess.run(command, env=os.environ | asked, capture_output=True, text=True, check=False)
    return sorted(told.stdout.split())
