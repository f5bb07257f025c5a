"""The ledger against a second, even plainer one, and the rights it protects."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from ledgers import START, ledgers, moments, places, scopes, statements
from ordinary import a_place, a_statement, day

from habeas.consent.ledger import Standing, covers, standing
from habeas.model.people import ConsentStatement, ConsentStatus, Place, Scope

NOW = day("2026-06-01")


def stands(
    said: list[ConsentStatement], at: datetime = NOW, source: str = "studio", place: Place | None = None
) -> Standing:
    return standing(said, "subject-1", "archive_search", place or a_place(source), at, at)


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


def test_a_release_for_one_event_is_none_for_another() -> None:
    said = [a_statement(scope=Scope(events=("fair",)))]
    at_the_fair, at_the_ball = a_place(events=("fair",)), a_place(events=("ball",))
    assert ("given", True) == (
        stands(said, place=at_the_fair).status,
        stands(said, place=at_the_fair).in_scope,
    )
    assert ("given", False) == (
        stands(said, place=at_the_ball).status,
        stands(said, place=at_the_ball).in_scope,
    )


def test_a_consent_for_a_time_says_nothing_about_footage_nobody_can_date() -> None:
    said = [a_statement(scope=Scope(from_at=START, to_at=NOW))]
    assert True is stands(said).in_scope
    assert False is stands(said, place=a_place(captured_at=None)).in_scope


def test_a_withdrawal_for_a_time_reaches_footage_nobody_can_date() -> None:
    said = [
        a_statement(),
        a_statement("withdrawn", given_at=day("2026-02-01"), scope=Scope(to_at=day("2020-01-01"))),
    ]
    assert "given" == stands(said).status
    assert "withdrawn" == stands(said, place=a_place(captured_at=None)).status


def test_withdrawing_for_one_event_leaves_the_others() -> None:
    said = [
        a_statement(),
        a_statement("withdrawn", given_at=day("2026-02-01"), scope=Scope(events=("fair",))),
    ]
    assert "withdrawn" == stands(said, place=a_place(events=("fair",))).status
    assert ("given", True) == (stands(said).status, stands(said).in_scope)


@pytest.mark.parametrize(
    ("wider", "narrower"),
    [
        ({"separate": True}, {"separate": None}),
        ({"separate": None}, {"separate": False}),
        ({"written": True}, {"written": False}),
        ({"recipients": ("a", "b")}, {"recipients": ("a",)}),
        ({"countries": ("KR", "US-IL")}, {"countries": ()}),
        ({"separate": True, "written": False}, {"separate": False, "written": True}),
        ({"explicit": True, "separate": False}, {"explicit": False, "separate": True}),
        ({"expires_at": None, "explicit": False}, {"expires_at": day("2027-01-01"), "explicit": True}),
    ],
)
def test_of_two_consents_at_one_instant_the_one_that_gives_less_holds(
    wider: dict[str, Any], narrower: dict[str, Any]
) -> None:
    more, less = a_statement(**wider, consent_id="z"), a_statement(**narrower, consent_id="a")
    assert less == stands([more, less]).statement == stands([less, more]).statement


# --- generated ledgers ----------------------------------------------------------------------


def allows(found: Standing) -> bool:
    return found.status == "given" and found.in_scope is True


def mine(said: list[ConsentStatement], at: datetime) -> list[ConsentStatement]:
    return [
        each
        for each in said
        if (each.subject_id, each.purpose) == ("subject-1", "archive_search") and each.recorded_at <= at
    ]


DOUBT = [True, None, False]
SEVERITY = [ConsentStatus.GIVEN, ConsentStatus.REFUSED, ConsentStatus.WITHDRAWN]


def gives_less(one: ConsentStatement, other: ConsentStatement) -> bool:
    """True when `one` is more restrictive than `other`: the first point in which they differ decides."""
    if one.status is not other.status:
        return SEVERITY.index(one.status) > SEVERITY.index(other.status)
    if one.status is ConsentStatus.GIVEN and one.expires_at != other.expires_at:
        return other.expires_at is None or (one.expires_at is not None and one.expires_at < other.expires_at)
    for name in ("explicit", "separate", "written"):
        mine_, theirs = getattr(one, name), getattr(other, name)
        if mine_ != theirs:
            return DOUBT.index(mine_) > DOUBT.index(theirs)
    for name in ("recipients", "countries"):
        if len(getattr(one, name)) != len(getattr(other, name)):
            return len(getattr(one, name)) < len(getattr(other, name))
    return one.consent_id > other.consent_id


def slowly(
    said: list[ConsentStatement], at: datetime, place: Place
) -> tuple[str | None, str | None, bool | None]:
    """Status, who speaks, and whether it is about this footage: every statement against every other."""
    heard = mine(said, at)
    fitting = [each for each in heard if covers(each, place)]
    about = fitting or heard
    if not about:
        return None, None, None
    begun = [each for each in about if each.given_at <= at]
    pool = begun or about
    latest = sorted({each.given_at for each in pool})[-1 if begun else 0]
    pool = [each for each in pool if each.given_at == latest]
    (winner, *_) = [
        one for one in pool if not any(gives_less(other, one) for other in pool if other is not one)
    ]
    if not begun:
        word = "future"
    elif winner.status is ConsentStatus.GIVEN:
        over = winner.expires_at is not None and winner.expires_at <= at
        word = "expired" if over else "given"
    else:
        word = {ConsentStatus.REFUSED: "refused", ConsentStatus.WITHDRAWN: "withdrawn"}[winner.status]
    return word, winner.consent_id, bool(fitting)


@examples(300)
@given(ledgers, moments, places)
def test_the_ledger_answers_as_the_plain_reading_does(
    said: list[ConsentStatement], at: datetime, place: Place
) -> None:
    distinct = [replace(each, consent_id=f"c{number}") for number, each in enumerate(said)]
    found = stands(distinct, at, place=place)
    speaker = found.statement.consent_id if found.statement else None
    assert slowly(distinct, at, place) == (found.status, speaker, found.in_scope)


@given(ledgers, moments)
def test_consent_stands_only_where_nothing_newer_speaks(said: list[ConsentStatement], at: datetime) -> None:
    """A consent is in force, and nothing as new or newer says otherwise."""
    heard = [each for each in mine(said, at) if each.given_at <= at and covers(each, a_place())]
    newest = [each for each in heard if each.given_at == max(other.given_at for other in heard)]
    expected = bool(newest) and all(
        each.status is ConsentStatus.GIVEN and (each.expires_at is None or each.expires_at > at)
        for each in newest
    )
    assert expected == allows(stands(said, at))


@examples(120)
@given(ledgers, moments, moments, scopes, places)
def test_withdrawing_never_opens_what_was_closed(
    said: list[ConsentStatement], at: datetime, when: datetime, scope: Scope, place: Place
) -> None:
    for word in ("withdrawn", "refused"):
        withdrawal = a_statement(word, given_at=when, scope=scope, recorded_at=min(when, at))
        after = stands([*said, withdrawal], at, place=place)
        assert allows(stands(said, at, place=place)) or not allows(after)


@given(ledgers, moments, places)
def test_withdrawing_now_closes_now(said: list[ConsentStatement], at: datetime, place: Place) -> None:
    assert not allows(stands([*said, a_statement("withdrawn", given_at=at)], at, place=place))


@examples(120)
@given(ledgers, moments, st.integers(0, 400), places)
def test_nothing_flips_before_flips_at(
    said: list[ConsentStatement], at: datetime, hours: int, place: Place
) -> None:
    now = stands(said, at, place=place)
    later = at + timedelta(hours=hours)
    if now.flips_at is None or later < now.flips_at:
        then = stands(said, later, place=place)
        assert (now.status, now.statement, now.in_scope) == (then.status, then.statement, then.in_scope)
    assert now.flips_at is None or now.flips_at > at


@given(ledgers, moments, st.randoms())
def test_the_order_of_the_ledger_says_nothing(
    said: list[ConsentStatement], at: datetime, random: object
) -> None:
    distinct = [replace(each, consent_id=f"c{number}") for number, each in enumerate(said)]
    shuffled = list(distinct)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert stands(distinct, at) == stands(shuffled, at)


@given(st.lists(statements(), max_size=4), moments, places)
def test_what_is_not_known_yet_says_nothing(said: list[ConsentStatement], at: datetime, place: Place) -> None:
    later = [replace(each, recorded_at=at + timedelta(seconds=1)) for each in said]
    assert None is stands(later, at, place=place).status


def test_what_has_no_end_never_flips() -> None:
    assert None is stands([a_statement()]).flips_at
    ends_later = a_statement("withdrawn", expires_at=day("2027-01-01"))
    assert ("withdrawn", None) == (stands([ends_later]).status, stands([ends_later]).flips_at)
    refused = a_statement("refused", expires_at=day("2027-01-01"))
    assert ("refused", None) == (stands([refused]).status, stands([refused]).flips_at)
