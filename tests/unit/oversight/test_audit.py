from __future__ import annotations

from pathlib import Path

import pytest
import small_warehouse as story
from hypothesis import given
from ledgers import scopes
from small_warehouse import at

from habeas.model.errors import UsageError
from habeas.model.people import Scope
from habeas.oversight.queries.audit import About, about, find_subject, inside, log_consents, log_decisions
from habeas.records.scopes import fits
from habeas.warehouse.delta.delta_reader import DeltaReader


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


def test_a_person_is_found_by_the_beginning_of_their_id(reader: DeltaReader) -> None:
    wanted = about(reader, story.BEN[:8], None)
    assert About(subject_id=story.BEN) == wanted == about(reader, story.BEN.upper(), None)
    assert [story.WITHDRAWN] == [row["decision_id"] for row in log_decisions(reader, wanted, at(25))]


@pytest.mark.parametrize("subject", ["12345678", "9" * 32, "a1" * 15 + "a2", "a1a1a1"])
def test_nothing_recorded_is_never_said_about_nobody(reader: DeltaReader, subject: str) -> None:
    """Eight digits may be a badge number: it isn't repeated."""
    with pytest.raises(UsageError, match="--subject-file") as caught:
        about(reader, subject, None)
    assert subject not in str(caught.value)


def test_two_people_are_never_taken_for_one(tmp_path: Path) -> None:
    """One stands in a list of those left out alone, one in a roster alone."""
    first, second = "a" * 8 + "1" * 24, "a" * 8 + "2" * 24
    lists: dict[str, list[str]] = {name: [] for name in story.LISTS}
    out = {**lists, "leave_out_id": "1e" * 16, "kind": "objection", "subject_id": first, "since": at(6)}
    story.write(tmp_path, "leave_outs", [out])
    story.write(tmp_path, "rosters", [{"line_id": "2e" * 16, "subject_id": second}, {"line_id": "3e" * 16}])
    reader = DeltaReader(tmp_path)
    with pytest.raises(UsageError, match=f"2 subject ids: {first}, {second}"):
        find_subject(reader, "a" * 8)
    assert first == find_subject(reader, "a" * 8 + "1")
    assert second == find_subject(reader, second)


def test_an_id_of_something_else_is_no_asset(reader: DeltaReader) -> None:
    with pytest.raises(UsageError, match="not of an asset"):
        about(reader, None, story.LINE_BEN)


@pytest.mark.parametrize(("day", "known"), [(4, 0), (6, 1), (10, 1), (12, 2)])
def test_statements_recorded_later_are_not_shown(reader: DeltaReader, day: int, known: int) -> None:
    assert known == len(log_consents(reader, About(subject_id=story.BEN), at(day)))


@given(scopes)
def test_some_footage_lies_inside_every_scope(scope: Scope) -> None:
    possible = scope.from_at is None or scope.to_at is None or scope.from_at < scope.to_at
    assert fits(scope, inside(scope), unknown_fits=False) == possible
