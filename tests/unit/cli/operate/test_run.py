"""A run that can't be meant is refused at once: nobody waits for Airflow to learn that a name is misspelt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from typer.testing import Result

from habeas.cli.installation import Installation
from habeas.model.errors import Halted

Habeas = Callable[..., Result]
BACKFILL = ("run", "backfill", "--source", "studio")
YEAR = ("--captured-from", "2025-01-01T00:00:00+00:00", "--captured-to", "2026-01-01T00:00:00+00:00")


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, Any]]:
    """What Airflow was asked for."""
    asked: list[Mapping[str, Any]] = []

    def run_dag(_: Installation, __: str, parameters: Mapping[str, Any], *___: object) -> str:
        asked.append(parameters)
        raise Halted("enough of this run")

    monkeypatch.setattr(Installation, "run_dag", run_dag)
    return asked


@pytest.mark.parametrize(
    ("words", "says", "hint"),
    [
        (("run", "nightly", "--source", "studoi"), "no source studoi", "studio"),
        (("run", "nightly", "--purposes", "archive_serach"), "no purpose archive_serach", "archive_search"),
        (("run", "nightly", "--purposes", "archive_search,x"), "no purpose x", "archive_search"),
        (("run", "nightly", "--purposes", ","), "names no purpose", "Leave it out"),
        (("run", "nightly", "--as-of", "yesterday"), "no time", "Write it like"),
        (("run", "backfill", "--source", "", *YEAR), "one source", "--source"),
        (("run", "backfill", "--source", "studoi", *YEAR), "no source studoi", "studio"),
        ((*BACKFILL, *YEAR, "--model", "synthetc"), "no model pack synthetc", "synthetic"),
        ((*BACKFILL, *YEAR, "--purposes", "x"), "no purpose x", "archive_search"),
        ((*BACKFILL, "--captured-from", YEAR[3], "--captured-to", YEAR[1]), "not before", "earlier"),
        ((*BACKFILL, "--captured-from", YEAR[1], "--captured-to", YEAR[1]), "not before", "earlier"),
        ((*BACKFILL, "--captured-from", YEAR[1], "--captured-to", ""), "no time", "Write it like"),
    ],
)
def test_a_run_of_something_unknown_is_refused_before_airflow_starts(
    habeas: Habeas, begun: list[Mapping[str, Any]], words: tuple[str, ...], says: str, hint: str
) -> None:
    told = habeas(*words)
    assert 2 == told.exit_code, told.output
    assert says in told.stderr
    assert hint in told.stderr
    assert [] == begun


def test_a_run_of_what_is_known_begins(habeas: Habeas, begun: list[Mapping[str, Any]]) -> None:
    assert 7 == habeas("run", "nightly").exit_code
    assert 7 == habeas("run", "nightly", "--source", "street", "--purposes", "archive_search").exit_code
    assert 7 == habeas(*BACKFILL, *YEAR, "--model", "synthetic").exit_code
    assert [{}, {"source": "street", "purposes": ["archive_search"]}] == begun[:2]
    assert ("studio", "synthetic", YEAR[1]) == tuple(
        begun[2][name] for name in ("source", "model", "captured_from")
    )
