"""People with keys of their own, and the orders they give, for tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from habeas.model.orders import REGISTRAR, HaltScope, OrderKind, Role
from habeas.oversight.orders import payloads as say
from habeas.oversight.orders.signed_file import Order, written

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
File = tuple[str, bytes]


def key(seed: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)


@dataclass(frozen=True)
class Office:
    """A registrar and what they and others sign. Every file is (name, content)."""

    registrar: Ed25519PrivateKey = field(default_factory=lambda: key(1))

    @property
    def public(self) -> bytes:
        return self.registrar.public_key().public_bytes_raw()

    def sign(
        self, kind: OrderKind, payload: Any, signer: str, by: Ed25519PrivateKey, at: datetime = NOW
    ) -> File:
        return written(Order(kind, payload, signer, at), self.public, by.sign)

    def person(self, person_id: str, *roles: Role, seed: int, at: datetime = NOW - timedelta(days=9)) -> File:
        payload = say.person(person_id, roles, key(seed).public_key().public_bytes_raw())
        return self.sign(OrderKind.PERSON, payload, REGISTRAR, self.registrar, at)

    def removal(self, person_id: str, *orders: str, at: datetime = NOW) -> File:
        return self.sign(OrderKind.REMOVAL, say.removal(person_id, orders), REGISTRAR, self.registrar, at)

    def halt(
        self,
        by: str,
        seed: int,
        scope: HaltScope = HaltScope.ALL,
        name: str = "",
        until: datetime | None = None,
        reason: str = "a complaint is looked into",
        at: datetime = NOW,
    ) -> File:
        return self.sign(OrderKind.HALT, say.halt(scope, name, reason, until), by, key(seed), at)

    def resume(self, halt: File, by: str, seed: int, at: datetime = NOW + timedelta(hours=1)) -> File:
        return self.sign(OrderKind.RESUME, say.resume(id_of(halt)), by, key(seed), at)

    def activation(self, by: str, seed: int, digest: str = "d" * 64, at: datetime = NOW) -> File:
        payload = say.activation(digest, ["house"], "spring rules")
        return self.sign(OrderKind.ACTIVATION, payload, by, key(seed), at)


def id_of(file: File) -> str:
    return file[0].removesuffix(".json")
