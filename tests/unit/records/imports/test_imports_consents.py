"""Consent files, good and bad: a clear reason, nothing lost, the run goes on, and no real id gets out."""

from __future__ import annotations

import hashlib
import io
import tracemalloc
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from import_files import CONSENT, PURPOSES, KeyStore, csv_bytes, json_bytes
from ordinary import day

from habeas.model.errors import UsageError
from habeas.model.people import ConsentStatement, ConsentStatus, Scope, Subject
from habeas.records.imports.pipeline import Imported, import_consents
from habeas.records.readers.fields import REASONS

NOW = datetime(2026, 11, 23, tzinfo=UTC)
MINA = KeyStore.known_as("mina@example.org")
OTHER = {"subject": "juno", "status": "refused"}


def read(data: bytes, store: KeyStore | None = None) -> Imported[ConsentStatement]:
    found = import_consents(
        io.BytesIO(data), purposes=PURPOSES, recorded_at=NOW, subject_of=(store or KeyStore()).subject_of
    )
    aside = sum(each.line_number is not None for each in found.set_aside)
    assert found.lines == len(found.records) + found.repeated + aside
    assert {each.reason for each in found.set_aside} <= REASONS | {"tombstoned"}
    assert hashlib.sha256(data).hexdigest() == found.input_digest
    return found


def reasons(found: Imported[ConsentStatement]) -> list[tuple[int | None, str]]:
    return [(each.line_number, each.reason) for each in found.set_aside]


def test_a_statement_is_read_whole() -> None:
    more = {
        "expires_at": "2027-01-01T00:00:00Z",
        "sources": "studio;lobby",
        "evidence_digest": "ab" * 32,
        "separate": "true",
        "written": "true",
        "guardian": "false",
        "recipients": "Vendor B;Vendor A",
        "countries": "US-IL;KR",
        "sites": "hall",
        "events": "open-day-2025;fair",
        "lots": "lot-7",
        "from_at": "2025-01-01T00:00:00Z",
        "to_at": "2025-07-01T00:00:00Z",
        "jurisdictions": "US-IL;KR",
        "age": "adult",
        "last_contact_on": "2026-01-01",
    }
    found = read(csv_bytes(CONSENT, more))
    said = found.records[0]
    assert (MINA, "archive_search", ConsentStatus.GIVEN) == (said.subject_id, said.purpose, said.status)
    assert datetime(2026, 1, 1, tzinfo=UTC) == said.given_at
    assert (datetime(2027, 1, 1, tzinfo=UTC), NOW) == (said.expires_at, said.recorded_at)
    assert (True, "2", "paper form") == (said.explicit, said.notice_version, said.method)
    assert "ab" * 32 == said.evidence_digest
    assert (True, True, False) == (said.separate, said.written, said.guardian)
    assert (("Vendor A", "Vendor B"), ("KR", "US-IL")) == (said.recipients, said.countries)
    window = (datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 7, 1, tzinfo=UTC))
    events = ("fair", "open-day-2025")
    assert Scope(("lobby", "studio"), (), ("hall",), events, ("lot-7",), (), *window) == said.scope
    assert (
        Subject(MINA, ("KR", "US-IL"), "adult", date(2026, 1, 1), found.records[0].given_at),
    ) == found.subjects
    assert ((), 0) == (found.set_aside, found.refusals_set_aside)


def test_csv_and_json_lines_say_the_same() -> None:
    record = CONSENT | {"explicit": True, "expires_at": None, "sources": ["studio"]}
    assert read(csv_bytes(CONSENT, {"sources": "studio"})).records == read(json_bytes(record)).records


def test_a_json_record_may_leave_out_what_may_be_blank() -> None:
    record = {name: value for name, value in CONSENT.items() if value}
    assert read(csv_bytes(CONSENT, {})).records == read(json_bytes(record)).records


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("given", "ConsentGiven"),
        ("ConsentGiven", "ConsentGiven"),
        ("dpv:ConsentRefused", "ConsentRefused"),
        ("https://w3id.org/dpv#ConsentWithdrawn", "ConsentWithdrawn"),
        ("withdrawn", "ConsentWithdrawn"),
        ("no", "ConsentRefused"),
        (" Withdrawn ", "ConsentWithdrawn"),
        ("동의 철회", "ConsentWithdrawn"),
    ],
)
def test_words_a_status_may_be(word: str, status: str) -> None:
    assert status == read(csv_bytes(CONSENT, {"status": word})).records[0].status


@pytest.mark.parametrize(
    "word", ["TRUE", "yes", "1", "null", "", "Given", "given ", "ConsentExpired", "n", "=1"]
)
def test_a_status_is_never_guessed(word: str) -> None:
    found = read(csv_bytes(CONSENT, OTHER, {"status": word}))
    assert ([(3, "unknown_status")], 1) == (reasons(found), len(found.records))


@pytest.mark.parametrize("word", [True, 1, None, "", ["given"]])
def test_a_status_in_json_is_never_guessed(word: object) -> None:
    assert [(1, "unknown_status")] == reasons(read(json_bytes(CONSENT | {"explicit": True, "status": word})))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"purpose": "archive_search "}, "unclean_text"),
        ({"purpose": "\u0430rchive_search"}, "unclean_text"),
        ({"purpose": "archive\u200b_search"}, "unclean_text"),
        ({"purpose": "Archive_search"}, "unknown_purpose"),
        ({"purpose": "crowd_counting"}, "unknown_purpose"),
        ({"purpose": ""}, "missing_value"),
        ({"given_at": "2026-02-30T00:00:00Z"}, "impossible_date"),
        ({"given_at": "2026-01-01T25:00:00Z"}, "impossible_date"),
        ({"given_at": "2026-01-01T23:59:60Z"}, "impossible_date"),
        ({"given_at": "2026-01-01T00:00:00+25:00"}, "impossible_date"),
        ({"given_at": "01.02.2026"}, "impossible_date"),
        ({"given_at": "yesterday"}, "impossible_date"),
        ({"given_at": "\u0662\u0660\u0662\u0666-01-01T00:00:00Z"}, "impossible_date"),
        ({"given_at": "2026-01-01T00:00:00"}, "no_time_zone"),
        ({"given_at": "2026-01-01"}, "no_time_zone"),
        ({"given_at": "9999-12-31T00:00:00Z"}, "date_out_of_range"),
        ({"given_at": "0001-01-01T00:00:00+14:00"}, "date_out_of_range"),
        ({"expires_at": "9999-12-31T23:59:59-12:00"}, "date_out_of_range"),
        ({"given_at": ""}, "missing_value"),
        ({"expires_at": "2025-12-31T23:59:59Z"}, "expires_before_given"),
        ({"explicit": "TRUE"}, "bad_boolean"),
        ({"explicit": "1"}, "bad_boolean"),
        ({"separate": "no"}, "bad_boolean"),
        ({"written": "1"}, "bad_boolean"),
        ({"guardian": "mother"}, "bad_boolean"),
        ({"recipients": "Vendor A;"}, "bad_list"),
        ({"recipients": "Vend\u043er A"}, "unclean_text"),
        ({"countries": "unknown"}, "bad_place"),
        ({"countries": "Korea"}, "bad_place"),
        ({"events": "Open Day"}, "bad_slug"),
        ({"sites": "hall;hall"}, "bad_list"),
        ({"lots": ";"}, "bad_list"),
        ({"from_at": "2026-01-01"}, "no_time_zone"),
        ({"from_at": "2026-02-01T00:00:00Z", "to_at": "2026-02-01T00:00:00Z"}, "bad_window"),
        ({"age": "17"}, "unknown_word"),
        ({"age": "minor"}, "unknown_word"),
        ({"last_contact_on": "2026-02-30"}, "impossible_date"),
        ({"last_contact_on": "2026-01-01T00:00:00Z"}, "impossible_date"),
        ({"last_contact_on": "1899-12-31"}, "date_out_of_range"),
        ({"last_contact_on": "2026-12-01"}, "lies_ahead"),
        ({"guardian": "true", "age": "adult"}, "guardian_of_adult"),
        ({"given_at": "2028-01-01T00:00:00Z"}, "lies_ahead"),
        ({"given_at": "1899-01-01T00:00:00Z"}, "date_out_of_range"),
        ({"sources": ";"}, "bad_list"),
        ({"sources": "studio;"}, "bad_list"),
        ({"sources": "studio;studio"}, "bad_list"),
        ({"sources": "Studio"}, "bad_slug"),
        ({"sources": "studio; lobby"}, "unclean_text"),
        ({"evidence_digest": "AB" * 32}, "bad_digest"),
        ({"jurisdictions": "Korea"}, "bad_place"),
        ({"jurisdictions": "KR;unknown"}, "bad_place"),
        ({"notice_version": ""}, "missing_value"),
        ({"method": "a" * 201}, "field_too_long"),
        ({"subject": ""}, "missing_value"),
        ({"subject": "a" * 10**7}, "field_too_long"),
        ({"subject": "a" * 5000}, "field_too_long"),
        ({"subject": "mina "}, "unclean_text"),
        ({"subject": "mi\u200dna"}, "unclean_text"),
        ({"subject": "\u202emina"}, "unclean_text"),
        ({"subject": "mina\ufeff"}, "unclean_text"),
        ({"subject": "m\u0456na"}, "unclean_text"),  # Cyrillic i
        ({"subject": "\uff4dina"}, "unclean_text"),
        ({"subject": "mina\u3164"}, "unclean_text"),
    ],
)
def test_a_bad_record_is_set_aside_and_the_others_go_on(change: dict[str, Any], reason: str) -> None:
    store = KeyStore()
    found = read(csv_bytes(CONSENT, OTHER, change, {"subject": "kai"}), store)
    assert [(3, reason)] == reasons(found)
    assert ["juno", "kai"] == store.asked
    assert 2 == len(found.records)
    value = next(iter(change.values()))
    for each in found.set_aside:
        assert len(each.detail) < 200
        assert len(value) < 9 or value not in each.detail


def test_a_byte_order_mark_is_accepted() -> None:
    plain = csv_bytes(CONSENT, {})
    assert read(plain).records == read(b"\xef\xbb\xbf" + plain).records
    record = json_bytes(CONSENT | {"explicit": True})
    assert read(record).records == read(b"\xef\xbb\xbf" + record).records


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_in_utf_16_is_read(encoding: str) -> None:
    for data in (
        csv_bytes(CONSENT, {"subject": "김민아"}, OTHER),
        json_bytes(CONSENT | {"explicit": True}, OTHER),
    ):
        found = read(data.decode().encode(encoding))
        assert (read(data).records, "UTF-16") == (found.records, found.form)


def test_a_file_in_utf_32_is_refused_whole() -> None:
    found = read(csv_bytes(CONSENT, {}).decode().encode("utf-32"))
    assert ([(None, "not_utf8")], (), 1) == (reasons(found), found.records, found.refusals_set_aside)


def test_a_file_that_breaks_off_in_utf_16_is_refused_to_its_end() -> None:
    found = read(csv_bytes(CONSENT, OTHER).decode().encode("utf-16") + b"\x00")
    assert [(None, "not_utf8")] == reasons(found)
    assert 1 == found.refusals_set_aside


def test_korean_as_excel_saves_it_is_read() -> None:
    data = csv_bytes(CONSENT, {"subject": "김민아", "method": "서면"}, OTHER)
    found = read(data.decode().encode("cp949"))
    assert (read(data).records, "CP949") == (found.records, found.form)


@pytest.mark.parametrize(("divider", "word"), [(";", "divided by ;"), ("\t", "divided by tabs")])
def test_fields_divided_by_something_else_are_read(divider: str, word: str) -> None:
    data = csv_bytes(CONSENT, {}, OTHER)
    found = read(data.replace(b",", divider.encode()))
    assert read(data).records == found.records
    assert word in found.form
    assert found.records == read(f"sep={divider}\n".encode() + data.replace(b",", divider.encode())).records


@pytest.mark.parametrize("raw", [b"\xe9lise", b"\xc4rzte", b"caf\xe9\xe9", b"\xff\xfe\xfd"])
def test_letters_that_are_no_korean_are_not_taken_for_it(raw: bytes) -> None:
    lines = csv_bytes(CONSENT, {}, {"subject": "Z"}, OTHER).replace(b"Z", raw)
    assert [(3, "not_utf8")] == reasons(read(lines))


def test_one_file_is_in_one_encoding() -> None:
    first, second = "김민아".encode(), "박서준".encode("cp949")
    lines = csv_bytes(CONSENT, {"subject": "Y"}, {"subject": "Z"}).replace(b"Y", first).replace(b"Z", second)
    assert [(3, "not_utf8")] == reasons(read(lines))


def test_a_line_in_another_encoding_is_set_aside() -> None:
    lines = csv_bytes(CONSENT, {}, {"subject": "Z"}, OTHER).replace(b"Z", b"\xe9lise")
    assert [(3, "not_utf8")] == reasons(read(lines))
    assert 2 == len(read(lines).records)


def test_a_yes_in_a_file_that_lacks_a_column_is_set_aside_and_a_no_is_kept() -> None:
    data = csv_bytes(CONSENT, {}, OTHER, columns=[name for name in CONSENT if name != "expires_at"])
    found = read(data)
    assert ([(2, "missing_column")], 1) == (reasons(found), len(found.records))
    assert "expires_at" in found.set_aside[0].detail
    record = {name: value for name, value in CONSENT.items() if name != "given_at"}
    assert [(1, "missing_column")] == reasons(read(json_bytes(record)))


@pytest.mark.parametrize("column", ["subject", "purpose", "status"])
def test_a_file_without_what_a_no_needs_is_refused_whole(column: str) -> None:
    found = read(csv_bytes(CONSENT, OTHER, columns=[name for name in CONSENT if name != column]))
    assert ([(None, "missing_column")], 1) == (reasons(found), found.refusals_set_aside)
    assert column in found.set_aside[0].detail


def test_a_column_nobody_knows_sets_a_yes_aside_and_is_not_repeated() -> None:
    found = read(csv_bytes(CONSENT, {"only_until_mina_moves": "1"}, OTHER))
    assert ([(2, "extra_column")], 1) == (reasons(found), len(found.records))
    assert "mina" not in found.set_aside[0].detail
    assert [(1, "extra_column")] == reasons(read(json_bytes(CONSENT | {"only_until_mina_moves": 1})))


def test_a_column_that_stands_twice_sets_a_yes_aside() -> None:
    data = csv_bytes(CONSENT, {}, OTHER).replace(b"explicit", b"explicit,explicit", 1)
    data = data.replace(b",true,", b",true,false,", 1)
    assert [(2, "duplicate_column")] == reasons(read(data))
    twice = csv_bytes(CONSENT, OTHER).replace(b"subject", b"subject,subject", 1)
    assert [(None, "duplicate_column")] == reasons(read(twice))


def test_blanks_and_capitals_in_a_header_say_nothing() -> None:
    data = csv_bytes(CONSENT, {}, OTHER)
    assert read(data).records == read(data.replace(b"subject", b" Subject ", 1)).records


def test_empty_columns_at_the_right_are_no_columns() -> None:
    data = csv_bytes(CONSENT, {}, OTHER)
    assert read(data).records == read(data.replace(b"\n", b",,\n")).records


@pytest.mark.parametrize("data", [b"", b"\n\n \n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(data: bytes) -> None:
    assert [(None, "empty_file")] == reasons(read(data))


@pytest.mark.parametrize(
    "line",
    ['"mina', 'mina"x"', '"mi"na', "a,b", "a,b,c,d,e,f,g,h,i,j,k,l"],
)
def test_a_broken_row_takes_no_other_row_with_it(line: str) -> None:
    data = csv_bytes(CONSENT, OTHER) + line.encode() + b"\n" + csv_bytes(CONSENT, {}).split(b"\n")[1] + b"\n"
    found = read(data)
    assert ([(3, "broken_row")], 2) == (reasons(found), len(found.records))


def test_a_field_over_two_lines_sets_both_halves_aside() -> None:
    data = csv_bytes(CONSENT, {"method": "paper\nform"}, OTHER)
    assert [(3, "broken_row"), (2, "broken_row")] == reasons(read(data)), "the half that may be a no first"
    assert 1 == len(read(data).records)


def test_quotes_and_commas_inside_a_field_are_text() -> None:
    assert 'form "A", signed' == read(csv_bytes(CONSENT, {"method": 'form "A", signed'})).records[0].method


def test_windows_line_ends_and_a_missing_last_one_are_fine() -> None:
    data = csv_bytes(CONSENT, {}, OTHER)
    assert read(data).records == read(data.replace(b"\n", b"\r\n").rstrip()).records


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"subject": "a", "subject": "b"}', "duplicate_key"),
        ('{"subject": NaN}', "not_a_number"),
        ('{"subject": -Infinity}', "not_a_number"),
        ('{"subject": 1e999}', "missing_column"),
        ('{"subject": ' + "9" * 5000 + "}", "bad_number"),
        ('{"subject": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested_too_deep"),
        ('{"subject": ' + '{"a":' * 100_000 + "1" + "}" * 100_000 + "}", "nested_too_deep"),
        ('{"subject": {"a": 1}}', "nested_too_deep"),
        ('{"subject": "a"', "broken_json"),
        ("[1]", "broken_json"),
        ("{'subject': 'a'}", "broken_json"),
        ("subject,purpose", "broken_json"),
    ],
)
def test_a_broken_json_line_is_set_aside(line: str, reason: str) -> None:
    good = CONSENT | {"explicit": True}
    found = read(json_bytes(good, line, good | {"subject": "kai"}))
    assert ([(2, reason)], 2) == (reasons(found), len(found.records))


def test_a_broken_first_json_line_does_not_refuse_the_file() -> None:
    good = CONSENT | {"explicit": True}
    for first, reason in (
        ('{"subject"', "broken_json"),
        ('{"subject": "' + "a" * 10**7 + '"}', "field_too_long"),
    ):
        assert [(1, reason)] == reasons(read(json_bytes(first, good)))


@pytest.mark.parametrize(
    "change", [{"subject": 7}, {"notice_version": 2}, {"given_at": 1767225600}, {"purpose": 1}]
)
def test_json_types_are_not_converted(change: dict[str, Any]) -> None:
    assert [(1, "wrong_type")] == reasons(read(json_bytes(CONSENT | {"explicit": True} | change)))


def test_an_empty_json_list_of_sources_is_not_taken_for_every_source() -> None:
    assert [(1, "bad_list")] == reasons(read(json_bytes(CONSENT | {"explicit": True, "sources": []})))


def test_where_statements_contradict_each_other_the_no_is_kept() -> None:
    at = {"given_at": "2026-01-01T00:00:00Z"}  # the same instant as 09:00 in Seoul
    found = read(csv_bytes(CONSENT, {}, OTHER, at | {"status": "withdrawn"}))
    assert [(2, "conflicting_statements")] == reasons(found)
    assert ["refused", "withdrawn"] == [each.status.name.lower() for each in found.records]
    assert 0 == found.refusals_set_aside


def test_yes_to_one_event_and_no_to_another_are_no_contradiction() -> None:
    found = read(csv_bytes(CONSENT, {"events": "fair"}, {"events": "ball", "status": "refused"}))
    assert ((), 2) == (found.set_aside, len(found.records))


def test_one_person_spelt_in_two_normal_forms_is_one_person() -> None:
    found = read(csv_bytes(CONSENT, {"subject": "Zo\u00eb"}, {"subject": "Zoe\u0308", "status": "withdrawn"}))
    assert [(2, "conflicting_statements")] == reasons(found)


def test_the_same_statement_twice_is_one() -> None:
    found = read(csv_bytes(CONSENT, {}, OTHER, {}, {"given_at": "2026-01-01T00:00:00Z"}))
    assert (2, 2, 4) == (len(found.records), found.repeated, found.lines)


def test_importing_again_later_gives_the_same_ids() -> None:
    data, store = csv_bytes(CONSENT, {}, OTHER), KeyStore()
    first = import_consents(io.BytesIO(data), purposes=PURPOSES, recorded_at=NOW, subject_of=store.subject_of)
    later = datetime(2027, 1, 1, tzinfo=UTC)
    again = import_consents(
        io.BytesIO(data), purposes=PURPOSES, recorded_at=later, subject_of=store.subject_of
    )
    assert [each.consent_id for each in first.records] == [each.consent_id for each in again.records]


@pytest.mark.parametrize(
    "change",
    [
        {"status": "refused"},
        {"purpose": "model_training"},
        {"given_at": "2026-01-02T00:00:00Z"},
        {"expires_at": "2027-01-01T00:00:00Z"},
        {"sources": "studio"},
        {"explicit": "false"},
        {"explicit": ""},
        {"notice_version": "3"},
        {"method": "web"},
        {"evidence_digest": "ab" * 32},
        {"separate": "true"},
        {"separate": "false"},
        {"written": "true"},
        {"guardian": "true"},
        {"recipients": "Vendor A"},
        {"countries": "KR"},
        {"events": "fair"},
        {"sites": "fair"},
        {"lots": "fair"},
        {"from_at": "2026-01-01T00:00:00Z"},
        {"to_at": "2026-01-01T00:00:00Z"},
        {"subject": "juno@example.org"},
    ],
)
def test_another_content_is_another_statement(change: dict[str, Any]) -> None:
    ids = {each.consent_id for data in ({}, change) for each in read(csv_bytes(CONSENT, data)).records}
    assert 2 == len(ids)


def test_a_withdrawal_dated_before_the_consent_is_kept() -> None:
    found = read(
        csv_bytes(
            CONSENT,
            {"evidence_digest": "ab" * 32},
            {"given_at": "2025-01-01T00:00:00Z", "status": "withdrawn"},
        )
    )
    assert ((), 2) == (found.set_aside, len(found.records))


def test_a_no_that_can_not_be_read_is_counted_and_told_first() -> None:
    changes = [{"method": ""}, {"status": "withdrawn", "purpose": "crowd_counting"}, {"status": "nope"}]
    found = read(csv_bytes(CONSENT, *changes))
    assert 2 == found.refusals_set_aside
    assert [3, 4, 2] == [each.line_number for each in found.set_aside]


def test_a_person_the_key_store_refuses_is_set_aside() -> None:
    store = KeyStore(refused=frozenset({"juno"}))
    found = read(csv_bytes(CONSENT, OTHER, {}, OTHER | {"purpose": "model_training"}), store)
    assert [(2, "tombstoned"), (4, "tombstoned")] == reasons(found)
    assert (["juno", "mina@example.org"], 2) == (store.asked, found.refusals_set_aside)


def test_where_lines_differ_about_a_person_the_protective_answer_holds() -> None:
    found = read(
        csv_bytes(
            CONSENT,
            {"age": "adult", "jurisdictions": "KR", "last_contact_on": "2026-03-01"},
            {"age": "under_16", "jurisdictions": "US-IL", "purpose": "model_training"},
            {"age": "under_18", "last_contact_on": "2026-02-01", "purpose": "access_verification"},
            OTHER | {"jurisdictions": "unknown", "age": ""},
        )
    )
    juno = KeyStore.known_as("juno")
    assert {
        Subject(MINA, ("KR", "US-IL"), "under_16", date(2026, 3, 1), day("2026-01-01")),
        Subject(juno, None, None, None),
    } == set(found.subjects)


def test_no_real_id_gets_out() -> None:
    data = csv_bytes(CONSENT, {}, {"status": "nope"}, {"given_at": "mina@example.org"}, OTHER)
    found = read(data)
    assert "mina" not in repr(found)
    assert "juno" not in repr(found)


def test_a_path_is_read_like_a_stream(tmp_path: Path) -> None:
    path = tmp_path / "mina.txt"
    path.write_bytes(csv_bytes(CONSENT, {}))
    found = import_consents(path, purposes=PURPOSES, recorded_at=NOW, subject_of=KeyStore().subject_of)
    assert read(path.read_bytes()) == found


def test_a_path_that_is_no_file_is_refused_without_naming_it(tmp_path: Path) -> None:
    for path in (tmp_path / "mina.csv", tmp_path):
        with pytest.raises(UsageError) as caught:
            import_consents(path, purposes=PURPOSES, recorded_at=NOW, subject_of=KeyStore().subject_of)
        assert path.name not in str(caught.value)


def test_a_huge_field_is_not_kept_in_memory() -> None:
    data = csv_bytes(CONSENT, {"method": "a" * 10**7}, OTHER)
    stream = io.BytesIO(data)
    tracemalloc.start()
    import_consents(stream, purposes=PURPOSES, recorded_at=NOW, subject_of=KeyStore().subject_of)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


_CELL = st.text(max_size=12) | st.sampled_from(
    ["given", "archive_search", "2026-01-01T00:00:00Z", "true", '"', ";"]
)


@examples(60)
@given(st.lists(st.lists(_CELL, min_size=8, max_size=10), max_size=5))
def test_whatever_stands_in_a_csv_file_is_accounted_for(rows: list[list[str]]) -> None:
    header = ",".join(CONSENT)
    body = "\n".join(",".join(row) for row in rows).replace("\x00", "")
    read((header + "\n" + body).encode("utf-8", "surrogatepass"))


@examples(60)
@given(st.binary(max_size=200))
def test_whatever_bytes_a_file_holds_are_accounted_for(data: bytes) -> None:
    read(data)
