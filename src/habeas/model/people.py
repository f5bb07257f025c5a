"""Who may be in a picture and what they said: sources, roster lines, consent statements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
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
    scan_ground: str  # DPV term, or "none": then nobody may look for faces
    roster_ground: str
    jurisdiction: str  # "KR", "US-IL", "EU"...
    capture_place: str
    retention_days: int
    registered_at: datetime


@dataclass(frozen=True, slots=True)
class Region:
    """Part of a picture in fractions of its width and height, after EXIF rotation; 0 <= x0 < x1 <= 1."""

    x0: float
    y0: float
    x1: float
    y1: float

    def holds(self, x: float, y: float) -> bool:
        return self.x0 <= x <= self.x1 and self.y0 <= y <= self.y1

    def overlaps(self, other: Region) -> bool:
        return self.x0 < other.x1 and other.x0 < self.x1 and self.y0 < other.y1 and other.y0 < self.y1


@dataclass(frozen=True, slots=True)
class RosterLine:
    """Somebody's statement that a person is in an asset; never made from a face.

    `subject_id` is None for an anonymous placeholder (an erased person): it never binds and still counts.
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


@dataclass(frozen=True, slots=True)
class ConsentStatement:
    """One statement of one person about one purpose. `given_at` = true since, `recorded_at` = known since."""

    consent_id: str
    subject_id: str
    purpose: str
    status: ConsentStatus
    given_at: datetime
    expires_at: datetime | None
    recorded_at: datetime
    sources: tuple[str, ...]  # empty = every source
    explicit: bool | None
    notice_version: str
    method: str
    evidence_digest: str


@dataclass(frozen=True, slots=True)
class Subject:
    """What a consent file says about a person besides consent; both are None where nobody said."""

    subject_id: str
    jurisdiction: str | None
    minor: bool | None
