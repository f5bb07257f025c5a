"""A no is kept wherever it can be read; a yes must be beyond doubt."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from import_files import CONSENT, PURPOSES, KeyStore, csv_bytes
from ordinary import day

from habeas.model.installation.clocks import SKEW
from habeas.model.people import ConsentStatement
from habeas.records.imports.pipeline import Imported, import_consents

NOW = day("2026-11-23")
EVIDENCE = {"evidence_digest": "ab" * 32}


def at(days: float) -> str:
    """So many days before now."""
    return (NOW - timedelta(days=days)).isoformat()


def read(*changes: dict[str, Any], recorded: tuple[ConsentStatement, ...] = ()) -> Imported[ConsentStatement]:
    def known(subject_ids: Any) -> list[ConsentStatement]:
        return [each for each in recorded if each.subject_id in subject_ids]

    return import_consents(
        io.BytesIO(csv_bytes(CONSENT, *changes)), purposes=PURPOSES, recorded_at=NOW,
        subject_of=KeyStore().subject_of, recorded=known,
    )  # fmt: skip


def told(found: Imported[Any]) -> list[tuple[int | None, str]]:
    return [(each.line_number, each.reason) for each in found.set_aside]


def words(found: Imported[ConsentStatement]) -> list[str]:
    return [each.status.name.lower() for each in found.records]


@pytest.mark.parametrize("word", ["refused", "withdrawn"])
def test_a_yes_never_stands_beside_a_recorded_no_of_the_same_instant(word: str) -> None:
    no = read({"status": word, "given_at": at(1)}).records
    found = read({"given_at": at(1)}, recorded=no)
    assert ([(2, "conflicting_statements")], []) == (told(found), words(found))


@pytest.mark.parametrize("word", ["refused", "withdrawn"])
def test_a_no_is_heard_beside_a_recorded_yes_of_the_same_instant(word: str) -> None:
    yes = read({"given_at": at(1)}).records
    found = read({"status": word, "given_at": at(1)}, recorded=yes)
    assert ([], [word]) == (told(found), words(found))


def test_two_noes_at_one_instant_are_both_heard() -> None:
    found = read({"status": "refused"}, {"status": "withdrawn"}, {})
    assert ([(4, "conflicting_statements")], ["refused", "withdrawn"]) == (told(found), words(found))


def test_a_consent_of_long_ago_needs_its_evidence() -> None:
    assert [(2, "backdated")] == told(read({"given_at": at(366.5)}))
    assert [] == told(read({"given_at": at(365.5)}))
    assert [] == told(read({"given_at": at(4000)} | EVIDENCE))


def test_a_no_of_long_ago_needs_none() -> None:
    found = read({"given_at": at(4000), "status": "withdrawn"}, {"given_at": at(4001), "status": "refused"})
    assert ([], ["withdrawn", "refused"]) == (told(found), words(found))


@pytest.mark.parametrize("word", ["refused", "withdrawn"])
def test_what_a_person_closed_is_not_opened_by_an_old_yes_without_evidence(word: str) -> None:
    no = read({"status": word, "given_at": at(100)}).records
    assert [(2, "backdated")] == told(read({"given_at": at(8)}, recorded=no))
    assert [] == told(read({"given_at": at(6)}, recorded=no))
    assert [] == told(read({"given_at": at(8)} | EVIDENCE, recorded=no))
    together = read({"status": word, "given_at": at(100)}, {"given_at": at(8)})
    assert ([(3, "backdated")], [word]) == (told(together), words(together))


def test_a_yes_dated_before_the_no_is_history() -> None:
    no = read({"status": "withdrawn", "given_at": at(100)}).records
    assert [] == told(read({"given_at": at(101)}, recorded=no))


def test_another_persons_no_or_another_purpose_says_nothing_about_a_yes() -> None:
    no = read(
        {"status": "withdrawn", "given_at": at(100), "subject": "juno"},
        {"status": "withdrawn", "given_at": at(100), "purpose": "model_training"},
    ).records
    assert [] == told(read({"given_at": at(8)}, recorded=no))


def test_what_is_recorded_is_not_judged_again() -> None:
    first = read({"given_at": at(20)}).records
    no = read({"status": "withdrawn", "given_at": at(30)}, {"status": "refused", "given_at": at(20)}).records
    again = read({"given_at": at(20)}, recorded=(*first, *no))
    assert ([], first) == (told(again), again.records)


def test_a_withdrawal_of_what_nobody_gave_is_kept_and_counted() -> None:
    found = read({"status": "withdrawn", "subject": "juno"}, {})
    assert ([], 1, 2) == (told(found), found.withdrawn_unasked, len(found.records))
    given = read({"subject": "juno", "given_at": at(400)} | EVIDENCE).records
    assert 0 == read({"status": "withdrawn", "subject": "juno"}, recorded=given).withdrawn_unasked
    assert 0 == read({}, {"status": "withdrawn", "given_at": at(1)}).withdrawn_unasked
    assert 0 == read({"status": "refused"}).withdrawn_unasked


@pytest.mark.parametrize("word", ["refused", "withdrawn"])
def test_a_no_for_later_holds_from_now_on_since_nobody_may_wait_for_it(word: str) -> None:
    """Korean local time that was exported with a Z is nine hours ahead."""
    found = read({"status": word, "given_at": at(-400)}, {"status": word, "given_at": at(-9 / 24)})
    assert ([], 2, 0) == (told(found), len(found.records), found.refusals_set_aside)
    assert {NOW} == {each.given_at for each in found.records}
    assert [(2, "lies_ahead"), (3, "lies_ahead")] == [(e.line_number, e.reason) for e in found.remarks]


@pytest.mark.parametrize("ahead", [timedelta(hours=9), timedelta(days=366), SKEW + timedelta(seconds=1)])
def test_a_consent_dated_ahead_of_its_import_is_set_aside(ahead: timedelta) -> None:
    """Local time of Seoul that was exported with a Z is nine hours ahead."""
    days = -ahead / timedelta(days=1)
    assert [(2, "lies_ahead")] == told(read({"given_at": at(days)}))


def test_a_consent_may_be_ahead_by_as_much_as_clocks_differ() -> None:
    assert [] == told(read({"given_at": at(-SKEW / timedelta(days=1))}))


def test_a_guardian_may_say_no_for_anybody_and_yes_for_the_young_alone() -> None:
    adult = {"guardian": "true", "age": "adult"}
    assert [(2, "guardian_of_adult")] == told(read(adult))
    assert [] == told(read(adult | {"status": "withdrawn"}))
    assert [] == told(read(adult | {"age": "under_14"}))
    assert [] == told(read(adult | {"age": ""}))


def test_yes_to_one_purpose_or_event_and_no_to_another_at_one_instant_are_no_contradiction() -> None:
    for other in ({"purpose": "model_training"}, {"events": "ball"}):
        assert [] == told(read({"given_at": at(1)}, other | {"status": "refused", "given_at": at(1)}))


def test_the_first_no_is_the_one_a_later_yes_would_open() -> None:
    no = read({"status": "refused", "given_at": at(200)}, {"status": "withdrawn", "given_at": at(5)}).records
    assert [(2, "backdated")] == told(read({"given_at": at(8)}, recorded=no))


def test_a_limit_is_reached_when_it_is_passed() -> None:
    no = read({"status": "refused", "given_at": at(200)}).records
    assert [] == told(read({"given_at": at(7)}, recorded=no)) == told(read({"given_at": at(366)}))
