"""Generated scopes, places, statements and leave-outs: a small world in which much fits and much doesn't."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from ordinary import a_leave_out, a_statement, day

from habeas.model.people import ConsentStatement, LeaveOut, Place, Scope

START = day("2026-01-01")
NAMES = ("one", "two")
DAYS = st.integers(0, 8).map(lambda days: START + timedelta(days=days))
moments = st.integers(-1, 20).map(lambda halves: START + timedelta(hours=12 * halves))
_some = st.lists(st.sampled_from(NAMES), max_size=2, unique=True).map(tuple)
_mostly_none = st.one_of(st.just(()), st.just(()), _some)
_mostly_unset = st.one_of(st.none(), st.none(), DAYS)

scopes = st.builds(
    Scope,
    sources=st.sampled_from([(), (), ("studio",), ("lobby",), ("lobby", "studio")]),
    folders=_mostly_none,
    sites=_mostly_none,
    events=_mostly_none,
    lots=_mostly_none,
    assets=st.sampled_from([(), (), (), ("asset-1",), ("asset-2",)]),
    from_at=_mostly_unset,
    to_at=_mostly_unset,
)
places = st.builds(
    Place,
    source_id=st.sampled_from(["studio", "lobby"]),
    asset_id=st.sampled_from(["asset-1", "asset-2"]),
    folders=_some,
    sites=_some,
    events=_some,
    lots=_some,
    captured_at=st.none() | DAYS,
)
_purposes = st.sampled_from(["archive_search", "archive_search", "model_training"])
_people = st.sampled_from(["subject-1", "subject-1", "subject-2"])
_maybe = st.sampled_from([True, False, None])
_ids = st.integers(0, 10**6).map(str)


@st.composite
def statements(draw: st.DrawFn) -> ConsentStatement:
    given_at, ends = draw(DAYS), draw(st.none() | st.integers(1, 6))
    return a_statement(
        draw(st.sampled_from(["given", "given", "refused", "withdrawn"])),
        draw(_purposes),
        given_at,
        None if ends is None else given_at + timedelta(days=ends),
        recorded_at=draw(DAYS),
        subject_id=draw(_people),
        scope=draw(st.one_of(st.just(Scope()), scopes)),
        explicit=draw(_maybe),
        separate=draw(_maybe),
        written=draw(_maybe),
        guardian=draw(_maybe),
        recipients=draw(_mostly_none),
        countries=draw(st.sampled_from([(), ("KR",), ("KR", "US-IL")])),
        consent_id=draw(_ids),
    )


@st.composite
def leave_outs(draw: st.DrawFn, **fixed: Any) -> LeaveOut:
    since, lasts = draw(DAYS), draw(st.none() | st.integers(1, 6))
    drawn: dict[str, Any] = {
        "subject_id": draw(st.none() | _people),
        "scope": draw(st.one_of(st.just(Scope()), scopes)),
        "purposes": draw(st.sampled_from([(), (), ("archive_search",), ("model_training",)])),
        "until": None if lasts is None else since + timedelta(days=lasts),
        "recorded_at": draw(DAYS),
        "leave_out_id": draw(st.integers(0, 9).map(str)),
        "lifts": draw(st.one_of(st.none(), st.none(), st.integers(0, 9).map(str))),
    }
    kind = draw(st.sampled_from(["leave_out", "objection", "restriction"]))
    return a_leave_out(kind, since, **(drawn | fixed))


ledgers = st.lists(statements(), max_size=6)
lists = st.lists(leave_outs(), max_size=6)
