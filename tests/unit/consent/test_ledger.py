"""The ledger against a second, even plainer one, and the rights it protects."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from ordinary import a_place, a_statement, day

from habeas.consent.ledger import Standing, covers, standing
from habeas.model.people import ConsentStatement, ConsentStatus

START = day("2026-01-01")
NOW = day("2026-06-01")


def stands(said: list[ConsentStatement], at: datetime = NOW, source: str = "studio") -> Standing:
    return standing(said, "subject-1", "archive_search", a_place(source), at, at)


def test_never_asked_is_no_status() -> None:
    assert Standing(None, None, None, None) == stands([])


def test_another_persons_consent_says_nothing() -> None:
    assert None is stands([a_statement(subject_id="subject-2")]).status


def test_a_purpose_counts_to_the_letter() -> None:
    for purpose in ("archive_search ", "Archive_search", "archive_search_2", "archive"):
        assert None is stands([a_statement(purpose=purpose)]).status


def test_consent_ends_when_it_said_it_would() -> None:
    said = [a_statement(expires_at=NOW)]
    before = NOW - timedelta(microseconds=1)
    assert ("given", NOW) == (stands(said, before).status, stands(said, before).flips_at)
    assert ("expired", None) == (stands(said).status, stands(said).flips_at)


def test_an_ended_consent_does_not_revive_an_older_one() -> None:
    said = [a_statement(), a_statement(given_at=day("2026-02-01"), expires_at=day("2026-03-01"))]
    assert "expired" == stands(said).status


def test_withdrawing_has_no_end() -> None:
    said = [a_statement("withdrawn", expires_at=day("2026-02-01"))]
    assert ("withdrawn", None) == (stands(said).status, stands(said).flips_at)


def test_of_two_statements_at_one_instant_the_more_restrictive_holds() -> None:
    given_, refused, withdrawn = (a_statement(word) for word in ("given", "refused", "withdrawn"))
    assert "withdrawn" == stands([given_, withdrawn, refused]).status
    assert "refused" == stands([refused, given_]).status
    assert False is stands([a_statement(), a_statement(explicit=False)]).statement.explicit  # type: ignore[union-attr]
    assert None is stands([a_statement(explicit=None), a_statement()]).statement.explicit  # type: ignore[union-attr]


def test_a_statement_counts_from_when_it_was_recorded() -> None:
    said = [
        a_statement(),
        a_statement("withdrawn", given_at=day("2026-02-01"), recorded_at=day("2026-07-01")),
    ]
    assert ("given", day("2026-07-01")) == (stands(said).status, stands(said).flips_at)
    assert "withdrawn" == stands(said, day("2026-07-01")).status


def test_what_we_knew_then_can_be_asked_later() -> None:
    said = [
        a_statement(),
        a_statement("withdrawn", given_at=day("2026-02-01"), recorded_at=day("2026-07-01")),
    ]
    then = standing(said, "subject-1", "archive_search", a_place(), NOW, known_at=NOW)
    now = standing(said, "subject-1", "archive_search", a_place(), NOW, known_at=day("2026-08-01"))
    assert ("given", "withdrawn") == (then.status, now.status)


def test_a_consent_that_begins_later_is_future_until_then() -> None:
    said = [a_statement(given_at=day("2026-07-01"), recorded_at=START)]
    assert ("future", day("2026-07-01")) == (stands(said).status, stands(said).flips_at)
    assert "given" == stands(said, day("2026-07-01")).status


def test_a_consent_for_one_source_is_none_for_another() -> None:
    said = [a_statement(sources=("studio", "lobby"))]
    assert ("given", True) == (stands(said).status, stands(said).in_scope)
    assert ("given", False) == (stands(said, source="gate").status, stands(said, source="gate").in_scope)


def test_a_statement_about_the_source_comes_before_those_about_others() -> None:
    said = [a_statement("refused"), a_statement(given_at=day("2026-02-01"), sources=("lobby",))]
    assert "refused" == stands(said).status
    assert "given" == stands(said, source="lobby").status


# --- generated ledgers ----------------------------------------------------------------------

_DAYS = st.integers(0, 8).map(lambda days: START + timedelta(days=days))


@st.composite
def statements(draw: st.DrawFn) -> ConsentStatement:
    given_at = draw(_DAYS)
    ends = draw(st.none() | st.integers(1, 6))
    return a_statement(
        draw(st.sampled_from(["given", "given", "refused", "withdrawn"])),
        draw(st.sampled_from(["archive_search", "archive_search", "model_training"])),
        given_at,
        None if ends is None else given_at + timedelta(days=ends),
        recorded_at=draw(_DAYS),
        subject_id=draw(st.sampled_from(["subject-1", "subject-1", "subject-2"])),
        sources=draw(st.sampled_from([(), (), ("studio",), ("lobby",)])),
        explicit=draw(st.sampled_from([True, False, None])),
        consent_id=str(draw(st.integers(0, 10**6))),
    )


ledgers = st.lists(statements(), max_size=6)
moments = st.integers(-1, 20).map(lambda halves: START + timedelta(hours=12 * halves))


def allows(found: Standing) -> bool:
    return found.status == "given" and found.in_scope is True


@given(ledgers, moments)
def test_consent_stands_only_where_nothing_newer_speaks(said: list[ConsentStatement], at: datetime) -> None:
    """A second reading of the rules: a consent is in force, and nothing as new or newer says otherwise."""
    mine = [
        each
        for each in said
        if (each.subject_id, each.purpose) == ("subject-1", "archive_search")
        and each.recorded_at <= at
        and each.given_at <= at
        and covers(each, a_place())
    ]
    newest = [each for each in mine if each.given_at == max(other.given_at for other in mine)]
    expected = bool(newest) and all(
        each.status is ConsentStatus.GIVEN and (each.expires_at is None or each.expires_at > at)
        for each in newest
    )
    known_about = any(
        (each.subject_id, each.purpose) == ("subject-1", "archive_search")
        and each.recorded_at <= at
        and covers(each, a_place())
        for each in said
    )
    found = stands(said, at)
    assert expected == allows(found)
    assert known_about == (found.in_scope is True)


@given(ledgers, moments, moments)
def test_withdrawing_never_opens_what_was_closed(
    said: list[ConsentStatement], at: datetime, when: datetime
) -> None:
    for sources in ((), ("studio",), ("lobby",)):
        withdrawal = a_statement("withdrawn", given_at=when, sources=sources, recorded_at=min(when, at))
        after = stands([*said, withdrawal], at)
        assert allows(stands(said, at)) or not allows(after)


@given(ledgers, moments)
def test_withdrawing_now_closes_now(said: list[ConsentStatement], at: datetime) -> None:
    assert not allows(stands([*said, a_statement("withdrawn", given_at=at)], at))


@given(ledgers, moments, st.integers(0, 400))
def test_nothing_flips_before_flips_at(said: list[ConsentStatement], at: datetime, hours: int) -> None:
    now = stands(said, at)
    later = at + timedelta(hours=hours)
    if now.flips_at is None or later < now.flips_at:
        then = stands(said, later)
        assert (now.status, now.statement, now.in_scope) == (
            then.status,
            then.statement,
            then.in_scope,
        )
    assert now.flips_at is None or now.flips_at > at


@given(ledgers, moments, st.randoms())
def test_the_order_of_the_ledger_says_nothing(
    said: list[ConsentStatement], at: datetime, random: object
) -> None:
    distinct = [replace(each, consent_id=f"c{number}") for number, each in enumerate(said)]
    shuffled = list(distinct)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert stands(distinct, at) == stands(shuffled, at)
