"""A receipt says all that was said, and reads back to the very same statements; what says more is refused."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from import_files import CONSENT, PURPOSES, KeyStore, csv_bytes
from ledgers import scopes, statements
from ordinary import a_source, a_statement, day

from habeas.model.people import ConsentStatement, ConsentStatus, Scope, Subject
from habeas.records.dpv import terms
from habeas.records.dpv.read import DpvRecords
from habeas.records.dpv.receipt import Issued, receipt
from habeas.records.imports.pipeline import Imported, import_consents
from habeas.records.parsing.scope import SUBJECT
from habeas.records.readers.fields import REASONS

NOW = day("2026-11-23")
ANA = "a1" * 16
FOLDER, ASSET = "f0" * 16, "a5" * 16
ISSUED = Issued(
    PURPOSES, (a_source(), a_source(source_id="lobby", root="lobby", retention_days=30)), NOW, lambda: "id"
)
BY_IRI = {purpose.iri: purpose.purpose_id for purpose in PURPOSES.values()}


def write(*said: ConsentStatement, subject: Subject | None = None) -> dict[str, Any]:
    made = receipt(subject or Subject(ANA, None, None), said, ISSUED)
    return json.loads(json.dumps(made))  # type: ignore[no-any-return]


def read(document: Any) -> Imported[ConsentStatement]:
    def subject_of(identifier: str) -> str:
        return (
            identifier.removeprefix(SUBJECT)
            if identifier.startswith(SUBJECT)
            else KeyStore.known_as(identifier)
        )

    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    records = DpvRecords(io.BytesIO(data), BY_IRI.get)
    found = import_consents(records, purposes=PURPOSES, recorded_at=NOW, subject_of=subject_of)
    aside = sum(each.line_number is not None for each in found.set_aside)
    assert found.lines == len(found.records) + found.repeated + aside
    assert {each.reason for each in found.set_aside} <= REASONS
    return found


def reasons(found: Imported[ConsentStatement]) -> list[tuple[int | None, str]]:
    return [(each.line_number, each.reason) for each in found.set_aside]


def whole(**changes: Any) -> ConsentStatement:
    """A statement with every field filled, as a file would have made it."""
    window = (day("2025-01-01"), day("2025-07-01"))
    scope = Scope(("studio",), (FOLDER,), ("hall",), ("fair", "open-day"), ("lot-7",), (ASSET,), *window)
    ordinary = a_statement(
        given_at=day("2026-05-01"), expires_at=day("2027-05-01"), subject_id=ANA, scope=scope, separate=True,
        written=True, guardian=False, recipients=("Vendor A", "Vendor B"), countries=("KR", "US-IL"),
        evidence_digest="ab" * 32,
    )  # fmt: skip
    return replace(ordinary, **changes)


def same(one: ConsentStatement, other: ConsentStatement) -> bool:
    """All but the id of a made-up statement and the time of recording."""
    return replace(one, consent_id="", recorded_at=NOW) == replace(other, consent_id="", recorded_at=NOW)


def test_what_goes_out_comes_back_whole() -> None:
    (back,) = read(write(whole())).records
    assert same(whole(), back)


def test_a_receipt_of_an_import_adds_nothing_to_it() -> None:
    more = {"expires_at": "2027-05-01T00:00:00Z", "separate": "true", "recipients": "Vendor A", "countries": "KR",
            "events": "fair", "guardian": "true", "evidence_digest": "ab" * 32}  # fmt: skip
    noes = {"status": "withdrawn", "given_at": "2026-06-01T00:00:00Z"}
    store = KeyStore()
    file = io.BytesIO(csv_bytes(CONSENT, more, noes, {"purpose": "model_training", "status": "refused"}))
    first = import_consents(file, purposes=PURPOSES, recorded_at=NOW, subject_of=store.subject_of)
    back = read(write(*first.records, subject=Subject(first.records[0].subject_id, None, None)))
    assert {each.consent_id for each in first.records} == {each.consent_id for each in back.records}


_IDS = {"one": "0a" * 16, "two": "0b" * 16, "asset-1": "1a" * 16, "asset-2": "1b" * 16}


def _with_ids(scope: Scope) -> Scope:
    def named(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(_IDS[name] for name in names))

    plain = {part: tuple(sorted(getattr(scope, part))) for part in ("sources", "sites", "events", "lots")}
    plain["sources"] = plain["sources"][:1]  # folders lie in one source
    folders = named(scope.folders) if plain["sources"] else ()
    return replace(scope, folders=folders, assets=named(scope.assets), **plain)


@examples(150)
@given(statements(), scopes)
def test_whatever_was_said_comes_back(said: ConsentStatement, scope: Scope) -> None:
    if scope.from_at is not None and scope.to_at is not None and scope.from_at >= scope.to_at:
        scope = replace(scope, to_at=None)
    ours = replace(
        said, scope=_with_ids(scope), subject_id=ANA, recipients=tuple(sorted(said.recipients)),
        evidence_digest="ab" * 32, countries=tuple(sorted(said.countries)),
    )  # fmt: skip
    found = read(write(ours))
    assert ((), True) == (found.set_aside, same(ours, found.records[0]))


def test_a_receipt_names_no_path_and_nobody() -> None:
    """Ids stand for who and where; the only names are those of bodies, and all that has a slash is an address."""

    def leaves(node: Any) -> Iterator[str]:
        if isinstance(node, str):
            yield node
        elif isinstance(node, dict | list):
            for each in node.values() if isinstance(node, dict) else node:
                yield from leaves(each)

    record = write(whole())
    said = list(leaves(record))
    assert {SUBJECT + ANA, f"urn:habeas:folder:{FOLDER}"} <= set(said)
    assert [] == [text for text in said if "/" in text and not text.startswith(("https://", "http://"))]
    named = [node["dpv:hasName"] for node in record["dpv:hasEntity"].values() if "dpv:hasName" in node]
    assert sorted(named) == sorted({a_source().controller, *whole().recipients}), "bodies alone have names"


def test_the_sections_of_the_standard_are_there() -> None:
    record = write(whole(), subject=Subject(ANA, ("KR",), "adult", day("2026-01-02").date()))
    header = {
        "dct:conformsTo",
        "dpv:hasIdentifier",
        "dct:created",
        "dct:creator",
        "dct:language",
        "dpv:hasDataSubject",
    }
    assert header | {"dpv:hasProcess", "dpv:hasEntity"} <= set(record)
    (process,) = record["dpv:hasProcess"]
    processing = (
        "Purpose PersonalData Processing StorageCondition DataController Recipient LegalBasis ConsentStatus"
    )
    assert {f"dpv:has{name}" for name in processing.split()} <= set(process)
    (event,) = process["dpv:hasConsentStatus"]
    assert {"dpv:isIndicatedAtTime", "dpv:hasDuration", "dpv:hasIndicationMethod", "dpv:hasNotice"} <= set(
        event
    )
    names = {entity.get("dpv:hasName") for entity in record["dpv:hasEntity"].values()}
    assert {"Museum", "Vendor A", "Vendor B"} <= names
    found = read(record)
    assert (Subject(ANA, ("KR",), "adult", day("2026-01-02").date(), day("2026-05-01")),) == found.subjects


def test_several_purposes_are_a_graph_of_records() -> None:
    document = write(whole(), whole(purpose="model_training", status=ConsentStatus.REFUSED))
    assert 2 == len(document["@graph"])
    assert 2 == len(read(document).records)


def _prefixed(value: Any) -> set[str]:
    """Every prefixed word in a document, keys and values."""
    if isinstance(value, dict):
        return set().union(*map(_prefixed, value.values()), *map(_prefixed, value)) if value else set()
    if isinstance(value, list):
        return set().union(*map(_prefixed, value)) if value else set()
    return {value} if isinstance(value, str) and value.startswith("habeas:") else set()


def test_each_word_of_our_own_stands_with_the_term_it_narrows() -> None:
    entities = {terms.SUBJECT, terms.GUARDIAN}
    document = write(*(whole(separate=x, written=x, explicit=x, guardian=x) for x in (True, False)))
    used = {
        word
        for word in _prefixed(document)
        if not word.startswith(("habeas:controller-", "habeas:recipient-"))
    }
    assert used - entities <= set(terms.BROADER)
    assert {"dpv", "pd"} == {broader.split(":")[0] for broader in terms.BROADER.values()}
    assert terms.BROADER == {each["@id"]: each["skos:broader"] for each in document["@included"]}


# --- what others write ----------------------------------------------------------------------

Change = Callable[[dict[str, Any]], object]


def process(record: dict[str, Any]) -> dict[str, Any]:
    return record["dpv:hasProcess"][0]  # type: ignore[no-any-return]


def event(record: dict[str, Any]) -> dict[str, Any]:
    return process(record)["dpv:hasConsentStatus"][0]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda r: r.update({"habeas:onlyUntil": "Friday"}), "extra_column"),
        (lambda r: process(r).update({"dpv:hasRule": "minas rule"}), "extra_column"),
        (lambda r: process(r).update({"dpv:hasProcess": []}), "extra_column"),
        (lambda r: event(r).update({"dpv:hasContext": "minas context"}), "extra_column"),
        (lambda r: event(r)["dpv:hasNotice"].update({"dct:valid": "x"}), "extra_column"),
        (lambda r: process(r)["dpv:hasScope"].update({"habeas:person": "mina"}), "extra_column"),
        (lambda r: r.pop("dct:conformsTo"), "unknown_word"),
        (lambda r: r.update({"dct:conformsTo": "kantara"}), "unknown_word"),
        (lambda r: r.pop("dpv:hasDataSubject"), "wrong_type"),
        (lambda r: r.update({"dpv:hasProcess": {}}), "wrong_type"),
        (lambda r: process(r).pop("dpv:hasPurpose"), "wrong_type"),
        (lambda r: process(r)["dpv:hasPurpose"].append(process(r)["dpv:hasPurpose"][0]), "bad_list"),
        (lambda r: process(r)["dpv:hasPurpose"][0].update({"@id": "urn:mina"}), "unknown_purpose"),
        (lambda r: process(r).update({"dpv:hasLegalBasis": ["dpv:LegitimateInterest"]}), "unknown_word"),
        (lambda r: process(r).update({"dpv:hasPersonalData": ["pd:Voice"]}), "unknown_word"),
        (lambda r: process(r)["dpv:hasRecipient"].append("habeas:recipient-9"), "missing_value"),
        (lambda r: process(r).update({"dpv:hasScope": {}}), "bad_scope"),
        (lambda r: process(r)["dpv:hasScope"].update({"habeas:folder": ["minas_wedding"]}), "unknown_source"),
        (lambda r: event(r).update({"@type": ["dpv:ConsentExpired"]}), "unknown_word"),
        (lambda r: event(r).update({"@type": []}), "unknown_status"),
        (lambda r: event(r)["@type"].append("dpv:ConsentWithdrawn"), "unknown_status"),
        (lambda r: event(r)["@type"].append("habeas:BundledConsent"), "unknown_status"),
        (lambda r: event(r).update({"dpv:isIndicatedAtTime": "2026-01-01"}), "no_time_zone"),
        (lambda r: event(r).update({"dpv:isIndicatedBy": "minas aunt"}), "unknown_word"),
        (lambda r: event(r).update({"dpv:hasDuration": {"@type": ["dpv:TemporalDuration"]}}), "unknown_word"),
        (lambda r: event(r).update({"habeas:evidenceDigest": 7}), "wrong_type"),
        (
            lambda r: process(r)["dpv:hasProcessingCondition"][0].update({"dpv:hasLocation": "Korea"}),
            "bad_place",
        ),
    ],
)
def test_a_record_that_says_more_or_less_is_set_aside(change: Change, reason: str) -> None:
    record = write(whole())
    change(record)
    found = read(record)
    assert ([(1, reason)], ()) == (reasons(found), found.records)
    assert "mina" not in repr(found.set_aside)


@pytest.mark.parametrize(
    "context",
    [
        None,
        "https://w3id.org/dpv/schema/iso-27560",
        {},
        {"dpv": "https://example.org/dpv#"},
        terms.CONTEXT | {"x": "urn:x"},
        [terms.CONTEXT, "https://example.org/context"],
        [terms.CONTEXT, {"dpv": "https://example.org/dpv#"}],
    ],
)
def test_a_context_that_is_not_ours_gives_every_word_another_meaning(context: object) -> None:
    found = read(write(whole()) | {"@context": context})
    assert ([(None, "bad_context")], 1) == (reasons(found), found.refusals_set_aside)


def test_the_standards_context_may_stand_beside_ours_and_is_never_fetched() -> None:
    assert read(write(whole()) | {"@context": [terms.KNOWN_CONTEXT, terms.CONTEXT]}).records


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty_file"),
        (b"[]", "broken_json"),
        (b"{", "broken_json"),
        (b"\xff\xfe{\x00", "not_utf8"),
        (b'{"@context": {}, "@context": {}}', "duplicate_key"),
        (b'{"@context": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested_too_deep"),
        (b'{"@context": NaN}', "not_a_number"),
    ],
)
def test_a_broken_document_is_refused_whole(data: bytes, reason: str) -> None:
    found = read(data)
    assert ([(None, reason)], 1) == (reasons(found), found.refusals_set_aside)


def test_one_bad_statement_takes_no_other_with_it() -> None:
    document = write(whole(), whole(given_at=day("2026-06-01"), status=ConsentStatus.WITHDRAWN))
    document["dpv:hasProcess"].insert(1, {"dpv:hasConsentStatus": [{"@type": ["dpv:ConsentWithdrawn"]}]})
    found = read(document)
    assert ([2], 2, 1) == (
        [e.line_number for e in found.set_aside],
        len(found.records),
        found.refusals_set_aside,
    )


def test_a_bad_record_of_a_graph_counts_as_a_no_that_may_not_have_been_heard() -> None:
    document = write(whole(), whole(purpose="model_training"))
    document["@graph"][0]["dpv:hasDataSubject"] = "mina"
    document["@graph"][0]["dpv:hasProcess"][0]["dpv:hasConsentStatus"] = ["no"]
    found = read(document)
    assert ([(1, "wrong_type")], 1, 1) == (reasons(found), len(found.records), found.refusals_set_aside)


@pytest.mark.parametrize(
    "change",
    [
        lambda record, process, event: event["@type"].append("dpv:ConsentRevoked"),
        lambda record, process, event: event.update({"dpv:isWithdrawnAt": "2026-05-01T00:00:00Z"}),
        lambda record, process, event: process.update({"dpv:hasConsentWithdrawal": {}}),
        lambda record, process, event: record.update({"dpv:hasStatus": "dpv:ConsentWithdrawn"}),
    ],
)
def test_a_yes_that_a_word_nobody_knows_may_take_back_may_be_a_no(change: Any) -> None:
    document = write(whole(), whole(purpose="model_training"))
    record = document["@graph"][0]
    (process,) = record["dpv:hasProcess"]
    (event,) = process["dpv:hasConsentStatus"]
    change(record, process, event)
    found = read(document)
    assert ([True], 1, 1) == (
        [each.may_be_no for each in found.set_aside],
        len(found.records),
        found.refusals_set_aside,
    )


def test_a_real_id_goes_to_the_key_store_alone() -> None:
    record = write(whole())
    record["dpv:hasDataSubject"]["dpv:hasIdentifier"] = "mina@example.org"
    found = read(record)
    assert KeyStore.known_as("mina@example.org") == found.records[0].subject_id
    assert "mina" not in repr(found)


_KEYS = st.sampled_from(["@graph", "@type", "dpv:hasProcess", "dpv:hasEntity", "dpv:hasConsentStatus"])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner),
)


@examples(60)
@given(_JSON)
def test_whatever_a_document_holds_is_accounted_for(value: Any) -> None:
    read(write(whole()) | (value if isinstance(value, dict) else {"dpv:hasProcess": value}))
