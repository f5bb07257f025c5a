"""A child comes of age: the newest band counts as long as it can be known, and a guardian's yes ends."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from deriving import a_full_statement, a_subject, embed
from import_files import CONSENT, PURPOSES, KeyStore, csv_bytes
from ordinary import day

from habeas.policy.derivation.coming_of_age import age_known, guardian_ends, years_after
from habeas.records.imports.pipeline import import_consents
from habeas.records.parsing.people import united

SAID = day("2026-01-02")
INSTANT = timedelta(microseconds=1)
YEARS = {"under_14": 4, "under_16": 2, "under_18": 1}


def facts(as_of, age, said_at=SAID, guardian=True, given_at=SAID):
    statement = a_full_statement("given", "archive_search", given_at, None, guardian=guardian)
    subject = a_subject(age=age, age_said_at=said_at)
    return embed(as_of=as_of, subject=subject, statements=[statement])


@pytest.mark.parametrize("age", YEARS)
def test_a_guardians_yes_ends_when_the_child_may_have_come_of_age(age: str) -> None:
    ends = years_after(SAID, YEARS[age])
    before = facts(ends - INSTANT, age)
    assert ("given", age, True) == tuple(before.facts[n] for n in ("consent", "age", "guardian_consented"))
    after = facts(ends, age).facts
    assert ("expired", None) == (after["consent"], after.get("age")), "and the age is a gap"
    assert facts(day("2026-02-01"), age).valid_until <= ends


def test_a_guardians_yes_ends_at_once_where_the_person_is_said_to_be_of_age() -> None:
    assert "expired" == facts(day("2026-02-01"), "adult", said_at=day("2026-01-15")).facts["consent"]
    assert "given" == facts(day("2026-02-01"), "adult", guardian=False).facts["consent"]


def test_a_guardians_yes_for_somebody_of_unknown_age_holds_for_a_year() -> None:
    assert "given" == facts(years_after(SAID, 1) - INSTANT, None).facts["consent"]
    assert "expired" == facts(years_after(SAID, 1), None).facts["consent"]


def test_a_guardians_no_holds_for_ever() -> None:
    no = a_full_statement("refused", "archive_search", SAID, None, guardian=True)
    late = embed(as_of=day("2090-01-01"), subject=a_subject(age="adult", age_said_at=SAID), statements=[no])
    assert "refused" == late.facts["consent"]


def test_of_a_leap_day_the_day_before_march_counts() -> None:
    leap = datetime(2028, 2, 29, 12, tzinfo=UTC)
    assert [datetime(2029, 2, 28, 12, tzinfo=UTC), datetime(2032, 2, 29, 12, tzinfo=UTC)] == [
        years_after(leap, 1),
        years_after(leap, 4),
    ]


def test_an_adult_stays_one_and_an_undated_band_is_taken_as_it_is() -> None:
    assert ("adult", None) == age_known(a_subject(age="adult", age_said_at=SAID), day("2090-01-01"))
    assert ("under_14", None) == age_known(a_subject(age="under_14", age_said_at=None), day("2090-01-01"))
    given_ = a_full_statement("given", "archive_search", SAID, None, guardian=True)
    assert years_after(SAID, 4) == guardian_ends(a_subject(age="under_14", age_said_at=None), given_)


def test_whoever_came_of_age_is_an_adult_by_the_newest_statement() -> None:
    """And an older list that comes later makes nobody a child again."""
    rows = [
        {"age": "under_16", "guardian": "true", "given_at": "2024-01-02T00:00:00Z", "evidence_digest": "ab" * 32},
        {"age": "adult", "guardian": "false", "given_at": "2026-05-02T00:00:00Z"},
    ]  # fmt: skip
    child, adult = (told(row) for row in rows)
    assert ("under_16", "adult") == (child.age, adult.age)
    assert "adult" == united(child, adult).age == united(adult, child).age
    assert day("2026-05-02") == united(child, adult).age_said_at


def told(row):
    found = import_consents(
        io.BytesIO(csv_bytes(CONSENT, row)), purposes=PURPOSES, recorded_at=day("2026-06-01"),
        subject_of=KeyStore().subject_of,
    )  # fmt: skip
    assert () == found.set_aside
    return found.subjects[0]
