from __future__ import annotations

from pathlib import Path

import pytest
import small_warehouse as story
from small_warehouse import at

from habeas.adapters.delta_reader import DeltaReader
from habeas.errors import UsageError
from habeas.steps.audit import About, about, log_consents, log_decisions


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
