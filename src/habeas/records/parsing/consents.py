"""A consent statement, parsed strictly: a yes must be beyond doubt. What says no is read by `refusals`.

The real id leaves this module through `ParsedStatement.real_id` to the lookup alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from habeas.model.errors import BadInput
from habeas.model.ids import new_id, packed
from habeas.model.installation.clocks import dated_ahead
from habeas.model.jurisdictions import is_place
from habeas.model.people import ConsentStatement, ConsentStatus, Scope
from habeas.model.purposes import Purposes
from habeas.model.words import AGE
from habeas.records.parsing import scope as import_scope
from habeas.records.parsing.refusal_scope import scopes_of_no
from habeas.records.parsing.scope import Places, SaidScope
from habeas.records.readers import fields as cell
from habeas.records.readers.id_text import clean_id
from habeas.records.readers.lines import Columns, Values

NEEDED = "subject purpose status given_at expires_at sources explicit notice_version method"
OPTIONAL = (
    "evidence_digest", "separate", "written", "guardian", "recipients", "countries", *import_scope.COLUMNS,
    "jurisdictions", "age", "last_contact_on",
)  # fmt: skip
COLUMNS = Columns(
    tuple(NEEDED.split()),
    may_be_blank=frozenset({"expires_at", "sources", "explicit"}),
    optional=OPTIONAL,
    core=("subject", "purpose", "status"),
)
STATUSES = {
    prefix + name: status
    for status, short in zip(ConsentStatus, ("given", "refused", "withdrawn"), strict=True)
    for prefix, name in (("", short), ("", status), ("dpv:", status), ("https://w3id.org/dpv#", status))
}
"""The words a status may be: the short one, or the DPV term with or without its prefix."""

AHEAD = timedelta(days=1)
"""How far a day may lie ahead: zones differ."""


@dataclass(frozen=True, slots=True)
class Stated:
    """Statements of one record, and the reasons why something that it names isn't there."""

    statements: tuple[ConsentStatement, ...]
    gone: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ParsedStatement:
    """A statement before its speaker has a subject id and its scope has ids."""

    real_id: str = field(repr=False)
    purpose: str
    status: ConsentStatus
    given_at: datetime
    expires_at: datetime | None
    explicit: bool | None
    notice_version: str
    method: str
    evidence_digest: str
    scope: SaidScope
    separate: bool | None
    written: bool | None
    guardian: bool | None
    recipients: tuple[str, ...]
    countries: tuple[str, ...]
    jurisdictions: tuple[str, ...] | None
    age: str | None
    last_contact_on: date | None
    dated: datetime | str | None = field(
        default=None, repr=False
    )  # what the id covers of the date; None = given_at
    doubts: tuple[tuple[str, str], ...] = ()  # what was not understood: reason and detail, never a value

    @property
    def is_no(self) -> bool:
        """True for a refusal or a withdrawal."""
        return self.status is not ConsentStatus.GIVEN

    @property
    def undated(self) -> bool:
        """True if the line has no date that could be read."""
        return isinstance(self.dated, str)

    def statements(self, subject_id: str, recorded_at: datetime, places: Places) -> Stated:
        """What was said, as one statement; a no about files is two, of their content and of their places.

        The id covers what was said, not when we learnt it: the same file again adds nothing. Raises BadInput when the
        scope of a yes names a folder or an asset that isn't there.
        """
        if not self.is_no:
            return Stated((self._statement(subject_id, recorded_at, self.scope.scope(places)),), ())
        scopes, gone = scopes_of_no(self.scope, places)
        return Stated(tuple(self._statement(subject_id, recorded_at, scope) for scope in scopes), gone)

    def _statement(self, subject_id: str, recorded_at: datetime, scope: Scope) -> ConsentStatement:
        parts = (scope.sources, scope.folders, scope.sites, scope.events, scope.lots, scope.assets)
        consent_id = new_id(
            "consent",
            subject_id,
            self.purpose,
            self.status.value,
            self.given_at if self.dated is None else self.dated,
            self.expires_at,
            self.explicit,
            self.notice_version,
            self.method,
            self.evidence_digest,
            self.separate,
            self.written,
            self.guardian,
            *(packed(*part) for part in (self.recipients, self.countries, *parts)),
            scope.from_at,
            scope.to_at,
        )
        return ConsentStatement(
            consent_id=consent_id,
            subject_id=subject_id,
            purpose=self.purpose,
            status=self.status,
            given_at=self.given_at,
            expires_at=self.expires_at,
            recorded_at=recorded_at,
            explicit=self.explicit,
            notice_version=self.notice_version,
            method=self.method,
            evidence_digest=self.evidence_digest,
            scope=scope,
            separate=self.separate,
            written=self.written,
            guardian=self.guardian,
            recipients=self.recipients,
            countries=self.countries,
        )


def parse(values: Values, purposes: Purposes, recorded_at: datetime) -> ParsedStatement:
    """Raises BadInput, also for what can't be: see `_possible`."""
    who = real_id(values)
    if who is None:
        raise BadInput("missing_value", "subject")
    statement = ParsedStatement(
        real_id=who,
        purpose=purposes.resolve(_purpose_text(values)).purpose_id,
        status=_status(values),
        given_at=cell.instant(values, "given_at"),
        expires_at=cell.optional_instant(values, "expires_at"),
        explicit=cell.boolean(values, "explicit"),
        notice_version=cell.text(values, "notice_version"),
        method=cell.text(values, "method"),
        evidence_digest=cell.hex_digest(values, "evidence_digest"),
        scope=import_scope.parse(values),
        separate=cell.boolean(values, "separate"),
        written=cell.boolean(values, "written"),
        guardian=cell.boolean(values, "guardian"),
        recipients=recipients(values),
        countries=countries(values),
        jurisdictions=jurisdictions(values),
        age=None if values.get("age") is None else cell.word(values, "age", AGE.words),
        last_contact_on=last_contact(values, recorded_at),
    )
    _possible(statement, recorded_at)
    return statement


def last_contact(values: Values, recorded_at: datetime) -> date | None:
    """Raises BadInput, also for a day that hasn't come."""
    day = cell.day(values, "last_contact_on")
    if day is not None and day > (recorded_at + AHEAD).date():
        raise BadInput("lies_ahead", "last_contact_on: a day that hasn't come")
    return day


def recipients(values: Values) -> tuple[str, ...]:
    """Recipients named in a line, sorted. Raises BadInput."""
    return tuple(sorted(cell.listed(values, "recipients", is_id=True) or ()))


def _possible(statement: ParsedStatement, recorded_at: datetime) -> None:
    """Refuse a yes that can't be true. A no dated ahead holds from its recording; see `records.consent_ledger`."""
    if statement.expires_at is not None and statement.expires_at <= statement.given_at:
        raise BadInput("expires_before_given", "expires_at: not after given_at")
    if dated_ahead(statement.given_at, recorded_at):
        raise BadInput("lies_ahead", "given_at: after the time of the import; check the clock and the zone")
    if statement.guardian and statement.age == "adult":
        raise BadInput("guardian_of_adult", "guardian: nobody consents for a person of age")


def real_id(values: Values) -> str | None:
    """A person's real id in Unicode normal form C, so that one id has one spelling; None when blank."""
    text = cell.optional_text(values, "subject", is_id=True)
    return None if text is None else clean_id(text)


def may_refuse(values: Values) -> bool:
    """True unless the record plainly says given, and no unknown column may take it back.

    Such as the day in `withdrawn_at`, beside a status that was left as it was.
    """
    status = values.get("status")
    plain = isinstance(status, str) and STATUSES.get(status) is ConsentStatus.GIVEN
    return not plain or any(values[name] is not None for name in values.keys() - COLUMNS.every)


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
    status = STATUSES.get(value) if isinstance(value, str) else None
    if status is None:
        raise BadInput("unknown_status", "status: given, refused or withdrawn, or the same in DPV's words")
    return status


def _places(values: Values, column: str) -> tuple[str, ...] | None:
    named = cell.listed(values, column)
    if named is None:
        return None
    return tuple(sorted(cell.place({column: each}, column) for each in named))


def countries(values: Values) -> tuple[str, ...]:
    """Countries named in a line. Raises BadInput (`bad_place`)."""
    named = _places(values, "countries") or ()
    if not all(map(is_place, named)):
        raise BadInput("bad_place", "countries: nobody can agree to an unknown place")
    return named


def jurisdictions(values: Values) -> tuple[str, ...] | None:
    """Blank or `unknown` alone = not stated."""
    named = _places(values, "jurisdictions")
    if named == ("unknown",):
        return None
    if named is not None and "unknown" in named:
        raise BadInput("bad_place", "jurisdictions: unknown stands alone")
    return named
