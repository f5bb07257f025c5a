"""Who may be in a picture and what they said: sources, roster lines, consent statements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum


class ConsentStatus(StrEnum):
    """W3C DPV 2 consent statuses (https://w3id.org/dpv#), the ones a statement may carry."""

    GIVEN = "ConsentGiven"
    REFUSED = "ConsentRefused"
    WITHDRAWN = "ConsentWithdrawn"


@dataclass(frozen=True, slots=True)
class Source:
    """A collection of footage and the ground it stands on, fixed when it is registered."""

    source_id: str
    controller: str
    controller_kind: str  # "public" | "private"
    root: str  # folder of its files, relative to the archive folder
    purposes: tuple[str, ...]  # what it was collected for
    legal_basis: str  # DPV term, e.g. "Consent", "LegitimateInterest"
    scan_ground: str  # DPV term, or "none": then no search for faces is allowed
    roster_ground: str
    jurisdiction: str  # "KR", "US-IL", "EU"...
    capture_place: str
    retention_days: int
    registered_at: datetime
    medium: str | None = None  # a word of policy.facts.catalogue.MEDIUM
    purpose_ended_on: date | None = None  # the day the purpose it was collected for was attained
    self_published: bool | None = None  # the people in it put it online themselves
    contractor_scope: bool | None = None  # work for a State or local government alone (BIPA s.25(e))


@dataclass(frozen=True, slots=True)
class Region:
    """Part of a picture in fractions of its width and height, after EXIF rotation; 0 <= x0 < x1 <= 1."""

    x0: float
    y0: float
    x1: float
    y1: float

    def holds(self, x: float, y: float) -> bool:
        """True if the point (fractions of the picture) lies inside or on an edge."""
        return self.x0 <= x <= self.x1 and self.y0 <= y <= self.y1

    def overlaps(self, other: Region) -> bool:
        """True if two regions share more than an edge."""
        return self.x0 < other.x1 and other.x0 < self.x1 and self.y0 < other.y1 and other.y0 < self.y1


@dataclass(frozen=True, slots=True)
class RosterLine:
    """A statement, attested by a person, that a person is in an asset; never made from a face.

    `subject_id` is None for an anonymous placeholder (an erased person): it never binds and still counts.
    `listed_at`: the newest `attested_at` among the lines of the same asset in the list that it came in; its own where
    that list held the asset's history.
    """

    line_id: str
    asset_id: str
    subject_id: str | None
    from_ms: int | None
    to_ms: int | None
    region: Region | None
    position: int | None
    closed: bool
    attested_by: str
    attested_at: datetime
    row: int | None = None
    listed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """What footage a statement is about. An empty part says nothing; every part that is filled must fit.

    `folders`: ids of folders (`ids.place_id`), since paths hold names. `from_at` <= captured < `to_at`.
    """

    sources: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    lots: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()
    from_at: datetime | None = None
    to_at: datetime | None = None

    @property
    def everywhere(self) -> bool:
        """True if nothing narrows the scope."""
        return self == Scope()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a piece of footage belongs: what a Scope is compared with. None captured_at = unknown.

    `captured_give`: by how much `captured_at` may be off, either way. `ever`: the place with the folders, sites, events
    and lots that it ever belonged to, where these are more; what speaks against is compared with them.
    """

    source_id: str
    asset_id: str = ""
    folders: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    lots: tuple[str, ...] = ()
    captured_at: datetime | None = None
    captured_give: timedelta = timedelta(0)
    ever: Place | None = None


@dataclass(frozen=True, slots=True)
class ConsentStatement:
    """One statement of one person about one purpose. `given_at` = true since, `recorded_at` = known since.

    Sections of ISO/IEC TS 27560: header (ids, times), PII processing (purpose, recipients, countries), party
    identification (guardian), event (status, method, evidence).
    """

    consent_id: str
    subject_id: str
    purpose: str
    status: ConsentStatus
    given_at: datetime
    expires_at: datetime | None
    recorded_at: datetime
    explicit: bool | None
    notice_version: str
    method: str
    evidence_digest: str
    scope: Scope = Scope()
    separate: bool | None = None  # asked for apart from everything else; False = bundled
    written: bool | None = None  # a written release, e-signature included
    guardian: bool | None = None  # a guardian said it for the person
    recipients: tuple[str, ...] = ()  # who may get templates; empty = the controller alone
    countries: tuple[str, ...] = ()  # where they may go besides the controller's; places like KR or US-IL


class LeaveOutKind(StrEnum):
    """Ground of a leave-out record."""

    LEAVE_OUT = "leave_out"  # never to be processed
    OBJECTION = "objection"  # the person objected (GDPR Art 21, PIPA Art 37)
    RESTRICTION = "restriction"  # stored only, while something is disputed (GDPR Art 18)


@dataclass(frozen=True, slots=True)
class LeaveOut:
    """A person or footage never to be processed. It always wins. `lifts`: this record ends that one.

    Without `subject_id` it is about footage, and then its scope isn't empty; without purposes, about all.
    """

    leave_out_id: str
    kind: LeaveOutKind
    subject_id: str | None
    scope: Scope
    purposes: tuple[str, ...]
    since: datetime
    until: datetime | None
    recorded_at: datetime
    reason: str  # a word of the office's own, no name: "family_asked", "court_order"
    evidence_digest: str
    lifts: str | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """What files say about a person besides consent; None where nothing is stated.

    `jurisdictions`: where they live or whose nationals they are. Unknown = all laws apply.
    """

    subject_id: str
    jurisdictions: tuple[str, ...] | None
    age: str | None  # a word of policy.facts.catalogue.AGE
    last_contact_on: date | None = None
    age_said_at: datetime | None = None  # when the statement was made that `age` is from
