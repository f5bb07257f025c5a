"""Facts over time, tried with thousands of ledgers: they hold until valid_until, and no means no."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from deriving import START, a_processor, a_subject, a_vendor, a_waiver, an_activity, embed, scan
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from ledgers import DAYS, leave_outs, ledgers, lists, moments, places
from ordinary import a_line, a_place, a_source
from test_derive import a_statute

from habeas.model.decision import Action, Effect
from habeas.model.people import ConsentStatement, ConsentStatus, LeaveOut, Place
from habeas.policy.lists.activity import Activity
from habeas.policy.rules.decide import Decider
from habeas.policy.rules.packs import load_packs

POLICIES = Path(__file__).resolve().parents[4] / "policies"
PACKS = tuple(
    sorted(path.name for path in POLICIES.iterdir() if path.is_dir() and (path / "pack.yaml").exists())
)

days = DAYS.map(lambda instant: instant.date())
_maybe_day = st.none() | days
sources = st.builds(
    a_source,
    retention_days=st.integers(0, 12),
    purpose_ended_on=_maybe_day | days.map(lambda day: day - timedelta(days=365)),
    medium=st.sampled_from(["studio", "cctv", None]),
    jurisdiction=st.sampled_from(["KR", "US-IL", "DE"]),
    controller_kind=st.sampled_from(["public", "private"]),
)
_processors = st.builds(
    a_processor,
    disclosed_on=_maybe_day,
    audited_on=_maybe_day | days.map(lambda day: day - timedelta(days=366)),
    place=st.sampled_from(["KR", "US-TX"]),
)
activities = st.builds(
    an_activity,
    processors=st.none() | st.lists(_processors, max_size=2).map(tuple),
    recipient=st.sampled_from([None, a_vendor(), an_activity().recipient]),
    transfers=st.sampled_from([(), ("DE",)]),
)
people = st.builds(
    a_subject,
    jurisdictions=st.sampled_from([None, ("KR",), ("US-IL", "DE")]),
    last_contact_on=st.none()
    | st.builds(lambda day, back: day - timedelta(days=back), days, st.sampled_from([0, 365, 1095])),
)
_spans = st.tuples(days, st.integers(1, 6)).map(lambda span: (span[0], span[0] + timedelta(days=span[1])))
waivers = st.lists(
    st.builds(
        lambda rule, span: a_waiver(rule, granted_on=span[0], ends_on=span[1]),
        st.sampled_from(["HOUSE-9", "HOUSE-16"]),
        _spans,
    ),
    max_size=2,
).map(tuple)
statutes = st.lists(
    st.builds(lambda span: a_statute(reviewed_on=span[0], expires_on=span[1]), _spans), max_size=2
).map(tuple)
worlds = st.fixed_dictionaries(
    {
        "source": st.none() | sources,
        "activity": st.none() | activities,
        "subject": st.none() | people,
        "statements": ledgers,
        "leave_outs": lists,
        "waivers": waivers,
        "statutes": statutes,
        "place": places,
        "catalogued_at": DAYS,
        "line": st.builds(lambda at: a_line(attested_at=at), DAYS),
        "key_open": st.sampled_from([True, False, None]),
    }
)
scanned = ("source", "activity", "leave_outs", "waivers", "place", "catalogued_at")


@examples(150)
@given(worlds, moments, st.integers(0, 300))
def test_facts_hold_until_valid_until(world: dict[str, Any], as_of: datetime, hours: int) -> None:
    now, later = embed(**world, as_of=as_of), as_of + timedelta(hours=hours)
    if now.valid_until is None or later < now.valid_until:
        assert now.facts == embed(**world, as_of=later).facts
    assert now.valid_until is None or now.valid_until > as_of


@examples(120)
@given(worlds, moments, st.integers(0, 300))
def test_scan_facts_hold_until_valid_until(world: dict[str, Any], as_of: datetime, hours: int) -> None:
    fixed = {name: world[name] for name in scanned}
    now, later = scan(**fixed, as_of=as_of), as_of + timedelta(hours=hours)
    if now.valid_until is None or later < now.valid_until:
        assert now.facts == scan(**fixed, as_of=later).facts


@examples(120)
@given(worlds, moments, st.sampled_from([each.name for each in fields(Activity) if each.name != "purpose"]))
def test_what_an_activity_no_longer_says_is_supplied_nowhere(
    world: dict[str, Any], as_of: datetime, name: str
) -> None:
    """Taking an answer away may take facts and statutes away and bring laws in; nothing else may appear or change."""
    if world["activity"] is None:
        return
    before = embed(**world, as_of=as_of).facts
    silent = {**world, "activity": replace(world["activity"], **{name: None})}
    after = embed(**silent, as_of=as_of).facts
    changed = {fact for fact in after if after[fact] != before.get(fact)}
    statutes_gone = {fact for fact in changed if fact.startswith("statute_") and not after[fact]}
    assert all(fact.startswith("law_") and after[fact] for fact in changed - statutes_gone)


@pytest.fixture(scope="module")
def decider() -> Decider:
    return Decider(load_packs(POLICIES, PACKS))


def _embed_effect(decider: Decider, world: dict[str, Any], as_of: datetime) -> Effect:
    return decider.decide(Action.EMBED, embed(**world, as_of=as_of).facts).effect


def _fine(**changes: Any) -> dict[str, Any]:
    """A world in which nothing speaks against anything, so that a no is somebody's own."""
    return {
        "place": a_place(captured_at=START + timedelta(days=3)),
        "catalogued_at": START + timedelta(days=4),
    } | changes


@examples(100)
@given(leave_outs(subject_id="subject-1"), moments)
def test_leaving_out_wins_over_every_consent(decider: Decider, record: LeaveOut, as_of: datetime) -> None:
    world = _fine(leave_outs=[record])
    if embed(**world, as_of=as_of).facts["left_out"]:
        assert Effect.DENY is _embed_effect(decider, world, as_of)


@examples(120)
@given(ledgers, st.data(), moments, places)
def test_withdrawing_never_turns_no_into_yes(
    decider: Decider, said: list[ConsentStatement], data: st.DataObject, as_of: datetime, place: Place
) -> None:
    """Whatever else somebody said: saying no once more opens nothing."""
    no = data.draw(st.sampled_from([ConsentStatus.WITHDRAWN, ConsentStatus.REFUSED]))
    said = [replace(each, explicit=True, separate=True, written=True, notice_version="1") for each in said]
    base = said[0] if said else None
    if base is None:
        return
    more = [*said, replace(base, status=no, consent_id="no", given_at=data.draw(DAYS), expires_at=None)]
    world = _fine(place=replace(place, source_id="studio"))
    if Effect.ALLOW is _embed_effect(decider, world | {"statements": more}, as_of):
        assert Effect.ALLOW is _embed_effect(decider, world | {"statements": said}, as_of)


def test_the_worlds_above_do_allow_somebody(decider: Decider) -> None:
    """Otherwise the two properties above would hold for nothing."""
    assert Effect.ALLOW is _embed_effect(decider, _fine(), START + timedelta(days=10))
