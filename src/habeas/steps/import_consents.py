"""A consent statement, parsed. The real id leaves this module through `Said.real_id` to the lookup alone."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from habeas.errors import BadInput
from habeas.model.ids import new_id
from habeas.model.people import ConsentStatement, ConsentStatus, Scope, Subject
from habeas.policy.purposes import Purposes
from habeas.steps import import_fields as cell
from habeas.steps.import_lines import Columns, Values

NEEDED = "subject purpose status given_at expires_at sources explicit notice_version method"
COLUMNS = Columns(
    tuple(NEEDED.split()),
    may_be_blank=frozenset({"expires_at", "sources", "explicit"}),
    optional=("evidence_digest", "jurisdiction", "minor"),
)
STATUSES = {
    prefix + name: status
    for status, short in zip(ConsentStatus, ("given", "refused", "withdrawn"), strict=True)
    for prefix, name in (("", short), ("", status), ("dpv:", status), ("https://w3id.org/dpv#", status))
}
"""The words a status may be: the short one, or the DPV term with or without its prefix."""


@dataclass(frozen=True, slots=True)
class Said:
    """A statement before its speaker has a subject id."""

    real_id: str = field(repr=False)
    purpose: str
    status: ConsentStatus
    given_at: datetime
    expires_at: datetime | None
    sources: tuple[str, ...]
    explicit: bool | None
    notice_version: str
    method: str
    evidence_digest: str
    jurisdiction: str | None
    minor: bool | None

    def statement(self, subject_id: str, recorded_at: datetime) -> ConsentStatement:
        """The id covers what was said, not when we learnt it: the same file again adds nothing."""
        consent_id = new_id(
            "consent",
            subject_id,
            self.purpose,
            self.status.value,
            self.given_at,
            self.expires_at,
            ";".join(self.sources),
            self.explicit,
            self.notice_version,
            self.method,
            self.evidence_digest,
        )
        return ConsentStatement(
            consent_id,
            subject_id,
            self.purpose,
            self.status,
            self.given_at,
            self.expires_at,
            recorded_at,
            self.explicit,
            self.notice_version,
            self.method,
            self.evidence_digest,
            Scope(sources=self.sources),
        )


def parse(values: Values, purposes: Purposes) -> Said:
    """Raises BadInput."""
    who = real_id(values)
    if who is None:
        raise BadInput("missing_value", "subject")
    given_at, expires_at = cell.instant(values, "given_at"), cell.optional_instant(values, "expires_at")
    if expires_at is not None and expires_at <= given_at:
        raise BadInput("expires_before_given", "expires_at: not after given_at")
    jurisdiction = None if values.get("jurisdiction") is None else cell.place(values, "jurisdiction")
    return Said(
        real_id=who,
        purpose=purposes.resolve(_purpose_text(values)).purpose_id,
        status=_status(values),
        given_at=given_at,
        expires_at=expires_at,
        sources=_sources(values),
        explicit=cell.boolean(values, "explicit"),
        notice_version=cell.text(values, "notice_version"),
        method=cell.text(values, "method"),
        evidence_digest=cell.hex_digest(values, "evidence_digest"),
        jurisdiction=None if jurisdiction == "unknown" else jurisdiction,
        minor=cell.boolean(values, "minor"),
    )


def real_id(values: Values) -> str | None:
    """A person's real id in Unicode normal form C, so that one id has one spelling; None when blank."""
    text = cell.optional_text(values, "subject", is_id=True)
    return None if text is None else unicodedata.normalize("NFC", text)


def may_refuse(values: Values) -> bool:
    """True unless the record plainly says given."""
    status = values.get("status")
    return not (isinstance(status, str) and STATUSES.get(status) is ConsentStatus.GIVEN)


def conflicting(records: list[tuple[int, Said]]) -> set[int]:
    """Line numbers of what one person said about one purpose at one time with different statuses."""
    groups: dict[tuple[str, str, datetime], list[tuple[int, ConsentStatus]]] = defaultdict(list)
    for number, said in records:
        groups[said.real_id, said.purpose, said.given_at].append((number, said.status))
    return {
        number for group in groups.values() if len({status for _, status in group}) > 1 for number, _ in group
    }


def subjects(named: Iterable[tuple[str, Said]]) -> tuple[Subject, ...]:
    """One row a person. Where lines differ the protective answer holds: under age; jurisdiction unknown."""
    places: dict[str, set[str]] = {}
    ages: dict[str, set[bool]] = {}
    for subject_id, said in named:
        places.setdefault(subject_id, set()).update([said.jurisdiction] if said.jurisdiction else [])
        ages.setdefault(subject_id, set()).update([said.minor] if said.minor is not None else [])
    return tuple(
        Subject(
            subject_id,
            tuple(sorted(places[subject_id])) or None,
            None,
        )
        for subject_id in sorted(places)
    )


def _purpose_text(values: Values) -> str:
    value = values.get("purpose")
    if value is None:
        raise BadInput("missing_value", "purpose")
    if not isinstance(value, str):
        raise BadInput("wrong_type", "purpose: text is expected")
    if len(value) > 200:
        raise BadInput("field_too_long", "purpose")
    return value


def _status(values: Values) -> ConsentStatus:
    value = values.get("status")
    found = STATUSES.get(value) if isinstance(value, str) else None
    if found is None:
        raise BadInput("unknown_status", "status: given, refused or withdrawn, or the same in DPV's words")
    return found


def _sources(values: Values) -> tuple[str, ...]:
    """Blank = every source; an empty list could mean none, and is refused (see listed)."""
    named = cell.listed(values, "sources") or ()
    return tuple(sorted(cell.slug({"sources": each}, "sources") for each in named))
