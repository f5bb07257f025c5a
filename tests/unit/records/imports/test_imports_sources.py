"""What a source was collected for is fixed when it is registered."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from import_files import PURPOSES, SOURCE, csv_bytes, json_bytes
from ordinary import a_source, day

from habeas.model.people import Source
from habeas.records.imports.pipeline import Imported, conflicts_with, import_sources
from habeas.records.parsing.names import Names
from habeas.records.parsing.sources import learnt
from habeas.records.readers.fields import REASONS

NOW = datetime(2026, 11, 23, tzinfo=UTC)
GATE = {"source_id": "gate", "root": "gate"}


def read(data: bytes) -> Imported[Source]:
    found = import_sources(io.BytesIO(data), purposes=PURPOSES, recorded_at=NOW)
    aside = sum(each.line_number is not None for each in found.set_aside)
    assert found.lines == len(found.records) + found.repeated + aside
    assert {each.reason for each in found.set_aside} <= REASONS
    return found


def reasons(found: Imported[Source]) -> list[tuple[int | None, str]]:
    return [(each.line_number, each.reason) for each in found.set_aside]


def test_a_source_is_read_whole() -> None:
    expected = a_source(retention_days=365, registered_at=NOW)
    assert (expected,) == read(csv_bytes(SOURCE, {})).records
    record = SOURCE | {"purposes": ["archive_search", "access_verification"], "retention_days": 365}
    assert (expected,) == read(json_bytes(record)).records
    dated = read(csv_bytes(SOURCE, {"registered_at": "2025-01-01T00:00:00Z"})).records[0]
    assert day("2025-01-01") == dated.registered_at


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"source_id": "Studio"}, "bad_slug"),
        ({"source_id": "../studio"}, "bad_slug"),
        ({"source_id": ""}, "missing_value"),
        ({"controller": "Mus\u200beum"}, "unclean_text"),
        ({"controller_kind": "state"}, "unknown_word"),
        ({"root": "/etc"}, "bad_root"),
        ({"root": "a/../b"}, "bad_root"),
        ({"root": "a//b"}, "bad_root"),
        ({"root": "a\\b"}, "bad_root"),
        ({"root": ".."}, "bad_root"),
        ({"root": ""}, "missing_value"),
        ({"purposes": ""}, "missing_value"),
        ({"purposes": "archive_search;crowd_counting"}, "unknown_purpose"),
        ({"purposes": "archive_search;"}, "bad_list"),
        ({"purposes": "archive_search;archive_search"}, "bad_list"),
        ({"purposes": "archive_search ;model_training"}, "unclean_text"),
        ({"legal_basis": "none"}, "unknown_word"),
        ({"legal_basis": "Curiosity"}, "unknown_word"),
        ({"scan_ground": ""}, "missing_value"),
        ({"scan_ground": "None"}, "unknown_word"),
        ({"roster_ground": "consent"}, "unknown_word"),
        ({"jurisdiction": "Korea"}, "bad_place"),
        ({"capture_place": "kr"}, "bad_place"),
        ({"retention_days": "-1"}, "bad_number"),
        ({"retention_days": "forever"}, "bad_number"),
        ({"retention_days": "36501"}, "bad_number"),
        ({"retention_days": "1e3"}, "bad_number"),
        ({"retention_days": "007"}, "bad_number"),
        ({"retention_days": ""}, "missing_value"),
        ({"registered_at": "2026-02-30T00:00:00Z"}, "impossible_date"),
    ],
)
def test_a_bad_registration_is_set_aside_and_the_others_go_on(change: dict[str, Any], reason: str) -> None:
    found = read(csv_bytes(SOURCE, change, GATE))
    assert ([(2, reason)], ["gate"]) == (reasons(found), [source.source_id for source in found.records])


def test_a_source_without_a_ground_may_be_registered() -> None:
    found = read(csv_bytes(SOURCE, {"scan_ground": "none", "roster_ground": "none", "retention_days": "0"}))
    assert ("none", "none", 0) == (
        found.records[0].scan_ground,
        found.records[0].roster_ground,
        found.records[0].retention_days,
    )


def test_the_same_registration_twice_is_one() -> None:
    found = read(csv_bytes(SOURCE, {}, GATE, {"purposes": "access_verification;archive_search"}))
    assert (2, 1, ()) == (len(found.records), found.repeated, found.set_aside)


@pytest.mark.parametrize(
    "change", [{"purposes": "model_training"}, {"retention_days": "9"}, {"source_id": "gate"}]
)
def test_registrations_that_contradict_each_other_are_both_set_aside(change: dict[str, Any]) -> None:
    found = read(csv_bytes(SOURCE, {}, {"source_id": "lobby", "root": "lobby"}, change))
    assert [(2, "conflicting_sources"), (4, "conflicting_sources")] == reasons(found)
    assert ["lobby"] == [source.source_id for source in found.records]


def test_a_source_can_not_be_registered_again_for_another_purpose() -> None:
    source = a_source()
    assert () == conflicts_with(source, replace(source, registered_at=NOW))
    assert ("purposes",) == conflicts_with(source, replace(source, purposes=("model_training",)))
    assert ("purposes", "scan_ground", "retention_days") == conflicts_with(
        source, replace(source, purposes=("model_training",), scan_ground="none", retention_days=1)
    )


@pytest.mark.parametrize(
    ("first", "second", "clash"),
    [
        ("a", "b", False),
        ("a", "ab", False),
        ("a/b", "a/c", False),
        ("a", "a", True),
        ("a", "a/b", True),
        ("a/b", "a", True),
        (".", "a", True),
        ("a", ".", True),
    ],
)
def test_footage_can_not_lie_in_two_sources(first: str, second: str, clash: bool) -> None:
    one, two = a_source(root=first), a_source(source_id="gate", root=second)
    assert (("root",) if clash else ()) == conflicts_with(one, two)


def test_what_was_left_open_may_be_said_later_and_once() -> None:
    bare, told = (
        a_source(),
        a_source(medium="studio", purpose_ended_on=date(2026, 6, 30), self_published=False),
    )
    assert () == conflicts_with(bare, told) == conflicts_with(told, bare)
    assert (told, told) == (learnt(bare, told), learnt(told, bare))
    assert ("medium",) == conflicts_with(told, replace(told, medium="web"))
    assert ("purpose_ended_on",) == conflicts_with(told, replace(told, purpose_ended_on=date(2027, 6, 30)))


def test_how_footage_came_about_is_read() -> None:
    more = {
        "medium": "cctv",
        "purpose_ended_on": "2026-06-30",
        "self_published": "false",
        "contractor_scope": "true",
    }
    (source,) = read(csv_bytes(SOURCE, more)).records
    assert ("cctv", date(2026, 6, 30), False, True) == (
        source.medium,
        source.purpose_ended_on,
        source.self_published,
        source.contractor_scope,
    )
    (bare,) = read(csv_bytes(SOURCE, {})).records
    assert (None, None, None, None) == (
        bare.medium,
        bare.purpose_ended_on,
        bare.self_published,
        bare.contractor_scope,
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"medium": "film"}, "unknown_word"),
        ({"purpose_ended_on": "2026-06"}, "impossible_date"),
        ({"self_published": "yes"}, "bad_boolean"),
        ({"contractor_scope": "TRUE"}, "bad_boolean"),
    ],
)
def test_how_footage_came_about_is_never_guessed(change: dict[str, str], reason: str) -> None:
    assert [(2, reason)] == reasons(read(csv_bytes(SOURCE, change)))


def test_two_lines_that_leave_different_things_open_contradict_each_other() -> None:
    found = read(csv_bytes(SOURCE, {"medium": "studio"}, {"medium": ""}))
    assert [(2, "conflicting_sources"), (3, "conflicting_sources")] == reasons(found)


def test_columns_missing_or_unknown_refuse_the_file() -> None:
    lacking = csv_bytes(SOURCE, {}, columns=[name for name in SOURCE if name != "scan_ground"])
    assert [(None, "missing_column")] == reasons(read(lacking))
    assert [(None, "extra_column")] == reasons(read(csv_bytes(SOURCE, {"note": "x"})))


def test_a_source_that_looks_like_a_name_of_a_recorded_no_is_told() -> None:
    noes, here = Names({"sources": frozenset({"studi0", "gate_"})}), Names({"sources": frozenset()})
    data = io.BytesIO(csv_bytes(SOURCE, {}, GATE))
    found = import_sources(data, purposes=PURPOSES, recorded_at=NOW, here=here, noes=noes)
    assert [(3, "looks_like_known", True)] == [
        (e.line_number, e.reason, e.needs_a_look) for e in found.remarks
    ]
