"""The record of processing activities (GDPR Art 30): for each purpose, who gets what, where, on what terms.

One activity a purpose. A purpose for one recipient is a purpose of its own, with keys and rows of its own, so that
what two recipients hold can't be joined. None everywhere means not stated: the fact stays absent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets the templates. `role`: a word of policy.facts.catalogue.ROLE; `kind`: public or private."""

    name: str
    role: str
    kind: str
    place: str


@dataclass(frozen=True, slots=True)
class Processor:
    """Who does work for the controller, and how it is bound (PIPA Art 26, GDPR Art 28)."""

    name: str
    kind: str  # "public" | "private"
    place: str
    contract: bool | None
    disclosed_on: date | None  # the day the outsourcing was made public
    audited_on: date | None
    onward_approved: bool | None  # it passes nothing on, or with approval


@dataclass(frozen=True, slots=True)
class Notice:
    """The notice people are given. `states`: purpose, items, retention, right_to_refuse, recipient,
    recipient_purpose, recipient_retention.
    """

    version: str
    states: frozenset[str]


@dataclass(frozen=True, slots=True)
class Activity:
    """What is done for one purpose."""

    purpose: str
    recipient: Recipient | None = None
    processors: tuple[Processor, ...] | None = None  # () = there are none, None = not stated
    processing_places: tuple[str, ...] | None = None
    transfers: tuple[str, ...] | None = None  # where data goes or is looked at from
    transfer_ground: str | None = None
    notice: Notice | None = None
    dpia_approved: bool | None = None
    policy_published: bool | None = None
    access_logged: bool | None = None
    sold: bool | None = None
    disclosure: str | None = None
    undertaking: bool | None = None
    opt_out: bool | None = None
    targeted: bool | None = None
    pseudonymous_claim: bool | None = None
    pipc_resolution: bool | None = None
    infers_traits: bool | None = None
    regulator_finding: str | None = None
