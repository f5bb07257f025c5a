"""Leave-out lists and occasions, good and bad: nobody's no is lost in silence, and no name gets out."""

from __future__ import annotations

import io
from typing import Any

import pytest
from import_files import PLACES, PURPOSES, KeyStore, csv_bytes, json_bytes
from ordinary import day

from habeas.model.people import LeaveOut, LeaveOutKind, Scope
from habeas.records.imports.pipeline import Imported, import_leave_outs, import_occasions
from habeas.records.parsing.names import Names
from habeas.records.parsing.occasions import Occasion
from habeas.records.readers.fields import REASONS

NOW = day("2026-11-23")
LINE = {"kind": "leave_out", "since": "2026-11-01T00:00:00Z", "reason": "family_asked"}
MINA = {"subject": "mina@example.org"}
KNOWN = "ab" * 16


RECORDED = LeaveOut(
    KNOWN, LeaveOutKind.RESTRICTION, "s-1", Scope(), (), day("2026-10-01"), None, NOW, "asked", ""
)


def read(*changes: dict[str, Any]) -> Imported[LeaveOut]:
    found = import_leave_outs(
        io.BytesIO(csv_bytes(LINE, *changes)), purposes=PURPOSES, recorded_at=NOW,
        subject_of=KeyStore().subject_of, places=PLACES, recorded=[RECORDED],
    )  # fmt: skip
    assert {each.reason for each in found.set_aside} <= REASONS
    # A file that is there has a record of its content and one of its place.
    of_places = sum(each.get("asset") == "studio/a/one.jpg" for each in changes)
    assert found.lines == len(found.records) - of_places + found.repeated + len(found.set_aside)
    assert len(found.set_aside) == found.refusals_set_aside
    return found


def test_a_person_is_left_out_everywhere() -> None:
    (record,) = read(MINA).records
    assert (LeaveOutKind.LEAVE_OUT, KeyStore.known_as("mina@example.org")) == (record.kind, record.subject_id)
    assert (Scope(), (), day("2026-11-01"), None, NOW) == (
        record.scope, record.purposes, record.since, record.until, record.recorded_at,
    )  # fmt: skip


def test_a_line_is_read_whole() -> None:
    line = MINA | {
        "kind": "restriction", "source": "studio", "folder": "a", "site": "hall", "event": "fair", "lot": "lot-7",
        "asset": "studio/a/one.jpg", "from_at": "2025-01-01T00:00:00Z", "to_at": "2025-02-01T00:00:00Z",
        "purposes": "model_training;archive_search", "until": "2027-01-01T00:00:00Z", "evidence_digest": "ab" * 32,
    }  # fmt: skip
    record, at_its_place = read(line).records
    window = (day("2025-01-01"), day("2025-02-01"))
    folder = PLACES.folder("studio", "a")
    assert (
        Scope(("studio",), (folder,), ("hall",), ("fair",), ("lot-7",), ("asset-1",), *window) == record.scope
    )
    place = PLACES.named("studio", "a/one.jpg")
    assert Scope(("studio",), (place,), ("hall",), ("fair",), ("lot-7",), (), *window) == at_its_place.scope
    assert (("archive_search", "model_training"), day("2027-01-01")) == (record.purposes, record.until)
    assert (LeaveOutKind.RESTRICTION, "family_asked") == (record.kind, record.reason)


@pytest.mark.parametrize(
    "place",
    [
        {"source": "studio"},
        {"source": "studio", "folder": "kims_wedding"},
        {"site": "hall"},
        {"event": "fair"},
        {"lot": "lot-7"},
        {"asset": "studio/a/one.jpg"},
        {"to_at": "1999-01-01T00:00:00Z"},
    ],
)
def test_footage_is_left_out_without_naming_anybody(place: dict[str, str]) -> None:
    records = read(place).records
    assert 1 + ("asset" in place) == len(records)
    assert {(None, False)} == {(each.subject_id, each.scope.everywhere) for each in records}
    assert "kims" not in repr(records)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, "nothing_left_out"),
        ({"purposes": "archive_search"}, "nothing_left_out"),
        ({"event": "Kim's wedding"}, "nothing_left_out"),
        ({"subject": "", "folder": "kims_wedding"}, "nothing_left_out"),
        ({"subject": "1.23457E+11"}, "shortened_number"),
        ({"subject": "#N/A"}, "names_nobody"),
        ({"lifts": "cd" * 16}, "unknown_leave_out"),
        ({"lifts": "the one of March"}, "unknown_leave_out"),
        (MINA | {"lifts": KNOWN}, "bad_scope"),
        ({"lifts": KNOWN, "event": "fair"}, "bad_scope"),
        ({"lifts": KNOWN, "since": "soon"}, "impossible_date"),
    ],
)
def test_a_line_that_can_not_be_used_is_set_aside_and_told(change: dict[str, str], reason: str) -> None:
    found = read({"event": "fair"}, change)
    assert [(3, reason)] == [(each.line_number, each.reason) for each in found.set_aside]
    assert "kims" not in repr(found)
    assert "mina" not in repr(found).lower()


@pytest.mark.parametrize(
    ("change", "reason", "expected"),
    [
        ({"kind": "erase"}, "unknown_word", {"kind": LeaveOutKind.LEAVE_OUT}),
        ({"kind": ""}, "unknown_word", {"kind": LeaveOutKind.LEAVE_OUT}),
        ({"kind": "Objection"}, "unknown_word", {"kind": LeaveOutKind.OBJECTION}),
        ({"since": ""}, "missing_value", {"since": NOW}),
        ({"since": "2026-11-01"}, "no_time_zone", {"since": NOW}),
        ({"since": "2026-05-12 오후 3:10"}, "no_time_zone", {"since": NOW}),
        ({"since": "2027-11-01T00:00:00Z"}, "lies_ahead", {"since": NOW}),
        ({"until": "2026-11-01T00:00:00Z"}, "bad_window", {"until": None}),
        ({"until": "never"}, "impossible_date", {"until": None}),
        ({"reason": "Mina's mother called"}, "bad_slug", {"reason": "not_told"}),
        ({"purposes": "crowd_counting"}, "unknown_purpose", {"purposes": ()}),
        ({"subject": "mina@example.org "}, "unclean_text", {}),
        ({"event": "Kim's wedding"}, "bad_slug", {"scope": Scope()}),
        ({"folder": "a"}, "bad_scope", {"scope": Scope()}),
        ({"source": "studio;lobby"}, "bad_slug", {"scope": Scope()}),
        ({"from_at": "then"}, "impossible_date", {"scope": Scope()}),
        ({"evidence_digest": "the letter"}, "bad_digest", {"evidence_digest": ""}),
    ],
)
def test_a_line_about_a_person_leaves_them_out_whatever_else_can_not_be_read(
    change: dict[str, str], reason: str, expected: dict[str, object]
) -> None:
    found = read(MINA | change)
    assert () == found.set_aside
    (record,) = found.records
    assert record.subject_id == KeyStore.known_as("mina@example.org")
    assert expected == {name: getattr(record, name) for name in expected}
    assert reason in [each.reason for each in found.remarks]
    assert "mina" not in repr(found).lower()
    assert "kim" not in repr(found).lower()


@pytest.mark.parametrize("missing", ["since", "reason"])
def test_a_list_without_a_column_that_only_explains_is_read(missing: str) -> None:
    data = csv_bytes(LINE, MINA, columns=[name for name in (*LINE, "subject") if name != missing])
    found = import_leave_outs(
        io.BytesIO(data), purposes=PURPOSES, recorded_at=NOW, subject_of=KeyStore().subject_of
    )
    assert ((), 1) == (found.set_aside, len(found.records))


@pytest.mark.parametrize(
    "change",
    [{"source": "studio", "folder": "kims_birthday"}, {"asset": "studio/kims_portrait.jpg"},
     {"source": "attic", "folder": "kims_birthday"}],
)  # fmt: skip
def test_what_is_not_there_yet_is_left_out_once_it_is(change: dict[str, str]) -> None:
    found = read(change)
    (record,) = found.records
    where = change.get("source", "studio")
    path = change.get("folder", "kims_portrait.jpg")
    assert (PLACES.named(where, path),) == record.scope.folders
    (remark,) = found.remarks
    assert remark.needs_a_look
    assert "kims" not in repr(found)


def test_left_out_lifted_and_left_out_again_without_a_date_is_a_new_record() -> None:
    (first,) = read(MINA | {"since": "soon"}).records
    lift = LeaveOut(
        "ff" * 16, first.kind, None, Scope(), (), NOW, None, NOW, "mended", "", lifts=first.leave_out_id
    )

    def again(*recorded: LeaveOut) -> str:
        found = import_leave_outs(
            io.BytesIO(csv_bytes(LINE, MINA | {"since": "soon"})), purposes=PURPOSES, recorded_at=NOW,
            subject_of=KeyStore().subject_of, recorded=recorded,
        )  # fmt: skip
        return found.records[0].leave_out_id

    assert first.leave_out_id == again(first)
    assert first.leave_out_id != again(first, lift)


def test_a_line_that_lifts_another_names_it_alone() -> None:
    (record,) = read({"lifts": KNOWN, "reason": "dispute_settled"}).records
    assert (KNOWN, None, True) == (record.lifts, record.subject_id, record.scope.everywhere)


def test_the_same_line_is_the_same_record_whenever_it_comes() -> None:
    found = read(MINA, MINA, MINA | {"purposes": "archive_search"})
    assert (2, 1) == (len(found.records), found.repeated)
    assert read(MINA).records == found.records[:1]


def test_json_lines_say_the_same() -> None:
    read_json = import_leave_outs(
        io.BytesIO(json_bytes(LINE | MINA)),
        purposes=PURPOSES,
        recorded_at=NOW,
        subject_of=KeyStore().subject_of,
    )
    assert read(MINA).records == read_json.records


# --- occasions ------------------------------------------------------------------------------

HERE = {"source": "studio", "folder": "a", "kind": "event", "name": "open-day-2025"}


def occasions(*changes: dict[str, Any]) -> Imported[Occasion]:
    return import_occasions(io.BytesIO(csv_bytes(HERE, *changes)), recorded_at=NOW, places=PLACES)


def test_a_folder_belongs_to_an_event() -> None:
    (found,) = occasions({}).records
    assert Occasion("studio", PLACES.folder("studio", "a"), "event", "open-day-2025", NOW) == found


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"kind": "wedding"}, "unknown_word"),
        ({"name": "Kim's wedding"}, "bad_slug"),
        ({"folder": ""}, "missing_value"),
        ({"source": "Attic"}, "bad_slug"),
    ],
)
def test_a_bad_occasion_is_set_aside(change: dict[str, str], reason: str) -> None:
    found = occasions({}, change)
    assert ([(3, reason)], 1) == ([(e.line_number, e.reason) for e in found.set_aside], len(found.records))
    assert "kims" not in repr(found)


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"folder": "kims_birthday"}, "folder_missing"), ({"source": "attic"}, "unknown_source")],
)
def test_an_occasion_of_a_folder_that_comes_later_is_kept_and_told(
    change: dict[str, str], reason: str
) -> None:
    """A lot that is left out reaches footage by its folders."""
    found = occasions({}, change)
    where = HERE | change
    assert PLACES.named(where["source"], where["folder"]) == found.records[1].folder_id
    assert [(3, reason, True)] == [(e.line_number, e.reason, e.needs_a_look) for e in found.remarks]
    assert "kims" not in repr(found)


def test_one_folder_may_belong_to_several() -> None:
    found = occasions({}, {"kind": "site", "name": "hall"}, {"name": "open-day-2025"})
    assert (2, 1) == (len(found.records), found.repeated)


def test_an_occasion_that_looks_like_a_name_of_a_recorded_no_is_told() -> None:
    """The no was kept under a name that nothing had; whoever names the folder must look."""
    noes, here = Names({"events": frozenset({"open_day_2025"})}), Names({"events": frozenset()})
    data = csv_bytes(HERE, {}, {"name": "fair"})
    found = import_occasions(io.BytesIO(data), recorded_at=NOW, places=PLACES, here=here, noes=noes)
    (told,) = found.remarks
    assert (2, "looks_like_known", True) == (told.line_number, told.reason, told.needs_a_look)
    assert "open_day_2025" in told.detail
    assert 2 == len(found.records), "the no holds for both, so nothing has to wait"
    there = Names({"events": frozenset({"open-day-2025"})})
    again = import_occasions(io.BytesIO(data), recorded_at=NOW, places=PLACES, here=there, noes=noes)
    assert () == again.remarks, "told once"
