"""Row by row gives what one by one gives: nothing leaks from one person to the next, and nothing is heard too late."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import pytest
from deriving import FULL_SOURCE, MODEL, NOW, a_full_statement, a_subject, a_waiver, embed, lists, scan
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from ledgers import ledgers, moments
from ledgers import lists as leave_out_lists
from ordinary import a_leave_out, a_place, day

from habeas.model.errors import IntegrityError
from habeas.model.people import LeaveOut, Scope
from habeas.policy.derivation.derive_rows import DecisionRequest, Deriver, FactSet, ReferenceTables, place_of
from habeas.policy.derivation.leave_out_index import LeaveOutIndex
from habeas.policy.facts.schema import canonical
from habeas.records.leave_outs import speaks_about
from habeas.records.table_rows import leave_out_row, statement_row

FOUND, CAPTURED = day("2026-03-01"), day("2026-02-01")


def question(**changes: Any) -> DecisionRequest:
    given: dict[str, Any] = {
        "wanted": ("archive_search", "model_training"), "lists": lists(waivers=(a_waiver(sources=("studio",)),)),
        "policy": "p", "model": MODEL, "as_of": NOW, "known_at": NOW, "run_id": "r",
    }  # fmt: skip
    return DecisionRequest(**(given | changes))


def deriver(footage: tuple[LeaveOut, ...] = (), **changes: Any) -> Deriver:
    occasions = {"folder-1": (("event", "one"), ("site", "two"))}
    return Deriver(question(**changes), ReferenceTables({"studio": FULL_SOURCE}, occasions, footage))


def record(person: str, **said: Any) -> dict[str, Any]:
    return {"person": person} | dict.fromkeys(("statement", "leave_out", "key", "subject", "line")) | said


def asset(**changes: Any) -> dict[str, Any]:
    return {"asset_id": "asset-1", "source_id": "studio", "folders": ["folder-1"], "captured_at": CAPTURED,
            "catalogued_at": FOUND, "media": "photo"} | changes  # fmt: skip


def line(subject: str | None, line_id: str = "line-1", **changes: Any) -> dict[str, Any]:
    about = {"line_id": line_id, "subject_id": subject, "attested_by": "front desk",
             "attested_at": day("2026-01-01")}  # fmt: skip
    return record(subject or line_id, line=asset(**changes) | about)


PLACE_NAMES = {"folder-1": (("event", "one"), ("site", "two"))}
PLACE = place_of(asset(), PLACE_NAMES)


def test_the_time_of_a_clip_may_be_that_of_a_wall_clock_somewhere() -> None:
    assert timedelta(0) == PLACE.captured_give
    assert timedelta(days=1) == place_of(asset(media="clip"), {}).captured_give


def test_a_file_that_moved_belongs_to_its_event_for_a_no_alone() -> None:
    moved = place_of(asset(folders=["folder-1", "folder-2"], folders_now=["folder-2"]), PLACE_NAMES)
    assert ((), ("folder-2",)) == (moved.events, moved.folders)
    assert moved.ever is not None
    assert (("one",), ("two",)) == (moved.ever.events, moved.ever.sites)
    footage = LeaveOutIndex([a_leave_out(subject_id=None, scope=Scope(events=("one",)))])
    assert footage.left_out(moved, ["archive_search"], NOW, NOW)


@pytest.mark.parametrize("now", [None, ["folder-1"], ["folder-1", "its-own-place"]])
def test_a_file_that_never_moved_has_one_place(now: list[str] | None) -> None:
    assert place_of(asset(folders_now=now), PLACE_NAMES).ever is None


def plain(purpose: str, **changes: Any) -> dict[str, Any]:
    """What the same words derived one by one need."""
    return {
        "source": FULL_SOURCE, "purpose": purpose, "place": PLACE, "catalogued_at": FOUND,
        "waivers": (a_waiver(sources=("studio",)),), "as_of": NOW,
    } | changes  # fmt: skip


def told(sets: Any) -> list[tuple[str, str, datetime | None]]:
    return [(found.purpose, found.facts, found.valid_until) for found in sets]


def test_an_asset_belongs_to_the_occasions_of_its_folders() -> None:
    assert (("folder-1",), ("two",), ("one",), ()) == (PLACE.folders, PLACE.sites, PLACE.events, PLACE.lots)


@examples(150)
@given(ledgers, leave_out_lists, moments, st.sampled_from([True, False, None]))
def test_a_row_derives_what_its_parts_do(said: Any, left_out: Any, as_of: datetime, key: bool | None) -> None:
    own = [each for each in left_out if each.subject_id == "subject-1" or each.lifts]
    footage = tuple(each for each in left_out if each.subject_id is None or each.lifts)
    rows = deriver(footage, as_of=as_of, known_at=as_of)
    for each in said:
        if each.subject_id == "subject-1":
            rows.hear(record("subject-1", statement=statement_row(each)))
    for each in own:
        rows.hear(record("subject-1", leave_out=leave_out_row(each)))
    rows.hear(record("subject-1", subject=asdict(a_subject())))
    for purpose in ("archive_search", "model_training"):
        if key is not None:
            rows.hear(record("subject-1", key={"purpose": purpose, "open": key}))
    expected = []
    for purpose in ("archive_search", "model_training"):
        given_ = plain(purpose, as_of=as_of, statements=said, leave_outs=left_out, key_open=key)
        found = embed(**given_)
        expected.append((purpose, canonical(found.facts), found.valid_until))
    first = told(rows.lines(line("subject-1")))
    assert expected == first
    assert first == told(rows.lines(line("subject-1", "line-2")))


@examples(100)
@given(leave_out_lists, moments)
def test_an_asset_row_derives_what_its_parts_do(left_out: Any, as_of: datetime) -> None:
    footage = tuple(each for each in left_out if each.subject_id is None or each.lifts)
    listed = {"purpose": "archive_search", "allowed": True, "until": day("2026-09-01"), "law_kr": True,
              "law_eu": False, "law_us_il": False, "law_us_tx": True, "law_us_wa": False}  # fmt: skip
    found = told(deriver(footage, as_of=as_of, known_at=as_of).scans(asset(lines=[listed])))
    one = scan(**plain("archive_search", as_of=as_of, leave_outs=left_out), line_laws={"law_kr", "law_us_tx"},
               lines_valid_until=day("2026-09-01"))  # fmt: skip
    other = scan(
        **plain("model_training", as_of=as_of, leave_outs=left_out), line_allowed=None, line_laws=None
    )
    assert [canonical(one.facts), canonical(other.facts)] == [facts for _, facts, _ in found]
    assert [one.valid_until, other.valid_until] == [until for _, _, until in found]


def test_nobody_is_heard_for_somebody_else() -> None:
    rows = deriver()
    rows.hear(record("subject-1", statement=statement_row(a_full_statement())))
    rows.hear(record("subject-1", leave_out=leave_out_row(a_leave_out())))
    rows.hear(record("subject-1", key={"purpose": "archive_search", "open": True, "key_id": "k1"}))
    first = next(iter(rows.lines(line("subject-1"))))
    second = next(iter(rows.lines(line("subject-2", "line-2"))))
    assert '"consent":"given"' in first.facts and '"left_out":true' in first.facts
    assert '"consent"' not in second.facts and '"key_open"' not in second.facts
    assert '"left_out":false' in second.facts
    assert ("k1", None) == (first.key_id, second.key_id), "what is allowed is sealed to that key"


def test_a_placeholder_has_nobodys_words() -> None:
    rows = deriver()
    rows.hear(record("line-9", statement=statement_row(a_full_statement(subject_id="line-9"))))
    found = next(iter(rows.lines(line(None, "line-9"))))
    assert '"subject_known":false' in found.facts and '"consent"' not in found.facts


def test_what_is_heard_too_late_stops_the_work() -> None:
    """A leave-out that comes after a line would leave the line undone: better no decision at all."""
    rows = deriver()
    list(rows.lines(line("subject-1")))
    with pytest.raises(IntegrityError):
        rows.hear(record("subject-1", leave_out=leave_out_row(a_leave_out())))


def test_a_decision_is_named_by_its_thing_facts_policy_and_time() -> None:
    def ids(rows: Deriver, *lines: dict[str, Any]) -> list[FactSet]:
        return [found for each in lines for found in rows.lines(each)]

    once = ids(deriver(), line("subject-1"), line("subject-1", "line-2"))
    assert [each.decision_id for each in once] == [
        each.decision_id for each in ids(deriver(), line("subject-1"), line("subject-1", "line-2"))
    ]
    assert 4 == len({each.decision_id for each in once})
    later = ids(deriver(as_of=day("2026-06-02")), line("subject-1"))
    other = ids(deriver(policy="q"), line("subject-1"))
    assert 6 == len({each.decision_id for each in (*once[:2], *later, *other)})


@examples(100)
@given(leave_out_lists)
def test_the_index_hides_nothing_that_is_about_the_footage(left_out: Any) -> None:
    footage = [each for each in left_out if each.subject_id is None or each.lifts]
    index = LeaveOutIndex(footage)
    for place in (PLACE, a_place("lobby", folders=("one",), sites=("one",), lots=("two",))):
        about = {
            each.leave_out_id
            for each in footage
            if each.lifts is None and speaks_about(each, None, "archive_search", place)
        }
        found = index.about(place)
        assert about <= {each.leave_out_id for each in found if each.lifts is None}
        assert {e.leave_out_id for e in footage if e.lifts in about} <= {e.leave_out_id for e in found}


def test_a_source_that_is_left_out_is_found_by_its_name() -> None:
    record_ = a_leave_out(subject_id=None, scope=Scope(sources=("studio",), from_at=day("2026-01-01")))
    assert (record_,) == LeaveOutIndex([record_]).about(PLACE)
    assert () == LeaveOutIndex([record_]).about(a_place("lobby"))


@pytest.mark.parametrize("part", ["sources", "sites", "events", "lots"])
def test_a_leave_out_is_found_by_a_name_that_looks_like_its_own(part: str) -> None:
    record_ = a_leave_out(subject_id=None, scope=Scope(**{part: ("open_day",)}))  # type: ignore[arg-type]
    here = a_place("open-day", sites=("open-day",), events=("open-day",), lots=("open-day",))
    assert (record_,) == LeaveOutIndex([record_]).about(here)
