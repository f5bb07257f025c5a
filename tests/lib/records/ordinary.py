"""An ordinary source, roster line and statement, to be changed where a test says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from habeas.model.people import (
    ConsentStatement,
    ConsentStatus,
    LeaveOut,
    LeaveOutKind,
    Place,
    RosterLine,
    Scope,
    Source,
)


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_source(**changes: Any) -> Source:
    ordinary = Source(
        source_id="studio",
        controller="Museum",
        controller_kind="public",
        root="studio",
        purposes=("access_verification", "archive_search"),
        legal_basis="Consent",
        scan_ground="LegitimateInterest",
        roster_ground="LegitimateInterest",
        jurisdiction="KR",
        capture_place="KR",
        retention_days=1000,
        registered_at=day("2025-01-01"),
    )
    return replace(ordinary, **changes)


def a_line(**changes: Any) -> RosterLine:
    ordinary = RosterLine(
        line_id="line-1",
        asset_id="asset-1",
        subject_id="subject-1",
        from_ms=None,
        to_ms=None,
        region=None,
        position=None,
        closed=False,
        attested_by="front desk",
        attested_at=day("2026-01-01"),
    )
    return replace(ordinary, **changes)


def a_statement(
    status: str = "given",
    purpose: str = "archive_search",
    given_at: datetime | None = None,
    expires_at: datetime | None = None,
    sources: tuple[str, ...] = (),
    **changes: Any,
) -> ConsentStatement:
    """`sources` is short for a scope of nothing else."""
    when = given_at or day("2026-01-01")
    ordinary = ConsentStatement(
        consent_id=f"{status}/{purpose}/{when.isoformat()}/{expires_at}",
        subject_id="subject-1",
        purpose=purpose,
        status=ConsentStatus[status.upper()],
        given_at=when,
        expires_at=expires_at,
        recorded_at=when,
        explicit=True,
        notice_version="1",
        method="form",
        evidence_digest="",
        scope=Scope(sources=sources),
    )
    return replace(ordinary, **changes)


def a_place(source_id: str = "studio", **changes: Any) -> Place:
    return replace(Place(source_id, "asset-1", captured_at=day("2026-05-01")), **changes)


def a_leave_out(kind: str = "leave_out", since: datetime | None = None, **changes: Any) -> LeaveOut:
    """The ordinary person left out everywhere, for every purpose, without an end."""
    when = since or day("2026-01-01")
    ordinary = LeaveOut(
        leave_out_id=f"{kind}/{when.isoformat()}",
        kind=LeaveOutKind(kind),
        subject_id="subject-1",
        scope=Scope(),
        purposes=(),
        since=when,
        until=None,
        recorded_at=when,
        reason="family_asked",
        evidence_digest="",
    )
    return replace(ordinary, **changes)
