from __future__ import annotations

from pathlib import Path

import pytest
import small_warehouse as story
from hypothesis import given
from ledgers import scopes
from small_warehouse import at

from habeas.adapters.delta_reader import DeltaReader
from habeas.consent.scopes import fits
from habeas.errors import UsageError
from habeas.model.people import Scope
from habeas.steps.audit import About, about, inside, log_consents, log_decisions, reach


@pytest.fixture
def reader(small_warehouse: Path) -> DeltaReader:
    return DeltaReader(small_warehouse)


@pytest.mark.parametrize(
    ("day", "in_force"),
    [(4, []), (6, ["ConsentGiven"]), (10, ["ConsentGiven"]), (12, ["ConsentWithdrawn"])],
)
def test_a_withdrawal_counts_from_when_it_was_known(
    reader: DeltaReader, day: int, in_force: list[str]
) -> None:
    told = log_consents(reader, About(subject_id=story.BEN), at(day))
    assert in_force == [row["status"] for row in told if row["in_force"]]


def test_consents_about_an_asset_are_those_of_the_people_it_lists(reader: DeltaReader) -> None:
    told = log_consents(reader, about(reader, None, story.GROUP[:8]), at(25))
    assert {story.ANA, story.BEN} == {row["subject_id"] for row in told}
    assert [] == log_consents(reader, about(reader, None, story.STREET), at(25))


def test_decisions_about_a_person_are_those_about_their_lines(reader: DeltaReader) -> None:
    told = log_decisions(reader, About(subject_id=story.BEN), at(25))
    assert [story.WITHDRAWN] == [row["decision_id"] for row in told]


def test_decisions_taken_later_are_not_shown(reader: DeltaReader) -> None:
    assert [] == log_decisions(reader, About(), at(19))
    assert 5 == len(log_decisions(reader, About(), at(20)))


def test_a_real_id_is_not_taken_as_an_argument(reader: DeltaReader) -> None:
    with pytest.raises(UsageError, match="--subject-file") as caught:
        about(reader, "Ana Example", None)
    assert "Ana" not in str(caught.value)


def test_an_id_of_something_else_is_no_asset(reader: DeltaReader) -> None:
    with pytest.raises(UsageError, match="not of an asset"):
        about(reader, None, story.LINE_BEN)


@pytest.mark.parametrize(("day", "known"), [(4, 0), (6, 1), (10, 1), (12, 2)])
def test_statements_recorded_later_are_not_shown(reader: DeltaReader, day: int, known: int) -> None:
    assert known == len(log_consents(reader, About(subject_id=story.BEN), at(day)))


def test_what_a_scope_reaches_is_said_in_words() -> None:
    assert "all footage" == reach(Scope())
    window = (at(1), at(2, 6))
    said = reach(Scope(sources=("studio",), events=("fair", "ball"), from_at=window[0], to_at=window[1]))
    assert (
        "sources studio; events fair, ball; captured from 2026-11-01 00:00; captured before 2026-11-02 06:00"
        == said
    )


@given(scopes)
def test_some_footage_lies_inside_every_scope(scope: Scope) -> None:
    possible = scope.from_at is None or scope.to_at is None or scope.from_at < scope.to_at
    assert fits(scope, inside(scope), unknown_fits=False) == possible
