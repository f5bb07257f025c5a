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

from habeas.model.people import ConsentStatement, ConsentStatus, Place, Scope
from habeas.records.consent_ledger import Standing, covers, standing

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


HOURS_9 = timedelta(hours=9)


def test_a_withdrawal_at_the_desk_holds_against_a_consent_in_local_time_written_as_utc() -> None:
    """In Seoul ten o'clock is one o'clock UTC; exported with a Z, the consent seems nine hours ahead."""
    said_at, desk = day("2026-06-01"), day("2026-06-01") + timedelta(hours=2)
    said = [a_statement(given_at=said_at + HOURS_9, recorded_at=said_at)]
    withdrawn = a_statement("withdrawn", given_at=desk, recorded_at=desk)
    for hours in (2, 8, 9, 10, 2_000):
        assert "withdrawn" == stands([*said, withdrawn], said_at + timedelta(hours=hours)).status


def test_a_withdrawal_dated_ahead_holds_from_its_recording() -> None:
    desk = day("2026-06-01")
    said = [a_statement(), a_statement("withdrawn", given_at=desk + HOURS_9, recorded_at=desk)]
    assert "given" == stands(said, desk - timedelta(microseconds=1)).status
    assert "withdrawn" == stands(said, desk).status
    again = a_statement(given_at=desk + timedelta(hours=1))
    assert "given" == stands([*said, again], desk + timedelta(hours=1)).status, "and no longer than any other"


def test_a_no_recorded_after_a_consent_holds_also_where_it_is_dated_before_it() -> None:
    no = a_statement("refused", given_at=day("2026-01-01"), recorded_at=day("2026-03-01"))
    said = [a_statement(given_at=day("2026-02-01")), no]
    assert ("given", day("2026-03-01")) == (
        stands(said, day("2026-02-15")).status,
        stands(said, day("2026-02-15")).flips_at,
    )
    assert "refused" == stands(said).status
    assert "given" == stands([*said, a_statement(given_at=day("2026-03-02"))]).status


def test_of_one_import_the_order_of_giving_counts() -> None:
    """All its lines are recorded at one instant."""
    once = day("2026-05-01")
    no = a_statement("refused", given_at=day("2026-01-01"), recorded_at=once)
    assert "given" == stands([no, a_statement(given_at=day("2026-02-01"), recorded_at=once)]).status
    assert "refused" == stands([no, a_statement(given_at=day("2025-12-01"), recorded_at=once)]).status


def test_a_consent_that_beats_one_no_and_not_the_other_opens_nothing() -> None:
    late = a_statement("refused", given_at=day("2026-03-10"), recorded_at=day("2026-03-10"))
    told_late = a_statement("withdrawn", given_at=day("2026-03-01"), recorded_at=day("2026-03-20"))
    first = a_statement(given_at=day("2026-03-11"), recorded_at=day("2026-03-15"))
    other = a_statement(given_at=day("2026-03-05"), recorded_at=day("2026-03-25"))
    assert "refused" == stands([late, told_late, first, other]).status


def test_a_withdrawal_leaves_the_consent_it_ended_to_be_described() -> None:
    given_ = a_statement(explicit=True, separate=True, notice_version="2")
    withdrawn = a_statement(
        "withdrawn", given_at=day("2026-02-01"), explicit=None, separate=None, notice_version=""
    )
    found = stands([given_, withdrawn])
    assert ("withdrawn", withdrawn, given_) == (found.status, found.statement, found.consent)
    assert None is stands([a_statement("refused")]).consent
    assert given_ == stands([given_]).consent


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


def since(statement: ConsentStatement) -> datetime:
    """A no holds from its recording at the latest."""
    no = statement.status is not ConsentStatus.GIVEN
    return statement.recorded_at if no and statement.recorded_at < statement.given_at else statement.given_at


def newer_in_both(consent: ConsentStatement, no: ConsentStatement) -> bool:
    """A consent dated ahead is taken as given when it was recorded."""
    given = min(consent.given_at, consent.recorded_at)
    return not (given <= since(no) or consent.recorded_at < no.recorded_at)


def slowly(
    said: list[ConsentStatement], at: datetime, place: Place
) -> tuple[str | None, str | None, bool | None]:
    """Status, who speaks, and whether it is about this footage: every statement against every other."""
    heard = mine(said, at)
    fitting = [each for each in heard if covers(each, place)]
    about = fitting or heard
    if not about:
        return None, None, None
    begun = [each for each in about if since(each) <= at]
    noes = [each for each in begun if each.status is not ConsentStatus.GIVEN]
    consents = [each for each in begun if each.status is ConsentStatus.GIVEN]
    last = [one for one in consents if all(other.given_at <= one.given_at for other in consents)]
    heeded = any(all(newer_in_both(one, no) for no in noes) for one in last)
    pool = (last if heeded else noes) or about
    latest = sorted({since(each) for each in pool})[-1 if begun else 0]
    pool = [each for each in pool if since(each) == latest]
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
    """The newest consent is newer in both times than every no, and has not ended."""
    heard = [each for each in mine(said, at) if since(each) <= at and covers(each, a_place())]
    noes = [each for each in heard if each.status is not ConsentStatus.GIVEN]
    consents = [each for each in heard if each.status is ConsentStatus.GIVEN]
    newest = [each for each in consents if each.given_at == max(other.given_at for other in consents)]
    heeded = any(all(newer_in_both(each, no) for no in noes) for each in newest)
    expected = heeded and all(each.expires_at is None or each.expires_at > at for each in newest)
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


@given(ledgers, moments, st.integers(0, 400 * 24), places)
def test_a_no_recorded_now_closes_now_whatever_its_own_date(
    said: list[ConsentStatement], at: datetime, hours: int, place: Place
) -> None:
    """Dated ahead, as local time with a Z is, or back: what is known by now isn't recorded after it."""
    for given_at in (at + timedelta(hours=hours), at - timedelta(hours=hours)):
        for word in ("withdrawn", "refused"):
            known = [each for each in said if each.recorded_at < at]
            no = a_statement(word, given_at=given_at, recorded_at=at)
            assert not allows(stands([*known, no], at, place=place))


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
