from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import typer
from typer.testing import Result

from habeas.cli.main import app
from habeas.cli.operate import tables
from habeas.model import errors
from habeas.model.installation import exit_codes

Habeas = Callable[..., Result]


def commands(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    found = getattr(command, "commands", None)
    if not found:
        yield words, command
    for name, inner in (found or {}).items():
        yield from commands(inner, (*words, name))


COMMANDS = dict(commands(typer.main.get_command(app)))


def test_every_promised_command_is_there() -> None:
    promised = [
        "init",
        "doctor",
        "jars",
        "dags",
        "demo",
        "source",
        "consent",
        "roster",
        "run",
        "policy",
        "people",
        "person",
        "halt",
        "resume",
        "halts",
        "explain",
        "replay",
        "report",
        "log",
        "tables",
        "models",
        "open",
    ]
    assert set(promised) == {words[0] for words in COMMANDS}


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_teaches_and_speaks_json(words: tuple[str, ...]) -> None:
    command = COMMANDS[words]
    options = {name for parameter in command.params for name in parameter.opts}
    speaks_otherwise = {
        ("run", "step"),
        ("consent", "receipt"),
        ("dags", "path"),
    }  # a job prints for itself, a receipt is JSON-LD, a path goes into a variable
    assert "--json" in options or words in speaks_otherwise
    assert words[0] == "tables" or f"habeas {' '.join(words)}" in command.help or words[1:] == ("list",)
    assert all(parameter.help for parameter in command.params)


def test_no_command_takes_a_real_id_as_an_argument() -> None:
    for words, command in COMMANDS.items():
        for parameter in command.params:
            if parameter.name == "subject":
                assert "never a real id" in parameter.help, words
            assert parameter.name not in ("real_id", "badge", "email"), words


def test_help_starts_without_anything_heavy() -> None:
    code = (
        "import sys, habeas.cli.main; "
        "print([m for m in sys.modules if m.split('.')[0] in "
        "('pyspark','pyarrow','numpy','pandas','cv2','av','pydantic','cryptography','altair','airflow','sqlalchemy')])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]" == told.stdout.strip()


def test_every_exit_code_is_documented(habeas: Habeas) -> None:
    kinds = [errors.HabeasError, *errors.HabeasError.__subclasses__()]
    codes = [row.number for row in exit_codes.EXIT_CODES]
    assert {kind.exit_code for kind in kinds} | {0, 130, 143} == set(codes)
    assert sorted(codes) == codes
    told = habeas("--help").stdout
    for row in exit_codes.EXIT_CODES:
        assert f"{row.number:>2}  {row.means}" in " ".join(told.split()).replace(
            f" {row.number} ", f" {row.number}  "
        )


@pytest.mark.parametrize("kind", [errors.HabeasError, *errors.HabeasError.__subclasses__()])
def test_an_error_is_made_again_from_its_exit_code(kind: type[errors.HabeasError]) -> None:
    if kind is not errors.BadInput:  # of one item, and no job ends with it
        assert kind is type(exit_codes.error_with(kind.exit_code, "no"))


def test_only_what_a_rule_a_check_or_a_key_decided_is_final() -> None:
    assert [2, 3, 4, 5, 6] == [row.number for row in exit_codes.EXIT_CODES if row.final]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.UsageError("no"), 2),
        (errors.CheckFailed("no"), 3),
        (errors.RefusedByPolicy("no"), 4),
        (errors.IntegrityError("no"), 5),
        (errors.KeyUnavailable("no"), 6),
        (errors.Unavailable("no"), 75),
    ],
)
def test_an_error_becomes_its_exit_code(
    habeas: Habeas, monkeypatch: pytest.MonkeyPatch, error: errors.HabeasError, code: int
) -> None:
    def fail(_: Any) -> None:
        raise error

    monkeypatch.setattr(tables, "_contracts", fail)
    told = habeas("tables", "list")
    assert code == told.exit_code
    assert "" == told.stdout
    assert "habeas: no" in told.stderr


def test_an_unexpected_error_shows_its_kind_and_no_content(
    habeas: Habeas, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Any) -> None:
        raise ValueError("Ana Example, 0.731")

    monkeypatch.delenv("HABEAS_DEBUG", raising=False)
    monkeypatch.setattr(tables, "_contracts", fail)
    told = habeas("tables", "list")
    assert 1 == told.exit_code
    assert "ValueError" in told.stderr
    assert "Ana" not in told.output


def test_an_interrupted_command_says_so_and_ends_as_shells_expect(
    habeas: Habeas, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tables, "_contracts", interrupt)
    told = habeas("tables", "list")
    assert 130 == told.exit_code
    assert "interrupted" in told.stderr


def test_a_denied_path_is_told_with_what_to_do(habeas: Habeas, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(_: Any) -> None:
        raise PermissionError(13, "Permission denied", "/srv/faces/warehouse")

    monkeypatch.delenv("HABEAS_DEBUG", raising=False)
    monkeypatch.setattr(tables, "_contracts", deny)
    told = habeas("tables", "list")
    assert 2 == told.exit_code
    assert "permission denied: /srv/faces/warehouse" in told.stderr
    assert "Run the command as" in told.stderr or "You are" in told.stderr


def test_without_an_installation_the_next_step_is_told(
    habeas: Habeas, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    told = habeas("tables", "list", "--config", str(tmp_path / "habeas.toml"), on=None)
    assert 2 == told.exit_code
    assert "habeas init --home" in told.stderr


def test_json_is_json(habeas: Habeas) -> None:
    for words in (
        ("tables", "list"),
        ("tables", "describe", "embeddings"),
        ("source", "list"),
        ("models", "list"),
    ):
        told = habeas(*words, "--json")
        assert 0 == told.exit_code, told.output
        json.loads(told.stdout)


_ABORTING = """
import atexit, os, sys
atexit.register(os.abort)  # what a library's thread does now and then to an interpreter that ends
from habeas.cli import main
from habeas.cli.operate import tables
def fail(*_):
    {fail}
tables._contracts = fail
sys.argv = ["habeas", *{words}]
sys.exit(main.app())
"""


@pytest.mark.parametrize(
    ("words", "fail", "code", "out", "err"),
    [
        (["--version"], "pass", 0, "0.", ""),
        (["tables", "list"], "sys.exit()", 0, "", ""),
        (["tables", "list"], "print('some'); sys.exit('in words')", 1, "some", "in words"),
        (["tables", "list"], "sys.exit(143)", 143, "", ""),
        (["tables", "list"], "raise main.Unavailable('later')", 75, "", "habeas: later"),
        (["tables", "list"], "raise ValueError('Ana')", 1, "", "habeas: ValueError"),
        (["tables", "list"], "os.environ['HABEAS_DEBUG'] = '1'; raise ValueError('why')", 1, "", "why"),
        (["no-such-command"], "pass", 2, "", "No such command"),
        (["tables", "list"], "sys.stdout = open('/dev/full', 'w'); print('lost'); sys.exit()", 75, "", ""),
    ],
)
def test_a_command_ends_with_its_own_code_whatever_the_interpreter_does(
    config: Any, words: list[str], fail: str, code: int, out: str, err: str
) -> None:
    program = _ABORTING.format(words=words, fail=fail)
    environment = {"HABEAS_CONFIG": str(config), "NO_COLOR": "1"}
    command = [sys.executable, "-c", program]
    told = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    assert code == told.returncode != -signal.SIGABRT, told.stderr
    assert out in told.stdout
    assert err in told.stderr
    assert "Ana" not in told.stderr
