"""Leaving out always wins: what a list closes, nothing a person says opens, and only a lift ends it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from ledgers import leave_outs, lists, moments, places
from ordinary import a_leave_out, a_place, day

from habeas.model.people import LeaveOut, LeaveOutKind, Place, Scope
from habeas.records.leave_outs import LeftOut, left_out

NOW = day("2026-06-01")


def out(
    listed: list[LeaveOut],
    at: datetime = NOW,
    *,
    subject: str | None = "subject-1",
    purpose: str = "archive_search",
    place: Place | None = None,
) -> LeftOut:
    return left_out(listed, subject, purpose, place or a_place(), at, at)


def test_nobody_is_left_out_of_an_empty_list() -> None:
    assert LeftOut(frozenset(), None) == out([])


def test_a_person_who_is_left_out_is_left_out_everywhere() -> None:
    for purpose in ("archive_search", "model_training"):
        assert {LeaveOutKind.LEAVE_OUT} == out([a_leave_out()], purpose=purpose).kinds


def test_another_person_is_not() -> None:
    assert not out([a_leave_out(subject_id="subject-2")]).kinds


def test_a_persons_record_closes_no_footage() -> None:
    assert not out([a_leave_out()], subject=None).kinds


def test_footage_is_left_out_whoever_is_in_it() -> None:
    lot = [a_leave_out(subject_id=None, scope=Scope(lots=("lot-1",)))]
    place = a_place(lots=("lot-1",))
    assert out(lot, place=place).kinds == out(lot, place=place, subject=None).kinds != frozenset()
    assert not out(lot, place=a_place(lots=("lot-2",))).kinds


def test_footage_nobody_can_date_is_left_out_with_any_window() -> None:
    listed = [a_leave_out(subject_id=None, scope=Scope(to_at=day("2000-01-01")))]
    assert not out(listed).kinds
    assert out(listed, place=a_place(captured_at=None)).kinds


def test_a_purpose_that_is_not_named_stays() -> None:
    listed = [a_leave_out("objection", purposes=("model_training",))]
    assert not out(listed).kinds
    assert {LeaveOutKind.OBJECTION} == out(listed, purpose="model_training").kinds


def test_it_begins_and_ends_when_it_says() -> None:
    listed = [
        a_leave_out("restriction", day("2026-02-01"), until=day("2026-03-01"), recorded_at=day("2026-02-01"))
    ]
    assert LeftOut(frozenset(), day("2026-02-01")) == out(listed, day("2026-01-15"))
    assert LeftOut(frozenset({LeaveOutKind.RESTRICTION}), day("2026-03-01")) == out(listed, day("2026-02-01"))
    assert LeftOut(frozenset(), None) == out(listed, day("2026-03-01"))


def test_one_dated_ahead_holds_from_its_recording() -> None:
    """Local time that was written as UTC lies nine hours ahead in Seoul; the next night must not look."""
    desk = day("2026-05-01")
    listed = [a_leave_out(since=desk + timedelta(hours=9), recorded_at=desk)]
    assert out(listed, desk).kinds
    assert not out(listed, desk - timedelta(microseconds=1)).kinds


def test_a_lift_older_in_either_time_than_what_it_lifts_lifts_nothing() -> None:
    record = a_leave_out(leave_out_id="a", since=day("2026-03-01"))
    for since, recorded_at in (("2026-02-01", "2026-04-01"), ("2026-04-01", "2026-02-01")):
        lift = a_leave_out(since=day(since), recorded_at=day(recorded_at), leave_out_id="b", lifts="a")
        assert out([record, lift]).kinds
    assert not out([record, a_leave_out(since=day("2026-03-01"), leave_out_id="b", lifts="a")]).kinds


def test_it_counts_from_when_it_was_recorded() -> None:
    listed = [a_leave_out(recorded_at=day("2026-07-01"))]
    assert LeftOut(frozenset(), day("2026-07-01")) == out(listed)
    assert out(listed, day("2026-07-01")).kinds


def test_a_lift_ends_the_record_it_names_and_no_other() -> None:
    first, second = a_leave_out(leave_out_id="a"), a_leave_out(leave_out_id="b")
    lift = a_leave_out(since=day("2026-05-01"), leave_out_id="c", lifts="a")
    assert out([first], day("2026-04-30")).kinds
    assert not out([first, lift]).kinds
    assert out([first, second, lift]).kinds
    assert out([first, lift], day("2026-04-30")).kinds


def test_a_lift_closes_nothing_itself() -> None:
    assert not out([a_leave_out(lifts="somewhere else")]).kinds


def test_left_out_again_after_a_lift_is_left_out() -> None:
    lift = a_leave_out(since=day("2026-03-01"), leave_out_id="b", lifts="a")
    again = a_leave_out(since=day("2026-03-01"), leave_out_id="c")
    assert out([a_leave_out(leave_out_id="a"), lift, again]).kinds


@pytest.mark.parametrize("kind", ["leave_out", "objection", "restriction"])
def test_each_kind_is_told_apart(kind: str) -> None:
    assert {LeaveOutKind(kind)} == out([a_leave_out(kind)]).kinds


# --- generated lists ------------------------------------------------------------------------


def about(record: LeaveOut, subject: str | None, purpose: str, place: Place) -> bool:
    """Part by part; a part that says nothing asks nothing."""
    scope = record.scope
    asked = [
        (record.subject_id is not None, record.subject_id == subject),
        (bool(record.purposes), purpose in record.purposes),
        (bool(scope.sources), place.source_id in scope.sources),
        (bool(scope.assets), place.asset_id in scope.assets),
        *((bool(getattr(scope, p)), bool(set(getattr(scope, p)) & set(getattr(place, p)))) for p in PARTS),
    ]
    if place.captured_at is not None:
        asked.append((scope.from_at is not None, place.captured_at >= (scope.from_at or place.captured_at)))
        asked.append((scope.to_at is not None, place.captured_at < (scope.to_at or place.captured_at)))
    return all(met for filled, met in asked if filled)


def slowly(
    listed: list[LeaveOut], subject: str | None, purpose: str, place: Place, at: datetime
) -> set[LeaveOutKind]:
    """Record by record, each against each lift."""
    known = [each for each in listed if each.recorded_at <= at]
    begun = [each for each in known if each.since <= at or each.lifts is None]
    lifts = [each for each in begun if each.lifts is not None]
    return {
        each.kind
        for each in begun
        if each.lifts is None
        and (each.until is None or at < each.until)
        and not any(
            lift.lifts == each.leave_out_id
            and lift.recorded_at >= each.recorded_at
            and lift.since >= min(each.since, each.recorded_at)
            for lift in lifts
        )
        and about(each, subject, purpose, place)
    }


PARTS = ("folders", "sites", "events", "lots")
_people = st.sampled_from([None, "subject-1", "subject-2"])
_purposes = st.sampled_from(["archive_search", "model_training"])


@examples(150)
@given(lists, _people, _purposes, places, moments)
def test_the_list_answers_as_the_plain_reading_does(
    listed: list[LeaveOut], subject: str | None, purpose: str, place: Place, at: datetime
) -> None:
    found = out(listed, at, subject=subject, purpose=purpose, place=place)
    assert slowly(listed, subject, purpose, place, at) == found.kinds


@examples(150)
@given(lists, leave_outs(lifts=None), _people, _purposes, places, moments)
def test_a_longer_list_never_leaves_less_out(
    listed: list[LeaveOut], more: LeaveOut, subject: str | None, purpose: str, place: Place, at: datetime
) -> None:
    asked = {"subject": subject, "purpose": purpose, "place": place}
    new = replace(more, leave_out_id="new")
    assert out(listed, at, **asked).kinds <= out([*listed, new], at, **asked).kinds


@examples(150)
@given(lists, _people, _purposes, places, moments, st.integers(0, 400))
def test_nothing_flips_before_flips_at(
    listed: list[LeaveOut], subject: str | None, purpose: str, place: Place, at: datetime, hours: int
) -> None:
    asked = {"subject": subject, "purpose": purpose, "place": place}
    now, later = out(listed, at, **asked), at + timedelta(hours=hours)
    if now.flips_at is None or later < now.flips_at:
        assert now.kinds == out(listed, later, **asked).kinds
    assert now.flips_at is None or now.flips_at > at


def test_a_lift_counts_from_its_own_times_to_the_instant() -> None:
    lift = a_leave_out(
        since=day("2026-03-01"), recorded_at=day("2026-04-01"), leave_out_id="b", lifts="a", subject_id=None
    )
    listed = [a_leave_out(leave_out_id="a"), lift]
    assert out(listed, day("2026-03-15")).kinds
    assert LeftOut(frozenset({LeaveOutKind.LEAVE_OUT}), day("2026-04-01")) == out(listed, day("2026-03-01"))
    assert LeftOut(frozenset(), None) == out(listed, day("2026-04-01"))
    early = [listed[0], replace(lift, recorded_at=day("2026-02-01"))]
    assert LeftOut(frozenset({LeaveOutKind.LEAVE_OUT}), day("2026-03-01")) == out(early, day("2026-02-28"))
    assert not out(early, day("2026-03-01")).kinds


def test_what_concerns_somebody_else_flips_nothing() -> None:
    other = a_leave_out(subject_id="subject-2", since=day("2026-07-01"))
    lifted = a_leave_out(since=day("2026-08-01"), lifts="somewhere else", leave_out_id="c")
    assert LeftOut(frozenset(), None) == out([other, lifted])
