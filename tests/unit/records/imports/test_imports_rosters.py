"""Rosters bind faces to people: a bad line must neither stop the import nor leave half a roster behind."""

from __future__ import annotations

import hashlib
import io
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from import_files import LINE, KeyStore, asset_of, csv_bytes, json_bytes

from habeas.model.people import Region, RosterLine
from habeas.records.imports.pipeline import Imported, import_rosters
from habeas.records.imports.roster_times import recorded_at
from habeas.records.readers.fields import REASONS
from habeas.warehouse.current.current_lines import current_lines

NOW = datetime(2026, 11, 23, tzinfo=UTC)
TWO = {"file": "a/two.jpg", "subject": "kai"}


def read(data: bytes, store: KeyStore | None = None) -> Imported[RosterLine]:
    person = (store or KeyStore()).subject_of
    found = import_rosters(io.BytesIO(data), recorded_at=NOW, subject_of=person, asset_of=asset_of)
    aside = sum(each.line_number is not None for each in found.set_aside)
    assert found.lines == len(found.records) + found.repeated + aside
    assert {each.reason for each in found.set_aside} <= REASONS | {"tombstoned"}
    assert hashlib.sha256(data).hexdigest() == found.input_digest
    return found


def reasons(found: Imported[RosterLine]) -> list[tuple[int | None, str]]:
    return [(each.line_number, each.reason) for each in found.set_aside]


def test_a_portrait_line() -> None:
    line = read(csv_bytes(LINE, {})).records[0]
    expected = RosterLine(
        line_id=line.line_id,
        asset_id="asset-1",
        subject_id=KeyStore.known_as("mina@example.org"),
        from_ms=None,
        to_ms=None,
        region=None,
        position=None,
        closed=True,
        attested_by="front desk",
        attested_at=datetime(2026, 1, 1, tzinfo=UTC),
        listed_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert expected == line


def test_a_seat_in_a_time_window() -> None:
    where = {
        "from_ms": "0",
        "to_ms": "2500",
        "x0": "0",
        "y0": "0.25",
        "x1": "0.5",
        "y1": "1",
        "position": "2",
    }
    line = read(csv_bytes(LINE, where)).records[0]
    assert (0, 2500, Region(0.0, 0.25, 0.5, 1.0), 2) == (line.from_ms, line.to_ms, line.region, line.position)


def test_a_place_in_the_back_row_is_another_line_than_the_same_place_in_one_row() -> None:
    record = {name: value for name, value in LINE.items() if value != ""} | {"closed": True, "position": 2}
    one, back = (read(json_bytes(record | row)).records[0] for row in ({}, {"row": 2}))
    assert (None, 2) == (one.row, back.row)
    assert one.line_id != back.line_id


def test_a_row_without_a_place_in_it_is_refused() -> None:
    record = {name: value for name, value in LINE.items() if value != ""} | {"closed": True, "row": 2}
    found = read(json_bytes(record))
    assert ((), "missing_value") == (found.records, found.set_aside[0].reason)


def test_csv_and_json_lines_say_the_same() -> None:
    record = LINE | {"closed": True, "from_ms": 0, "to_ms": 2500, "x0": 0, "y0": 0.25, "x1": 0.5, "y1": 1}
    plain = {"from_ms": "0", "to_ms": "2500", "x0": "0", "y0": "0.25", "x1": "0.5", "y1": "1"}
    short = {name: value for name, value in record.items() if value != ""}
    assert read(csv_bytes(LINE, plain)).records == read(json_bytes(record)).records
    assert read(csv_bytes(LINE, plain)).records == read(json_bytes(short)).records


def test_somebody_nobody_can_name_is_a_placeholder_that_still_counts() -> None:
    store = KeyStore()
    found = read(csv_bytes(LINE, {}, {"subject": ""}), store)
    assert [KeyStore.known_as("mina@example.org"), None] == [line.subject_id for line in found.records]
    assert ["mina@example.org"] == store.asked


def test_blank_closed_and_blank_attestation_claim_nothing() -> None:
    line = read(csv_bytes(LINE, {"closed": "", "attested_by": ""})).records[0]
    assert (False, "") == (line.closed, line.attested_by)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"x0": "0", "y0": "0", "x1": "1.01", "y1": "1"}, "bad_region"),
        ({"x0": "-0.1", "y0": "0", "x1": "1", "y1": "1"}, "bad_region"),
        ({"x0": "0.5", "y0": "0", "x1": "0.5", "y1": "1"}, "bad_region"),
        ({"x0": "0", "y0": "0.9", "x1": "1", "y1": "0.1"}, "bad_region"),
        ({"x0": "0", "y0": "0", "x1": "1"}, "bad_region"),
        ({"x0": "nan", "y0": "0", "x1": "1", "y1": "1"}, "not_a_number"),
        ({"x0": "0", "y0": "0", "x1": "Infinity", "y1": "1"}, "not_a_number"),
        ({"x0": "0,5", "y0": "0", "x1": "1", "y1": "1"}, "bad_number"),
        ({"x0": "1e-3", "y0": "0", "x1": "1", "y1": "1"}, "bad_number"),
        ({"from_ms": "5", "to_ms": "5"}, "bad_window"),
        ({"from_ms": "6", "to_ms": "5"}, "bad_window"),
        ({"from_ms": "6"}, "bad_window"),
        ({"to_ms": "6"}, "bad_window"),
        ({"from_ms": "-1", "to_ms": "5"}, "bad_number"),
        ({"from_ms": "1.5", "to_ms": "5"}, "bad_number"),
        ({"from_ms": "0", "to_ms": "9" * 18}, "bad_number"),
        ({"from_ms": "0", "to_ms": "9" * 5000}, "bad_number"),
        ({"position": "0"}, "bad_number"),
        ({"position": "\u0661"}, "bad_number"),
        ({"closed": "yes"}, "bad_boolean"),
        ({"attested_at": ""}, "missing_value"),
        ({"attested_at": "2026-02-30T00:00:00Z"}, "impossible_date"),
        ({"attested_at": "2026-01-01 00:00"}, "no_time_zone"),
        ({"attested_by": "desk "}, "unclean_text"),
        ({"subject": "mi\u200bna"}, "unclean_text"),
        ({"subject": "\u202emina"}, "unclean_text"),
        ({"subject": "#N/A"}, "names_nobody"),
        ({"subject": "unknown"}, "names_nobody"),
        ({"source": "Studio"}, "bad_slug"),
        ({"source": ""}, "missing_value"),
        ({"file": ""}, "missing_value"),
        ({"file": "a" * 5000}, "field_too_long"),
        ({"file": "a/nowhere.jpg"}, "roster_asset_missing"),
        ({"file": "../one.jpg"}, "roster_asset_missing"),
        ({"source": "lobby"}, "roster_asset_missing"),
    ],
)
def test_a_bad_line_is_set_aside_and_other_assets_go_on(change: dict[str, Any], reason: str) -> None:
    found = read(csv_bytes(LINE, change, TWO))
    assert ([(2, reason)], ["asset-2"]) == (reasons(found), [line.asset_id for line in found.records])
    for each in found.set_aside:
        assert "nowhere" not in each.detail
        assert "mina" not in each.detail


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"x0": float("nan")}, "not_a_number"),
        ({"x0": 2, "y0": 0, "x1": 1, "y1": 1}, "bad_region"),
        ({"x0": True, "y0": 0, "x1": 1, "y1": 1}, "bad_number"),
        ({"from_ms": True, "to_ms": 5}, "bad_number"),
        ({"from_ms": 0.0, "to_ms": 5}, "bad_number"),
        ({"position": [1]}, "bad_number"),
        ({"closed": 1}, "bad_boolean"),
        ({"file": 7}, "wrong_type"),
        ({"file": "a\x00b"}, "bad_location"),
        ({"file": "\ud800"}, "bad_location"),
        ({"region": [0, 0, 1, 1]}, "extra_column"),
    ],
)
def test_a_bad_json_line_is_set_aside(change: dict[str, Any], reason: str) -> None:
    assert [(1, reason)] == reasons(
        read(json_bytes({"closed": True} | {k: v for k, v in LINE.items() if v} | change))
    )


def test_an_infinite_number_in_json_is_refused() -> None:
    line = '{"source":"studio","file":"a/one.jpg","attested_at":"2026-01-01T00:00:00Z","x0":1e999}'
    assert [(1, "bad_number")] == reasons(read(json_bytes(line)))


@pytest.mark.parametrize(
    "broken",
    [
        {"subject": "juno", "position": "two"},
        {"subject": "ju\u200bno"},
        {"subject": "tombstone"},
        {"file": "copy.jpg", "closed": "yes"},  # the same content in another place
    ],
)
def test_half_a_roster_is_none(broken: dict[str, Any]) -> None:
    """With juno's line lost, juno's face beside mina's line would look like mina."""
    store = KeyStore(refused=frozenset({"tombstone"}))
    found = read(csv_bytes(LINE, {}, broken, TWO), store)
    assert (2, "roster_incomplete") in reasons(found)
    assert [2, 3] == [number for number, _ in reasons(found)]
    assert ["asset-2"] == [line.asset_id for line in found.records]


def test_half_a_roster_is_none_in_json_either() -> None:
    good = {name: value for name, value in LINE.items() if value} | {"closed": True}
    twice = '{"source": "studio", "file": "a/one.jpg", "subject": "juno", "subject": "kai"}'
    found = read(json_bytes(good, twice, good | {"file": "a/two.jpg"}))
    assert [(1, "roster_incomplete"), (2, "duplicate_key")] == reasons(found)


def test_a_row_with_too_many_fields_still_tells_its_asset() -> None:
    data = csv_bytes(LINE, {}, TWO) + b"studio,a/one.jpg,juno,too,few\n"
    assert [(2, "roster_incomplete"), (4, "broken_row")] == reasons(read(data))


def test_the_same_line_twice_is_one_and_keeps_its_id() -> None:
    found = read(csv_bytes(LINE, {}, {}, TWO))
    assert (2, 1) == (len(found.records), found.repeated)
    assert found.records == read(csv_bytes(LINE, {}, TWO)).records


@pytest.mark.parametrize(
    "change",
    [
        {"file": "a/two.jpg"},
        {"subject": "kai"},
        {"subject": ""},
        {"from_ms": "0", "to_ms": "1"},
        {"x0": "0", "y0": "0", "x1": "1", "y1": "1"},
        {"position": "1"},
        {"closed": "false"},
        {"attested_by": "other desk"},
        {"attested_at": "2026-01-02T00:00:00Z"},
    ],
)
def test_another_content_is_another_line(change: dict[str, Any]) -> None:
    assert 2 == len({line.line_id for line in read(csv_bytes(LINE, {}, change)).records})


def test_columns_missing_or_unknown_refuse_the_file() -> None:
    assert [(None, "missing_column")] == reasons(
        read(csv_bytes(LINE, {}, columns=[n for n in LINE if n != "closed"]))
    )
    assert [(None, "extra_column")] == reasons(read(csv_bytes(LINE, {"face_id": "1"})))


def test_no_real_id_and_no_path_gets_out() -> None:
    found = read(csv_bytes(LINE, {}, {"subject": "juno", "position": "x"}, TWO))
    for secret in ("mina", "juno", "kai", "one.jpg", "two.jpg"):
        assert secret not in repr(found)


def test_a_list_that_is_dated_ahead_is_set_aside_whole() -> None:
    """It would outrank every correction until its date. A clock may be some minutes ahead."""
    fast, ahead = ({"attested_at": f"2026-11-23T0{hour}Z"} for hour in ("0:05:00", "9:00:00"))
    assert [] == reasons(read(csv_bytes(LINE, fast)))
    found = read(csv_bytes(LINE, ahead, {"subject": "kai"}))
    assert {"lies_ahead", "roster_incomplete"} == {reason for _, reason in reasons(found)}
    assert () == found.records


def test_a_line_that_a_newer_list_has_again_is_a_line_of_that_list() -> None:
    """Were it the old line still, it would fall with the old list, and whoever stands beside it would take its face."""
    newer = {"subject": "kai", "attested_at": "2026-01-02T00:00:00Z"}
    (alone,) = read(csv_bytes(LINE, {})).records
    first, second = read(csv_bytes(LINE, {}, newer)).records
    assert alone.line_id != first.line_id
    assert [datetime(2026, 1, 2, tzinfo=UTC)] * 2 == [first.listed_at, second.listed_at]
    assert datetime(2026, 1, 1, tzinfo=UTC) == first.attested_at
    assert (first, second) == read(csv_bytes(LINE, {}, newer)).records


FEBRUARY = "2026-02-01T00:00:00Z"


def held(found: Imported[RosterLine]) -> list[tuple[str | None, Region | None]]:
    rows = [asdict(line) | {"recorded_at": NOW, "region": line.region} for line in found.records]
    return [(row["subject_id"], row["region"]) for row in current_lines(rows)]


def test_a_history_in_one_list_gives_nobody_the_face_in_their_old_place() -> None:
    """January: mina left. February: mina right, and a stranger whom no line names sits left."""
    right = {**SEAT, "x0": "0.6", "x1": "1", "attested_at": FEBRUARY}
    found = read(csv_bytes(LINE, SEAT, right, TWO))
    mina, kai = KeyStore.known_as("mina@example.org"), KeyStore.known_as("kai")
    assert [(mina, Region(0.6, 0.0, 1.0, 1.0)), (kai, None)] == held(found)
    (told,) = found.remarks
    assert ("older_list", 2) == (told.reason, told.line_number)
    assert 3 == len(found.records), "the history is recorded as well"


def test_a_neighbour_of_an_older_list_in_the_same_import_holds_no_more() -> None:
    """Who sat beside mina in January isn't on February's list; somebody else may sit there."""
    neighbour = {**SEAT, "x0": "0.6", "x1": "1", "subject": "kai"}
    found = read(csv_bytes(LINE, SEAT, neighbour, {**SEAT, "attested_at": FEBRUARY}))
    assert [(KeyStore.known_as("mina@example.org"), Region(0.0, 0.0, 0.6, 1.0))] == held(found)


def test_an_unnamed_person_of_an_older_list_in_the_same_import_still_counts() -> None:
    placeholder = {**SEAT, "x0": "0.6", "x1": "1", "subject": ""}
    found = read(csv_bytes(LINE, SEAT, placeholder, {**SEAT, "attested_at": FEBRUARY}))
    assert {KeyStore.known_as("mina@example.org"), None} == {who for who, _ in held(found)}


def test_two_desks_in_one_list_stay_together_where_each_person_is_attested_once() -> None:
    found = read(
        csv_bytes(LINE, SEAT, {**SEAT, "x0": "0.6", "x1": "1", "subject": "kai", "attested_at": FEBRUARY})
    )
    assert 2 == len(held(found))
    assert () == found.remarks


def rows_of(found: Imported[RosterLine], now: datetime) -> list[dict[str, Any]]:
    return [asdict(line) | {"recorded_at": recorded_at(line, now)} for line in found.records]


def read_beside(stored: list[dict[str, Any]], data: bytes, now: datetime) -> Imported[RosterLine]:
    return import_rosters(
        io.BytesIO(data),
        recorded_at=now,
        subject_of=KeyStore().subject_of,
        asset_of=asset_of,
        recorded=lambda assets: [row for row in stored if row["asset_id"] in assets],
    )


WRONG = csv_bytes(LINE, {"subject": "kai", "attested_at": "2026-11-22T23:58:00Z"})
RIGHT = csv_bytes(LINE, {"attested_at": "2026-11-22T23:59:00Z"})


def test_a_corrected_list_holds_though_the_clock_that_imports_it_is_behind() -> None:
    wrong = rows_of(read_beside([], WRONG, NOW), NOW)
    behind = NOW - timedelta(minutes=4)
    right = read_beside(wrong, RIGHT, behind)
    holding = current_lines([*wrong, *rows_of(right, behind)])
    assert [KeyStore.known_as("mina@example.org")] == [row["subject_id"] for row in holding]
    assert () == right.remarks


def test_lists_of_one_time_add_up_though_the_clock_is_behind() -> None:
    """Were the first one dropped, the second one's person could get its face."""
    early = datetime(2026, 11, 22, 23, 55, tzinfo=UTC)
    rows = [row for pause in (0, 1) for row in rows_of(
        read_beside([], csv_bytes(LINE, {"subject": ("kai", "mina")[pause], "attested_at": "2026-11-22T23:58:00Z"}),
                    early + timedelta(seconds=pause)), early + timedelta(seconds=pause))]  # fmt: skip
    assert 2 == len(current_lines(rows))


def test_a_list_that_does_not_become_the_newest_is_told_and_recorded() -> None:
    right = rows_of(read_beside([], RIGHT, NOW), NOW)
    late = read_beside(right, WRONG, NOW + timedelta(days=1))
    (told,) = late.remarks
    assert ("not_the_newest_list", 2) == (told.reason, told.line_number)
    assert 1 == len(late.records)
    assert () == read_beside(right, RIGHT, NOW + timedelta(days=1)).remarks


SEAT = {"x0": "0", "y0": "0", "x1": "0.6", "y1": "1", "position": "", "closed": ""}
NEXT = {**SEAT, "x0": "0.4", "x1": "1", "subject": "kai"}


def test_lines_that_can_never_be_bound_are_told_once_for_the_list_and_kept() -> None:
    elsewhere = {"file": "a/two.jpg"}
    found = read(csv_bytes(LINE, SEAT, NEXT, SEAT | elsewhere, NEXT | elsewhere))
    (told,) = found.remarks
    assert "overlapping_lines" == told.reason
    assert "4 lines of 2 files" in told.detail and "2, 3, 4, 5" in told.detail
    assert 4 == len(found.records) and not found.set_aside


@pytest.mark.parametrize(
    "second",
    [
        {**NEXT, "x0": "0.6"},
        {**NEXT, "from_ms": "1000", "to_ms": "2000"},
        {**NEXT, "subject": LINE["subject"]},
        {**NEXT, "file": "a/two.jpg"},
    ],
    ids=["the next seat", "another time", "the same person", "another file"],
)
def test_lines_that_can_be_bound_are_not_told(second: dict[str, str]) -> None:
    first = {**SEAT, "from_ms": "0", "to_ms": "1000"}
    second = {"from_ms": "0", "to_ms": "1000"} | second
    assert () == read(csv_bytes(LINE, first, second)).remarks


def test_a_caption_has_no_regions_and_is_not_told() -> None:
    named = [{"position": str(place), "subject": who} for place, who in enumerate(("kai", "mina"), 1)]
    assert () == read(csv_bytes(LINE, *named)).remarks
