"""An import that a script runs every night: what nobody could read must not look like success."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from habeas.cli.installation import Installation
from habeas.cli.records.import_summary import tell
from habeas.model.errors import UsageError
from habeas.model.installation.resources import PROJECT
from habeas.policy.lists.purposes import load_purposes
from habeas.records.imports.pipeline import Imported, SetAside, import_consents, import_leave_outs

Habeas = Callable[..., Result]
PURPOSES = load_purposes(PROJECT / "policies" / "purposes.yaml")
NOW = datetime(2026, 11, 23, tzinfo=UTC)
HEADER = "subject,purpose,status,given_at,expires_at,sources,explicit,notice_version,method\n"
YES = "B-1,archive_search,given,2026-11-01T00:00:00Z,,,true,1,form\n"
NO = "B-2,archive_search,refused,2026-11-01T00:00:00Z,,,true,1,form\n"
BAD_YES = "B-3,no_such_purpose,given,2026-11-01T00:00:00Z,,,true,1,form\n"
BAD_NO = "B-4,no_such_purpose,refused,2026-11-01T00:00:00Z,,,true,1,form\n"


def subject_of(_: str) -> str:
    return "a1" * 16


def consents(text: str) -> Imported[Any]:
    return import_consents(BytesIO(text.encode()), purposes=PURPOSES, recorded_at=NOW, subject_of=subject_of)


@pytest.mark.parametrize("lines", ["", YES, NO, YES + BAD_YES, YES + NO + YES])
def test_an_import_of_something_is_done(lines: str, capsys: pytest.CaptureFixture[str]) -> None:
    tell("statements", consents(HEADER + lines), True)
    assert lines.count("\n") == json.loads(capsys.readouterr().out)["lines"]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("", "0 statements of 0 lines"),
        (YES, "1 statement of 1 line,"),
        (NO + NO.replace("T00", "T01"), "2 statements of 2 lines"),
    ],
)
def test_an_import_tells_how_many_lines_of_the_list_it_read(
    lines: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tell("statements", consents(HEADER + lines), False)
    assert says in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty_file"),
        ("who,what\nB-1,yes\n", "missing_column"),
        ("\xff\xfe", "to its end"),
        (HEADER + BAD_YES, "no line of 1 can be used"),
        (HEADER + BAD_NO, "no line of 1 can be used"),
        (HEADER + YES + BAD_NO, "somebody's no may not have been heard"),
    ],
)
def test_an_import_that_heard_nothing_or_missed_a_no_is_not_done(
    text: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        tell("statements", consents(text), True)
    assert "B-" not in str(caught.value)
    assert json.loads(capsys.readouterr().out)["set_aside"], "what was wrong is told first, line by line"


def test_every_line_of_a_leave_out_list_counts() -> None:
    lines = "kind,since,reason,subject\nleave_out,2026-11-01T00:00:00Z,asked,B-1\nleave_out,soon,asked,\n"
    read = import_leave_outs(
        BytesIO(lines.encode()), purposes=PURPOSES, recorded_at=NOW, subject_of=subject_of
    )
    assert 1 == len(read.records)
    with pytest.raises(UsageError, match="somebody's no"):
        tell("leave-outs", read, True)


@pytest.mark.parametrize(
    ("words", "step"),
    [
        (("source", "add"), "add_sources"),
        (("source", "occasions"), "add_occasions"),
        (("consent", "import"), "add_consents"),
        (("consent", "leave-out"), "add_leave_outs"),
        (("roster", "import"), "add_rosters"),
    ],
)
def test_every_import_ends_with_2_where_nothing_could_be_used(
    habeas: Habeas, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: tuple[str, ...], step: str
) -> None:
    from habeas.pipeline.record import imports

    @contextmanager
    def no_tables(*_: object) -> Iterator[None]:
        yield None

    read = Imported((), (SetAside(2, "missing_value", "subject"),), 1, 0, "d" * 64)
    monkeypatch.setattr(Installation, "lists", no_tables)
    monkeypatch.setattr(imports, "places_of", lambda *_: None)
    monkeypatch.setattr(imports, step, lambda *_, **__: read)
    (tmp_path / "list.csv").write_text("x\n")
    told = habeas(*words, str(tmp_path / "list.csv"), "--json")
    assert 2 == told.exit_code, told.output
    assert "nothing was recorded" in told.stderr
    assert [2] == [each["line"] for each in json.loads(told.stdout)["set_aside"]]
