"""A no must arrive: it needs a person and a purpose. Whatever else is wrong with it is told, and it holds."""

from __future__ import annotations

import io
import json
from collections.abc import Collection
from datetime import timedelta
from typing import Any

import pytest
from import_files import CONSENT, PLACES, PURPOSES, KeyStore, csv_bytes, json_bytes
from ordinary import day

from habeas.model.people import ConsentStatement, ConsentStatus, Scope
from habeas.records.dpv.read import DpvRecords
from habeas.records.imports.pipeline import Imported, Input, import_consents
from habeas.records.imports.remarks import ImportContext
from habeas.records.parsing.consents import COLUMNS
from habeas.records.parsing.names import Names
from habeas.records.readers.rows import RowRecords

NOW = day("2026-11-23")
NO = {"status": "withdrawn"}
MINA = KeyStore.known_as("mina@example.org")
NAMES = Names({"sources": frozenset({"studio-1", "lobby"}), "events": frozenset({"open-day"}),
               "sites": frozenset(), "lots": frozenset()})  # fmt: skip

NAMED = ImportContext(names=NAMES)


def read(
    given: bytes | Input,
    recorded: Collection[ConsentStatement] = (),
    context: ImportContext = NAMED,
    at: Any = NOW,
) -> Imported[ConsentStatement]:
    return import_consents(
        io.BytesIO(given) if isinstance(given, bytes) else given, purposes=PURPOSES, recorded_at=at,
        subject_of=KeyStore().subject_of, places=PLACES, recorded=lambda _: list(recorded), context=context,
    )  # fmt: skip


def reasons(found: Imported[Any]) -> list[str]:
    return [each.reason for each in found.remarks]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"notice_version": ""}, None),
        ({"method": ""}, None),
        ({"notice_version": "1\u200b"}, "unclean_text"),
        ({"method": "a" * 5000}, "field_too_long"),
        ({"given_at": ""}, "missing_value"),
        ({"given_at": "yesterday"}, "impossible_date"),
        ({"given_at": "2026-05-12"}, "no_time_zone"),
        ({"given_at": "2026-05-12 오후 3:10"}, "no_time_zone"),
        ({"given_at": "2026. 5. 12. 15:10"}, "no_time_zone"),
        ({"given_at": "12/05/2026 15:10"}, "impossible_date"),
        ({"given_at": "9999-01-01T00:00:00Z"}, "date_out_of_range"),
        ({"given_at": "2027-06-01T00:00:00Z"}, "lies_ahead"),
        ({"given_at": "2026-11-23T09:00:00Z"}, "lies_ahead"),
        ({"expires_at": "2025-01-01T00:00:00Z"}, None),
        ({"expires_at": "never"}, "impossible_date"),
        ({"explicit": "TRUE"}, "bad_boolean"),
        ({"separate": "예"}, "bad_boolean"),
        ({"written": "1"}, "bad_boolean"),
        ({"guardian": "mother"}, "bad_boolean"),
        ({"guardian": "true", "age": "adult"}, None),
        ({"evidence_digest": "AB" * 32}, "bad_digest"),
        ({"recipients": "Vendor A;"}, "bad_list"),
        ({"countries": "unknown"}, "bad_place"),
        ({"jurisdictions": "Korea"}, "bad_place"),
        ({"age": "minor"}, "unknown_word"),
        ({"last_contact_on": "2027-01-01"}, "lies_ahead"),
        ({"sources": "Studio;"}, "bad_list"),
        ({"events": "Fest Day;Fair!"}, "bad_slug"),
        ({"lots": "lot 7!"}, "bad_slug"),
        ({"folders": "a"}, "bad_scope"),
        ({"assets": "one.jpg"}, "bad_scope"),
        ({"from_at": "then"}, "impossible_date"),
        ({"from_at": "2026-02-01T00:00:00Z", "to_at": "2026-01-01T00:00:00Z"}, "bad_window"),
        ({"purpose": " Archive-Search"}, "unclean_text"),
        ({"subject": "mina@example.org "}, "unclean_text"),
        ({"subject": "mina@exa\u200bmple.org"}, "unclean_text"),
        ({"subject": "ｍina@example.org"}, "unclean_text"),
    ],
)
def test_a_withdrawal_holds_whatever_else_can_not_be_read(change: dict[str, str], reason: str | None) -> None:
    found = read(csv_bytes(CONSENT, NO | change))
    assert () == found.set_aside
    (said,) = found.records
    assert (MINA, "archive_search", ConsentStatus.WITHDRAWN) == (said.subject_id, said.purpose, said.status)
    assert said.given_at <= NOW
    assert said.scope.everywhere, "what can't be read narrows nothing"
    assert set(reasons(found)) == ({reason} if reason else set())
    assert "mina" not in repr(found)


@pytest.mark.parametrize("column", [name for name in CONSENT if name not in ("subject", "purpose", "status")])
def test_a_withdrawal_needs_no_other_column(column: str) -> None:
    assert 1 == len(
        read(csv_bytes(CONSENT, NO, columns=[name for name in CONSENT if name != column])).records
    )
    record = {name: value for name, value in (CONSENT | NO).items() if name != column}
    assert 1 == len(read(json_bytes(record)).records)


def test_a_withdrawal_is_three_words() -> None:
    for given in (
        b"subject,purpose,status\nmina@example.org,archive_search,withdrawn\n",
        json_bytes({"subject": "mina@example.org", "purpose": "archive_search", "status": "withdrawn"}),
        RowRecords(
            ["subject", "purpose", "status"],
            [{"subject": "mina@example.org", "purpose": "archive_search", "status": "withdrawn"}],
            COLUMNS,
        ),
    ):
        found = read(given)
        assert [(MINA, NOW)] == [(each.subject_id, each.given_at) for each in found.records]


@pytest.mark.parametrize("tail", [b"\n", b",,,,,,,,,,\n"])
def test_a_short_row_and_empty_fields_at_the_right_lose_no_no(tail: bytes) -> None:
    header = b"subject,purpose,status,given_at,expires_at,sources,explicit,notice_version,method\n"
    assert 1 == len(read(header + b"mina@example.org,archive_search,withdrawn" + tail).records)


def test_a_row_whose_fields_may_have_moved_is_not_taken_for_somebody_else() -> None:
    found = read(b"subject,purpose,status\nKim, Mina,archive_search,withdrawn\n")
    assert ([], [True]) == (list(found.records), [each.may_be_no for each in found.set_aside])


@pytest.mark.parametrize("text", ["1.23457E+11", "1,23457E+11", "1E+11", "1.23457e11"])
@pytest.mark.parametrize("status", ["given", "withdrawn"])
def test_a_number_that_a_spreadsheet_shortened_is_nobody(text: str, status: str) -> None:
    found = read(csv_bytes(CONSENT, {"subject": text, "status": status}))
    assert ([], ["shortened_number"]) == (list(found.records), [each.reason for each in found.set_aside])
    assert (status == "withdrawn") == bool(found.refusals_set_aside)
    assert text not in repr(found)


@pytest.mark.parametrize(
    "text",
    ["#N/A", "#REF!", "#NAME?", "#DIV/0!", "#NV", "#WERT!", "Err:502", "########", "NULL", "None", "nan", "NA", "<NA>",
     "\\N", "undefined", "?", "??? ??", "-", "김\ufffd", "unknown", "Unknown", "No Name", "미상", "성명 불상"],
)  # fmt: skip
@pytest.mark.parametrize("status", ["given", "withdrawn"])
def test_what_stands_for_a_missing_id_is_nobody(text: str, status: str) -> None:
    """Taken for an id it would be one person: the consent of one would stand for the face of another."""
    found = read(csv_bytes(CONSENT, {"subject": text, "status": status}))
    assert ([], ["names_nobody"]) == (list(found.records), [each.reason for each in found.set_aside])
    assert (status == "withdrawn") == bool(found.refusals_set_aside)


@pytest.mark.parametrize("text", ["Null", "Nan", "Na", "Nil", "N-1", "#42", "Noname Kim", "나", "무명씨"])
def test_a_person_may_be_called_like_a_missing_value(text: str) -> None:
    assert 1 == len(read(csv_bytes(CONSENT, {"subject": text})).records)


def test_a_yes_that_something_unknown_may_take_back_may_be_a_no() -> None:
    """The status was left as it was, and the day of the withdrawal stands in a column of its own."""
    taken_back = {"subject": "kim", "withdrawn_at": "2026-05-01"}
    for given in (csv_bytes(CONSENT | {"withdrawn_at": ""}, taken_back, NO),
                  json_bytes(CONSENT | taken_back, CONSENT | NO)):  # fmt: skip
        found = read(given)
        assert 1 == len(found.records)
        assert ([("extra_column", True)], 1) == (
            [(each.reason, each.may_be_no) for each in found.set_aside], found.refusals_set_aside
        )  # fmt: skip


def test_a_yes_is_as_strict_as_ever() -> None:
    for change in ({"notice_version": ""}, {"given_at": ""}, {"events": "Open Day"}, {"subject": "mina "}):
        found = read(csv_bytes(CONSENT, change))
        assert ([], 1, 0) == (list(found.records), len(found.set_aside), found.refusals_set_aside)


def test_a_withdrawal_without_a_date_is_one_statement_until_they_say_yes_again() -> None:
    lines = csv_bytes(CONSENT, NO | {"given_at": "yesterday"})
    (first,) = read(lines).records
    later = NOW + timedelta(days=2)
    (repeated,) = read(lines, recorded=[first], at=later).records
    assert first.consent_id == repeated.consent_id
    (yes,) = read(
        csv_bytes(CONSENT, {"given_at": "2026-11-24T00:00:00Z"}), at=NOW + timedelta(days=1)
    ).records
    (again,) = read(lines, recorded=[first, yes], at=later).records
    assert (again.consent_id != first.consent_id, again.given_at) == (True, later)
    (once_more,) = read(lines, recorded=[first, yes, again], at=later + timedelta(days=1)).records
    assert once_more.consent_id == first.consent_id, "nothing is added twice"


def test_an_undated_withdrawal_is_said_anew_whatever_narrower_no_came_since_they_said_yes() -> None:
    everything = csv_bytes(CONSENT, NO | {"given_at": ""})
    (first,) = read(everything).records
    (yes,) = read(
        csv_bytes(CONSENT, {"given_at": "2026-11-24T00:00:00Z"}), at=NOW + timedelta(days=1)
    ).records
    narrow = csv_bytes(CONSENT, NO | {"given_at": "", "events": "open-day"})
    (about_one_event,) = read(narrow, at=NOW + timedelta(days=2)).records
    later = NOW + timedelta(days=3)
    (again,) = read(everything, recorded=[first, yes, about_one_event], at=later).records
    assert (again.consent_id != first.consent_id, again.recorded_at) == (True, later)
    (wide,) = read(everything, recorded=[first, yes, again], at=later + timedelta(days=1)).records
    assert wide.consent_id == first.consent_id, "nothing is added twice"
    recorded = [about_one_event, yes, again]
    (covered,) = read(narrow, recorded=recorded, at=later).records
    assert covered.consent_id == about_one_event.consent_id, "a wider no answers for a narrower one"


# --- other forms ----------------------------------------------------------------------------


def receipt(**changes: Any) -> dict[str, Any]:
    from habeas.records.dpv import terms

    event = {
        "@type": ["dpv:ConsentWithdrawn"], "dpv:isIndicatedAtTime": "2026-11-01T00:00:00Z",
        "dpv:hasNotice": {"dpv:hasIdentifier": "1"}, "dpv:hasIndicationMethod": "desk",
    }  # fmt: skip
    process = {
        "dpv:hasPurpose": [{"@id": PURPOSES["archive_search"].iri}], "dpv:hasPersonalData": ["pd:FacialPrint"],
        "dpv:hasLegalBasis": ["dpv:Consent"], "dpv:hasConsentStatus": [event],
    }  # fmt: skip
    record = {
        "@context": terms.CONTEXT, "dct:conformsTo": terms.RECEIPT,
        "dpv:hasDataSubject": {"dpv:hasIdentifier": "mina@example.org"}, "dpv:hasProcess": [process],
    }  # fmt: skip
    for path, value in changes.items():
        at: Any = {"event": event, "process": process, "record": record}[path]
        for name, new in value.items():
            if new is None:
                at.pop(name, None)
            else:
                at[name] = new
    return record


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"event": {"dpv:hasNotice": None}},
        {"event": {"dpv:isIndicatedAtTime": None}},
        {"event": {"dpv:hasDuration": {"@type": ["x"]}}},
        {"event": {"@type": ["dpv:ConsentWithdrawn", "dpv:SomethingElse"]}},
        {"event": {"x:unknown": 1}},
        {"process": {"dpv:hasPersonalData": None}},
        {"process": {"dpv:hasLegalBasis": ["dpv:Contract"]}},
        {"process": {"dpv:hasScope": {}}},
        {"process": {"dpv:hasRecipient": ["nobody"]}},
        {"process": {"x:unknown": 1}},
        {"record": {"dct:conformsTo": "something else"}},
        {"record": {"x:unknown": 1}},
        {"record": {"dpv:hasEntity": ["x"]}},
        {"record": {"dpv:hasDataSubject": {"dpv:hasIdentifier": "mina@example.org", "x:unknown": 1}}},
    ],
)
def test_a_withdrawal_in_json_ld_holds_whatever_else_can_not_be_read(changes: dict[str, Any]) -> None:
    by_iri = {purpose.iri: purpose.purpose_id for purpose in PURPOSES.values()}
    data = io.BytesIO(json.dumps(receipt(**changes)).encode())
    found = read(DpvRecords(data, by_iri.get))
    assert () == found.set_aside
    (said,) = found.records
    assert (MINA, "archive_search", ConsentStatus.WITHDRAWN) == (said.subject_id, said.purpose, said.status)


def in_json_ld(**changes: Any) -> Imported[ConsentStatement]:
    by_iri = {purpose.iri: purpose.purpose_id for purpose in PURPOSES.values()}
    return read(DpvRecords(io.BytesIO(json.dumps(receipt(**changes)).encode()), by_iri.get))


def event(word: str, on: str) -> dict[str, Any]:
    return {"@type": [f"dpv:{word}"], "dpv:isIndicatedAtTime": f"{on}T00:00:00Z",
            "dpv:hasNotice": {"dpv:hasIdentifier": "1"}, "dpv:hasIndicationMethod": "desk"}  # fmt: skip


@pytest.mark.parametrize("reverse", [False, True])
def test_a_withdrawal_in_json_ld_holds_beside_the_consent_that_it_ends(reverse: bool) -> None:
    history = [event("ConsentGiven", "2026-10-01"), event("ConsentWithdrawn", "2026-11-01")]
    found = in_json_ld(process={"dpv:hasConsentStatus": history[::-1] if reverse else history})
    (said,) = found.records
    assert (MINA, "archive_search", ConsentStatus.WITHDRAWN) == (said.subject_id, said.purpose, said.status)
    assert day("2026-11-01") == said.given_at


@pytest.mark.parametrize("word", ["ConsentGiven", "ConsentUnknown"])
def test_what_is_no_plain_yes_in_json_ld_is_listed_as_a_possible_no(word: str) -> None:
    history = [event("ConsentGiven", "2026-10-01"), event(word, "2026-11-01")]
    found = in_json_ld(process={"dpv:hasConsentStatus": history})
    assert () == found.records
    assert (1, int(word != "ConsentGiven")) == (len(found.set_aside), found.refusals_set_aside)


def test_each_unknown_purpose_of_a_withdrawal_in_json_ld_is_set_aside() -> None:
    iris = [PURPOSES["archive_search"].iri, "https://example.org/other", 5]
    found = in_json_ld(process={"dpv:hasPurpose": [{"@id": iri} for iri in iris]})
    assert ["archive_search"] == [each.purpose for each in found.records]
    assert (2, 2) == (len(found.set_aside), found.refusals_set_aside)


# --- what hits nothing ----------------------------------------------------------------------


def context(*listed: str, alike: Collection[str] = ()) -> ImportContext:
    return ImportContext(
        NAMES, lambda _: alike, lambda subjects: [each for each in subjects if each in listed]
    )


def test_a_no_of_somebody_nobody_knows_is_kept_and_told() -> None:
    found = read(csv_bytes(CONSENT, NO), context=context())
    assert (1, ["unknown_person"]) == (len(found.records), reasons(found))
    assert found.remarks[0].needs_a_look
    assert [] == reasons(read(csv_bytes(CONSENT, NO), context=context(MINA)))
    assert [] == reasons(read(csv_bytes(CONSENT, {}, NO | {"purpose": "model_training"}), context=context()))
    assert [] == reasons(read(csv_bytes(CONSENT, {}), context=context()))


def test_a_no_of_an_id_that_looks_like_a_known_one_is_a_no_of_both() -> None:
    found = read(csv_bytes(CONSENT, NO), context=context(alike=("5d0c",)))
    assert {MINA, "5d0c"} == {each.subject_id for each in found.records}
    assert ["looks_like_known"] == reasons(found)
    assert (found.remarks[0].needs_a_look, "5d0c" in found.remarks[0].detail) == (True, True)
    assert 0 == found.repeated


def test_a_yes_of_an_id_that_looks_like_a_known_one_is_asked_about() -> None:
    found = read(csv_bytes(CONSENT, {}), context=context(alike=("5d0c",)))
    assert ([], ["looks_like_known"]) == (list(found.records), [each.reason for each in found.set_aside])


@pytest.mark.parametrize(
    ("change", "scope", "reason"),
    [
        ({"sources": "studio-2"}, Scope(sources=("studio-2",)), "unknown_name"),
        ({"events": "open-days"}, Scope(events=("open-days",)), "unknown_name"),
        ({"sites": "hall"}, Scope(sites=("hall",)), "unknown_name"),
        ({"lots": "lot-7"}, Scope(lots=("lot-7",)), "unknown_name"),
        ({"sources": "Studio–1"}, Scope(sources=("studio-1",)), "looks_like_known"),
        ({"sources": "studio_1"}, Scope(sources=("studio-1", "studio_1")), "looks_like_known"),
    ],
)
def test_a_no_about_a_name_that_nothing_has_is_kept_and_told(
    change: dict[str, str], scope: Scope, reason: str
) -> None:
    found = read(csv_bytes(CONSENT, NO | change))
    assert scope == found.records[0].scope
    assert reason in reasons(found)
    assert any(each.needs_a_look for each in found.remarks)
    assert next(iter(change.values())) not in repr(found.remarks), "what was written may be a real id"


def test_the_nearest_names_are_told() -> None:
    (remark,) = read(csv_bytes(CONSENT, NO | {"events": "opn-day"})).remarks
    assert "nearest: open-day" in remark.detail


def test_a_no_about_files_of_which_some_are_missing_holds_for_all_of_them() -> None:
    found = read(csv_bytes(CONSENT, NO | {"assets": "studio/a/one.jpg;studio/kims_portrait.jpg"}))
    places = sorted(PLACES.named("studio", path) for path in ("a/one.jpg", "kims_portrait.jpg"))
    assert {Scope(assets=("asset-1",)), Scope(folders=tuple(places))} == {
        each.scope for each in found.records
    }
    assert "asset_missing" in reasons(found)
    assert "kims" not in repr(found)


def test_a_no_about_a_file_holds_for_what_is_saved_over_it_too() -> None:
    """By its content alone, a photo that is turned and saved in its place would be asked about anew."""
    found = read(csv_bytes(CONSENT, NO | {"assets": "studio/a/one.jpg"}))
    here = Scope(folders=(PLACES.named("studio", "a/one.jpg"),))
    assert {Scope(assets=("asset-1",)), here} == {each.scope for each in found.records}
    assert reasons(found) == []


def test_a_no_about_content_of_an_id_needs_no_place() -> None:
    found = read(csv_bytes(CONSENT, NO | {"assets": f"urn:habeas:asset:{'a' * 32}"}))
    assert [Scope(assets=("a" * 32,))] == [each.scope for each in found.records]
