"""A receipt for what a person said, as JSON-LD: header, processing, parties and events of ISO/IEC TS 27560.

One record a purpose, one process a statement: each statement has a scope and recipients of its own. The receipt holds
the person's random id, ids of folders and assets, and no path or real name. `read` reads the same form back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from habeas.model.people import ConsentStatement, Scope, Source, Subject
from habeas.model.purposes import Purposes
from habeas.records.dpv import terms
from habeas.records.parsing.scope import ASSET, FOLDER, SUBJECT

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Issued:
    """What every record of a receipt shares. `new_id` gives a fresh UUID for each."""

    purposes: Purposes
    sources: Sequence[Source]
    now: datetime
    new_id: Callable[[], str]


def receipt(subject: Subject, statements: Iterable[ConsentStatement], issued: Issued) -> Json:
    """One record where the statements are about one purpose, else a graph of them."""
    by_purpose: dict[str, list[ConsentStatement]] = {}
    in_order = sorted(statements, key=lambda each: (each.given_at, each.recorded_at, each.consent_id))
    for statement in in_order:
        by_purpose.setdefault(statement.purpose, []).append(statement)
    records = [_record(subject, by_purpose[purpose], issued) for purpose in sorted(by_purpose)]
    own: Json = {"@context": terms.CONTEXT, "@included": _own_terms()}
    return own | records[0] if len(records) == 1 else own | {"@graph": records}


def _record(subject: Subject, statements: Sequence[ConsentStatement], issued: Issued) -> Json:
    parties = _Parties(issued.sources, statements)
    return {
        "@type": ["dpv:ConsentRecord"],
        "dct:conformsTo": terms.RECEIPT,
        "dpv:hasIdentifier": issued.new_id(),
        "dpv:hasDataSubject": _person(subject),
        "dct:created": issued.now.isoformat(),
        "dct:creator": parties.controllers[0] if parties.controllers else terms.SUBJECT,
        "dct:language": "en",
        "dpv:hasProcess": [_process(each, parties, issued) for each in statements],
        "dpv:hasEntity": parties.entities,
    }


class _Parties:
    """Party identification: who decides, who receives, who may speak."""

    def __init__(self, sources: Sequence[Source], statements: Sequence[ConsentStatement]) -> None:
        names = sorted({source.controller for source in sources})
        self._controllers = {name: f"habeas:controller-{n}" for n, name in enumerate(names, 1)}
        receiving = sorted({name for each in statements for name in each.recipients})
        self._recipients = {name: f"habeas:recipient-{n}" for n, name in enumerate(receiving, 1)}
        self.controllers = list(self._controllers.values())

    def recipients(self, statement: ConsentStatement) -> list[str]:
        return [self._recipients[name] for name in statement.recipients]

    @property
    def entities(self) -> Json:
        return {
            terms.SUBJECT: {"@type": ["dpv:DataSubject"]},
            terms.GUARDIAN: {"@type": ["dpv:GuardianOfDataSubject"]},
            **{key: _named("dpv:DataController", name) for name, key in self._controllers.items()},
            **{key: _named("dpv:Recipient", name) for name, key in self._recipients.items()},
        }


def _named(kind: str, name: str) -> Json:
    return {"@type": [kind], "dpv:hasName": name}


def _person(subject: Subject) -> Json:
    person: Json = {"@type": ["dpv:DataSubject"], "dpv:hasIdentifier": SUBJECT + subject.subject_id}
    if subject.jurisdictions is not None:
        person["dpv:hasJurisdiction"] = [f"loc:{place}" for place in subject.jurisdictions]
    if subject.age is not None:
        person["habeas:ageBand"] = subject.age
    if subject.last_contact_on is not None:
        person["habeas:lastContactOn"] = subject.last_contact_on.isoformat()
    return person


def _process(statement: ConsentStatement, parties: _Parties, issued: Issued) -> Json:
    """PII processing: what for, which data, where, by whom, for whom, which footage, and what was said."""
    purpose = issued.purposes[statement.purpose]
    process: Json = {
        "@type": ["dpv:Process"],
        "dpv:hasPurpose": [
            {"@id": purpose.iri, "@type": ["dpv:Purpose"], "skos:broader": [purpose.broader],
             "skos:prefLabel": purpose.label}
        ],
        "dpv:hasPersonalData": [
            {"@type": ["dpv:SpecialCategoryPersonalData"], "skos:broader": ["pd:FacialPrint"],
             "skos:prefLabel": "face template"}
        ],
        "dpv:hasProcessing": ["dpv:Store", "dpv:Use"],
        "dpv:hasDataSource": ["dpv:DataControllerDataSource"],
        "dpv:hasStorageCondition": _storage(statement.scope, issued.sources),
        "dpv:hasProcessingCondition": [
            {"@type": ["dpv:ProcessingLocation"], "dpv:hasLocation": f"loc:{place}"} for place in statement.countries
        ],
        "dpv:hasDataController": parties.controllers,
        "dpv:hasRecipient": parties.recipients(statement),
        "dpv:hasLegalBasis": ["dpv:Consent"],
        "dpv:hasConsentControl": ["dpv:WithdrawConsent"],
        "dpv:hasConsentStatus": [_event(statement)],
    }  # fmt: skip
    return process if statement.scope.everywhere else process | {"dpv:hasScope": _scope(statement.scope)}


def _event(statement: ConsentStatement) -> Json:
    """The event: state, type, time, duration, who, how, on which notice, with what evidence."""
    until: Json = {"@type": ["dpv:EndlessDuration"]}
    if statement.expires_at is not None:
        until = {"@type": ["dpv:UntilTimeDuration"], "rdf:value": statement.expires_at.isoformat()}
    kinds = [
        *(word for word, status in terms.STATUS.items() if status is statement.status),
        *(word for word, value in terms.EXPLICIT.items() if value is statement.explicit),
        *(word for word, value in terms.SEPARATE.items() if value is statement.separate),
        *(word for word, value in terms.WRITTEN.items() if value is statement.written),
    ]
    event: Json = {
        "@type": kinds,
        "dpv:isIndicatedAtTime": statement.given_at.isoformat(),
        "dpv:hasIndicationMethod": statement.method,
        "dpv:hasDuration": until,
        "dpv:hasNotice": {"@type": ["dpv:ConsentNotice"], "dpv:hasIdentifier": statement.notice_version},
        "habeas:recordedAt": statement.recorded_at.isoformat(),
    }
    if statement.guardian is not None:
        event["dpv:isIndicatedBy"] = terms.GUARDIAN if statement.guardian else terms.SUBJECT
    if statement.evidence_digest:
        event["habeas:evidenceDigest"] = statement.evidence_digest
    return event


def _scope(scope: Scope) -> Json:
    prefixes: Mapping[str, str] = {"folders": FOLDER, "assets": ASSET}
    dpv_scope: Json = {}
    for name, key in terms.SCOPE.items():
        value = getattr(scope, name)
        if isinstance(value, datetime):
            dpv_scope[key] = value.isoformat()
        elif value:
            dpv_scope[key] = [prefixes.get(name, "") + each for each in value]
    return dpv_scope


def _storage(scope: Scope, sources: Sequence[Source]) -> list[Json]:
    """Where it is kept and for how long after capture, by the registration of each source the scope may reach."""
    reached = [source for source in sources if not scope.sources or source.source_id in scope.sources]
    places = sorted({source.jurisdiction for source in reached} - {"unknown"})
    conditions: list[Json] = [
        {"@type": ["dpv:StorageLocation"], "dpv:hasLocation": f"loc:{place}"} for place in places
    ]
    for days in sorted({source.retention_days for source in reached}):
        duration: Json = {"@type": ["dpv:TemporalDuration"], "rdf:value": f"P{days}D"}
        conditions.append({"@type": ["dpv:StorageDuration"], "dpv:hasDuration": duration})
    return conditions


def _own_terms() -> list[Json]:
    return [{"@id": name, "skos:broader": broader} for name, broader in sorted(terms.BROADER.items())]
