"""What a scope reaches, against a second reading that tries every part by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledgers import NAMES, START, places, scopes
from ordinary import a_place, day

from habeas.media.claimed_times import CLIP_CLOCK
from habeas.model.people import Place, Scope
from habeas.records.scopes import contains, fits

HERE = a_place(folders=("f1", "f2"), sites=("hall",), events=("fair",), lots=("lot-1",))


@pytest.mark.parametrize(
    ("scope", "fitting"),
    [
        (Scope(), True),
        (Scope(sources=("studio",)), True),
        (Scope(sources=("lobby",)), False),
        (Scope(folders=("f2", "f9")), True),
        (Scope(folders=("f9",)), False),
        (Scope(sites=("hall",)), True),
        (Scope(events=("fair", "ball")), True),
        (Scope(events=("ball",)), False),
        (Scope(lots=("lot-1",)), True),
        (Scope(lots=("lot-2",)), False),
        (Scope(assets=("asset-1",)), True),
        (Scope(assets=("asset-2",)), False),
        (Scope(events=("fair",), sites=("other",)), False),
        (Scope(from_at=day("2026-05-01")), True),
        (Scope(to_at=day("2026-05-01")), False),
        (Scope(from_at=day("2026-04-01"), to_at=day("2026-05-02")), True),
        (Scope(from_at=day("2026-05-02"), to_at=day("2026-06-01")), False),
    ],
)
def test_every_filled_part_must_fit(scope: Scope, fitting: bool) -> None:
    assert fitting == fits(scope, HERE, unknown_fits=False) == fits(scope, HERE, unknown_fits=True)


@pytest.mark.parametrize("part", ["sources", "sites", "events", "lots"])
def test_a_no_holds_for_a_name_that_looks_like_its_own_and_a_yes_does_not(part: str) -> None:
    here = a_place("open-day", sites=("open-day",), events=("open-day",), lots=("open-day",))
    said, other = (replace(Scope(), **{part: (name,)}) for name in ("open_day", "opening"))
    assert fits(said, here, unknown_fits=True)
    assert not fits(said, here, unknown_fits=False)
    assert not fits(other, here, unknown_fits=True)
    assert contains(said, replace(Scope(), **{part: ("open-day",)}))


def test_a_window_of_a_no_reaches_a_clip_whose_clock_may_be_of_another_zone() -> None:
    """A camera's wall clock stands where UTC is meant: 14:30 in Seoul looks like 23:30 there."""
    afternoon = Scope(from_at=day("2026-05-01T05:00"), to_at=day("2026-05-01T07:00"))
    clip = a_place(captured_at=day("2026-05-01T14:30"), captured_give=CLIP_CLOCK)
    for hours in (-23, -9, 9, 23):
        there = replace(clip, captured_at=day("2026-05-01T06:00") + timedelta(hours=hours))
        assert fits(afternoon, there, unknown_fits=True)
        assert not fits(afternoon, there, unknown_fits=False)
        assert not fits(afternoon, replace(there, captured_give=timedelta(0)), unknown_fits=True)
    for days in (-3, 3):
        assert not fits(
            afternoon, replace(clip, captured_at=clip.captured_at + timedelta(days=days)), unknown_fits=True
        )


@pytest.mark.parametrize("part", ["folders", "sites", "events", "lots"])
def test_a_yes_reaches_footage_where_it_lies_now_and_a_no_wherever_it_ever_lay(part: str) -> None:
    """A release for an event once reached a private photo that had lain in its folder."""
    moved = a_place(**{part: ("now",)}, ever=a_place(**{part: ("before", "now")}))
    before, now = (replace(Scope(), **{part: (name,)}) for name in ("before", "now"))
    assert [False, True] == [fits(said, moved, unknown_fits=False) for said in (before, now)]
    assert [True, True] == [fits(said, moved, unknown_fits=True) for said in (before, now)]


def test_ids_are_compared_as_they_are() -> None:
    assert not fits(Scope(folders=("F1",)), HERE, unknown_fits=True)
    assert not fits(Scope(assets=("asset_1",)), HERE, unknown_fits=True)


def test_a_window_where_the_capture_time_is_unknown() -> None:
    unknown = a_place(captured_at=None)
    for scope in (Scope(from_at=START), Scope(to_at=START), Scope(from_at=START, to_at=START)):
        assert False is fits(scope, unknown, unknown_fits=False)
        assert True is fits(scope, unknown, unknown_fits=True)
    assert True is fits(Scope(), unknown, unknown_fits=False)


def plainly(scope: Scope, place: Place, *, unknown_fits: bool) -> bool:
    """Part by part, without a shortcut."""
    for part in ("sources", "assets", "folders", "sites", "events", "lots"):
        wanted = getattr(scope, part)
        there = {
            "sources": (place.source_id,),
            "assets": (place.asset_id,),
            "folders": place.folders,
            "sites": place.sites,
            "events": place.events,
            "lots": place.lots,
        }[part]
        if len(wanted) > 0 and len([name for name in there if name in wanted]) == 0:
            return False
    windowed = scope.from_at is not None or scope.to_at is not None
    if windowed and place.captured_at is None:
        return unknown_fits
    if windowed and scope.from_at is not None and place.captured_at < scope.from_at:  # type: ignore[operator]
        return False
    return not (windowed and scope.to_at is not None and place.captured_at >= scope.to_at)  # type: ignore[operator]


@given(scopes, places, st.booleans())
def test_a_scope_fits_as_the_plain_reading_says(scope: Scope, place: Place, unknown_fits: bool) -> None:
    assert plainly(scope, place, unknown_fits=unknown_fits) == fits(scope, place, unknown_fits=unknown_fits)


@given(scopes, scopes, places)
def test_what_contains_a_scope_fits_wherever_that_fits(wide: Scope, narrow: Scope, place: Place) -> None:
    if contains(wide, narrow) and fits(narrow, place, unknown_fits=False):
        assert fits(wide, place, unknown_fits=True)


@given(scopes)
def test_everything_contains_all_and_a_scope_itself(scope: Scope) -> None:
    assert contains(Scope(), scope)
    assert contains(scope, scope)
    if not scope.everywhere:
        assert not contains(scope, Scope())


@given(scopes, st.sampled_from(NAMES))
def test_a_narrower_scope_never_contains_a_wider_one(scope: Scope, name: str) -> None:
    for part in ("sources", "folders", "sites", "events", "lots", "assets"):
        without = replace(scope, **{part: ()})
        named = replace(scope, **{part: (name,)})
        assert not contains(named, without)
        assert contains(without, named)


def test_a_window_contains_only_what_lies_inside_it() -> None:
    year = Scope(from_at=START, to_at=START + timedelta(days=365))
    month = Scope(from_at=START, to_at=START + timedelta(days=30))
    assert (True, False) == (contains(year, month), contains(month, year))
    assert not contains(month, Scope(from_at=START))
    assert not contains(month, Scope(to_at=START + timedelta(days=30)))


def test_a_window_that_begins_earlier_or_ends_later_is_not_contained() -> None:
    inner = Scope(from_at=START + timedelta(days=2), to_at=START + timedelta(days=4))
    for days in ((1, 3), (3, 5), (1, 5), (3, 3.5)):
        other = Scope(from_at=START + timedelta(days=days[0]), to_at=START + timedelta(days=days[1]))
        assert contains(inner, other) is (days == (3, 3.5))
    assert not contains(Scope(from_at=START), Scope(from_at=START - timedelta(days=1)))
    assert not contains(Scope(to_at=START), Scope(to_at=START + timedelta(days=1)))
    assert contains(Scope(to_at=START), Scope(to_at=START - timedelta(days=1)))
