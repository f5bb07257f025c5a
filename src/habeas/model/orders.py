"""Orders: what people with a role decided about the pipeline itself, each signed by the person who gave it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a person may sign."""

    OVERSIGHT = "oversight"
    PRIVACY = "privacy"
    POLICY = "policy"
    REVIEWER = "reviewer"


class OrderKind(StrEnum):
    """The first two are the registrar's, the others a person's."""

    PERSON = "person"
    REMOVAL = "removal"
    HALT = "halt"
    RESUME = "resume"
    ACTIVATION = "activation"


REGISTRAR = "registrar"
"""Signer that adds and removes people. No person may have this id."""

MAY: Mapping[OrderKind, frozenset[Role]] = {
    OrderKind.HALT: frozenset({Role.OVERSIGHT, Role.PRIVACY}),
    OrderKind.RESUME: frozenset({Role.OVERSIGHT, Role.PRIVACY}),
    OrderKind.ACTIVATION: frozenset({Role.POLICY}),
}
"""Which roles may give which order; one of them is enough."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person who may sign. `person_id` is an office and a number, never a name."""

    person_id: str
    roles: frozenset[Role]
    added_at: datetime
    public_key: bytes = field(repr=False)
    removed_at: datetime | None = None


class HaltScope(StrEnum):
    """What a halt stops."""

    ALL = "all"
    SOURCE = "source"
    PURPOSE = "purpose"
    RECIPIENT = "recipient"


@dataclass(frozen=True, slots=True)
class Halt:
    """A halt. It holds until it expires or another person resumes."""

    halt_id: str
    scope: HaltScope
    name: str  # of the source, purpose or recipient; empty for all
    reason: str
    until: datetime | None
    by: str
    at: datetime
    resumed_by: str = ""
    resumed_at: datetime | None = None

    def stands(self, at: datetime) -> bool:
        """Whether it is in force. It is as soon as it is there, whatever clock its signer had."""
        return not self.resumed_by and (self.until is None or at < self.until)

    @property
    def what(self) -> str:
        """What is halted, as text: everything, or scope and name."""
        return "everything" if self.scope is HaltScope.ALL else f"{self.scope} {self.name}"

    @property
    def words(self) -> str:
        """One sentence for the user whose run it stops."""
        until = f"until {self.until.isoformat(timespec='minutes')}" if self.until else "until resumed"
        return f"halted by {self.by} {until} ({self.what}): {self.reason}"

    @property
    def way_on(self) -> str:
        """How it ends, as a hint."""
        return f"Somebody else than {self.by} resumes with: habeas resume {self.halt_id[:12]} --as PERSON --key FILE"


@dataclass(frozen=True, slots=True)
class Activation:
    """An activation: a policy set put into force."""

    order_id: str
    digest: str
    names: tuple[str, ...]
    note: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderBook:
    """Every order, verified. Halts and activations stand oldest first."""

    people: Mapping[str, Person] = field(default_factory=dict)
    every_halt: tuple[Halt, ...] = ()
    activations: tuple[Activation, ...] = ()
    signers: Mapping[str, str] = field(
        default_factory=dict
    )  # order id -> who signed it, the registrar left out

    def halts(self, at: datetime) -> tuple[Halt, ...]:
        """Those in force at `at`, oldest first."""
        return tuple(halt for halt in self.every_halt if halt.stands(at))

    @property
    def count(self) -> int:
        """How many orders there are: none is ever taken away."""
        removals = sum(person.removed_at is not None for person in self.people.values())
        return len(self.signers) + len(self.people) + removals

    def signed_by(self, person_id: str) -> tuple[str, ...]:
        """Ids of the orders this person signed."""
        return tuple(order_id for order_id, signer in self.signers.items() if signer == person_id)

    def reviewers(self) -> Mapping[str, bytes]:
        """Public keys of those who may sign references to statutes, by person id."""
        return {
            person.person_id: person.public_key
            for person in self.people.values()
            if Role.REVIEWER in person.roles and person.removed_at is None
        }


@dataclass(frozen=True, slots=True)
class Stopped:
    """What is halted at one moment, looked up by what a step works on."""

    everything: Halt | None = None
    sources: Mapping[str, Halt] = field(default_factory=dict)
    purposes: Mapping[str, Halt] = field(default_factory=dict)  # also those whose recipient is halted

    def touching(self, source: str, purposes: frozenset[str] = frozenset()) -> Halt | None:
        """The halt that forbids working on this source for these purposes, or None."""
        halt = self.everything or self.sources.get(source)
        return halt or next((self.purposes[p] for p in sorted(purposes) if p in self.purposes), None)


NOTHING_HALTED = Stopped()
