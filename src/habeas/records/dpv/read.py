"""Consent records as JSON-LD, read as plain JSON in the one compact form that `receipt` writes.

Nothing is fetched and nothing is expanded: a record must use our context, and a key that isn't in the form is refused,
since it might take back what the rest says. What only informs (who controls, where it is stored, when a receipt was
made, when another system recorded it) is checked for its place and not read; what was said is. Each statement is a
record like a line of a file and goes through the same checks; its number counts the statements from 1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from habeas.model.errors import BadInput
from habeas.records.dpv import refusals as dpv_noes
from habeas.records.dpv import terms
from habeas.records.dpv.shapes import Json, a_list, an_object, located, only_one, text_of
from habeas.records.readers import strict_json
from habeas.records.readers.lines import RawRecord, opened

MAX_BYTES = 100_000_000

_TOP = {"@context", "@included", "@graph"}
_RECORD = {
    "@context", "@included", "@type", "@id", "dct:conformsTo", "dpv:hasIdentifier", "dpv:hasDataSubject", "dct:created",
    "dct:modified", "dct:creator", "dct:language", "dpv:hasProcess", "dpv:hasEntity",
}  # fmt: skip
_PERSON = {"@type", "dpv:hasIdentifier", "dpv:hasJurisdiction", "habeas:ageBand", "habeas:lastContactOn"}
_PROCESS = {
    "@type", "@id", "dpv:hasPurpose", "dpv:hasPersonalData", "dpv:hasProcessing", "dpv:hasDataSource",
    "dpv:hasStorageCondition", "dpv:hasProcessingCondition", "dpv:hasDataController", "dpv:hasRecipient",
    "dpv:hasLegalBasis", "dpv:hasConsentControl", "dpv:hasConsentStatus", "dpv:hasScope",
}  # fmt: skip
_PURPOSE = {"@id", "@type", "skos:broader", "skos:prefLabel", "skos:definition"}
_DATA, _FACES = {"@type", "skos:broader", "skos:prefLabel"}, {"pd:FacialPrint", "pd:Biometric"}
_EVENT = {
    "@type", "dpv:isIndicatedAtTime", "dpv:hasIndicationMethod", "dpv:hasDuration", "dpv:hasNotice",
    "dpv:isIndicatedBy", "habeas:recordedAt", "habeas:evidenceDigest",
}  # fmt: skip
_PAIRS = {"explicit": terms.EXPLICIT, "separate": terms.SEPARATE, "written": terms.WRITTEN}


class DpvRecords:
    """Records (see readers.lines.Records) out of a JSON-LD file. `purpose_of`: purpose id behind an IRI, or None."""

    def __init__(self, given: Path | BinaryIO, purpose_of: Callable[[str], str | None]) -> None:
        self._given = given
        self._purpose_of = purpose_of
        self.lines = 0
        self.input_digest = ""

    def __iter__(self) -> Iterator[RawRecord]:
        with opened(self._given) as stream:
            raw = stream.read(MAX_BYTES + 1)
        self.input_digest = hashlib.sha256(raw).hexdigest()
        if len(raw) > MAX_BYTES:
            raise BadInput("field_too_long", f"the file is longer than {MAX_BYTES} bytes")
        for record in _records(raw):
            for values, error in self._statements(record):
                self.lines += 1
                yield RawRecord(self.lines, values, error)

    def _statements(self, record: object) -> Iterator[tuple[dict[str, object], BadInput | None]]:
        """One a process. A record that can't be read gives what a no needs, as far as that can be read."""
        try:
            header = an_object(record, _RECORD, "the record")
            if header.get("dct:conformsTo") not in terms.FORMS:
                raise BadInput("unknown_word", "dct:conformsTo: a record or receipt of dpv-27560")
            person = _spoken_by(header)
            named = _names(header.get("dpv:hasEntity"))
            processes = a_list(header.get("dpv:hasProcess"), "dpv:hasProcess")
        except BadInput as error:
            processes = list(dpv_noes.listed(dpv_noes.part(record, "dpv:hasProcess"))) or [None]
            for process in processes:
                yield from (
                    (values, error)
                    for values in dpv_noes.partial_records(record, process, self._purpose_of, error)
                )
            return
        for process in processes:
            try:
                yield {**_event(process), **person, **self._process(process, named)}, None
            except BadInput as error:
                yield from (
                    (values, error)
                    for values in dpv_noes.partial_records(record, process, self._purpose_of, error)
                )

    def _process(self, given: object, named: Mapping[str, str]) -> dict[str, object]:
        process = an_object(given, _PROCESS, "a process")
        (purpose,) = only_one(process.get("dpv:hasPurpose"), "dpv:hasPurpose")
        iri = text_of(an_object(purpose, _PURPOSE, "a purpose").get("@id"), "@id")
        purpose_id = self._purpose_of(iri)
        if purpose_id is None:
            raise BadInput(
                "unknown_purpose", "dpv:hasPurpose: not in the list", hint="See policies/purposes.yaml."
            )
        _about_faces(process)
        if process.get("dpv:hasLegalBasis") != ["dpv:Consent"]:
            raise BadInput("unknown_word", "dpv:hasLegalBasis: dpv:Consent alone")
        return {"purpose": purpose_id, "recipients": _recipients(process, named), "countries": _countries(process),
                **_scope(process.get("dpv:hasScope"))}  # fmt: skip


def _records(raw: bytes) -> list[object]:
    if not raw.strip():
        raise BadInput("empty_file", "no record")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput("not_utf8", "bytes that are not UTF-8", hint="Save the file as UTF-8.") from None
    value, repeated = strict_json.load(text, "one JSON-LD document")
    if repeated:
        raise BadInput("duplicate_key", "a key stands twice")
    if not isinstance(value, dict):
        raise BadInput("broken_json", "a record, or a graph of records, is expected")
    _check_context(value.get("@context"))
    if "@graph" not in value:
        return [value]
    an_object(value, _TOP, "the document")
    return list(a_list(value["@graph"], "@graph"))


def _check_context(given: object) -> None:
    """Our context and no other; another one could give every key another meaning."""
    listed = given if isinstance(given, list) else [given]
    ours = [each for each in listed if each != terms.KNOWN_CONTEXT]
    if len(ours) != 1 or not isinstance(ours[0], dict) or not ours[0]:
        raise BadInput("bad_context", "@context: the prefixes that a receipt writes out")
    if any(terms.CONTEXT.get(prefix) != iri for prefix, iri in ours[0].items()):
        raise BadInput("bad_context", "@context: a prefix means something else here")


def _spoken_by(header: Json) -> dict[str, object]:
    person = an_object(header.get("dpv:hasDataSubject"), _PERSON, "dpv:hasDataSubject")
    places = person.get("dpv:hasJurisdiction")
    return {
        "subject": person.get("dpv:hasIdentifier"),
        "jurisdictions": None
        if places is None
        else [located(each) for each in a_list(places, "dpv:hasJurisdiction")],
        "age": person.get("habeas:ageBand"),
        "last_contact_on": person.get("habeas:lastContactOn"),
    }


def _event(given: object) -> dict[str, object]:
    process = an_object(given, _PROCESS, "a process")
    (status,) = only_one(process.get("dpv:hasConsentStatus"), "dpv:hasConsentStatus")
    event = an_object(status, _EVENT, "dpv:hasConsentStatus")
    notice = an_object(event.get("dpv:hasNotice"), {"@type", "dpv:hasIdentifier"}, "dpv:hasNotice")
    return {
        **_kinds(a_list(event.get("@type"), "@type")),
        "given_at": event.get("dpv:isIndicatedAtTime"),
        "expires_at": _until(event.get("dpv:hasDuration")),
        "notice_version": notice.get("dpv:hasIdentifier"),
        "method": event.get("dpv:hasIndicationMethod"),
        "evidence_digest": event.get("habeas:evidenceDigest"),
        "guardian": _guardian(event.get("dpv:isIndicatedBy")),
    }


def _kinds(given: list[object]) -> dict[str, object]:
    """The status and at most one of each pair; an unknown type might say less than consent."""
    words = [text_of(each, "@type") for each in given]
    kinds: dict[str, object] = {}
    for word in words:
        for name, meanings in ({"status": dict.fromkeys(terms.STATUS, word)} | _PAIRS).items():
            if word in meanings:
                if name in kinds:
                    raise BadInput("unknown_status", "@type: one status, and one of each pair")
                kinds[name] = meanings[word]
                break
        else:
            raise BadInput("unknown_word", "@type: a kind of consent that nobody knows here")
    return kinds


def _until(given: object) -> object:
    if given is None:
        return None
    duration = an_object(given, {"@type", "rdf:value"}, "dpv:hasDuration")
    kind, value = duration.get("@type"), duration.get("rdf:value")
    if kind == ["dpv:EndlessDuration"] and value is None:
        return None
    if kind == ["dpv:UntilTimeDuration"]:
        return text_of(value, "rdf:value")
    raise BadInput("unknown_word", "dpv:hasDuration: dpv:UntilTimeDuration or dpv:EndlessDuration")


def _guardian(given: object) -> bool | None:
    if given is not None and given not in (terms.GUARDIAN, terms.SUBJECT):
        raise BadInput("unknown_word", "dpv:isIndicatedBy: the person or a guardian")
    return None if given is None else given == terms.GUARDIAN


def _about_faces(process: Json) -> None:
    """Consent to other data is no consent to templates."""
    column = "dpv:hasPersonalData"
    for each in a_list(process.get(column), column):
        data = each if isinstance(each, str) else an_object(each, _DATA, column).get("skos:broader")
        words = data if isinstance(data, list) else [data]
        if not _FACES.isdisjoint(text_of(word, column) for word in words):
            return
    raise BadInput("unknown_word", f"{column}: pd:FacialPrint or pd:Biometric is missing")


def _names(given: object) -> dict[str, str]:
    """Entity -> its name, for those that have one."""
    entities = an_object(given if given is not None else {}, None, "dpv:hasEntity")
    names = {}
    for key, entity in entities.items():
        fields = an_object(entity, {"@type", "dpv:hasName"}, "an entity")
        if "dpv:hasName" in fields:
            names[key] = text_of(fields["dpv:hasName"], "dpv:hasName")
    return names


def _recipients(process: Json, named: Mapping[str, str]) -> list[str] | None:
    listed = [
        text_of(each, "dpv:hasRecipient")
        for each in a_list(process.get("dpv:hasRecipient", []), "dpv:hasRecipient")
    ]
    if any(each not in named for each in listed):
        raise BadInput("missing_value", "dpv:hasRecipient: each stands with its name in dpv:hasEntity")
    return [named[each] for each in listed] or None


def _countries(process: Json) -> list[str] | None:
    column = "dpv:hasProcessingCondition"
    countries = []
    for each in a_list(process.get(column, []), column):
        condition = an_object(each, {"@type", "dpv:hasLocation"}, column)
        if condition.get("@type") != ["dpv:ProcessingLocation"]:
            raise BadInput("unknown_word", f"{column}: dpv:ProcessingLocation alone")
        countries.append(located(condition.get("dpv:hasLocation")))
    return countries or None


def _scope(given: object) -> dict[str, object]:
    if given is None:
        return {}
    scope = an_object(given, set(terms.SCOPE.values()), "dpv:hasScope")
    if not scope:
        raise BadInput("bad_scope", "dpv:hasScope: empty; leave it out where everything is meant")
    return {name: scope.get(key) for name, key in terms.SCOPE.items()}
