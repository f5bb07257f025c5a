"""A roster line as the embed step sees it: where the person is, and what they are allowed for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Grant:
    """One purpose a roster line is allowed for, with the public key record to seal to."""

    purpose: str
    decision_id: str
    facts_digest: str
    policy_digest: str
    expires_at: datetime | None
    key_id: str
    generation: int
    suite: int
    public_key: bytes
    key_signature: bytes = field(repr=False, default=b"")


@dataclass(frozen=True, slots=True)
class Line:
    """A roster line as the embed step sees it: where the person is, and what they are allowed for."""

    line_id: str
    subject_id: str | None
    from_ms: int | None
    to_ms: int | None
    region: tuple[float, float, float, float] | None
    position: int | None
    closed: bool
    grants: tuple[Grant, ...] = ()
    row: int | None = None
