"""Two people who may halt and resume an installation, for tests that need the real thing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from habeas.cli.installation import Installation
from habeas.cli.oversight.signing import sign_as_registrar
from habeas.model.orders import REGISTRAR, HaltScope, OrderKind, Role
from habeas.oversight.orders import payloads as say
from habeas.oversight.orders.signed_file import Order, written


@dataclass
class Offices:
    """`halt` as oversight-1, `resume` as privacy-1; both are added the first time."""

    place: Installation
    keys: dict[str, Ed25519PrivateKey] = field(default_factory=dict)

    def halt(self, scope: HaltScope = HaltScope.ALL, name: str = "", until: datetime | None = None) -> str:
        """The halt's id."""
        return self._order(OrderKind.HALT, say.halt(scope, name, "a complaint", until), "oversight-1")

    def resume(self, halt_id: str) -> None:
        self._order(OrderKind.RESUME, say.resume(halt_id), "privacy-1")

    def _order(self, kind: OrderKind, payload: dict[str, Any], signer: str) -> str:
        if not self.keys:
            self._add("oversight-1", Role.OVERSIGHT)
            self._add("privacy-1", Role.PRIVACY)
        order = Order(kind, payload, signer, datetime.now(UTC))
        orders = self.place.orders
        orders.add(*written(order, orders.registrar_public, self.keys[signer].sign))
        return order.order_id

    def _add(self, person: str, role: Role) -> None:
        self.keys[person] = Ed25519PrivateKey.generate()
        payload = say.person(person, [role], self.keys[person].public_key().public_bytes_raw())
        sign_as_registrar(self.place, Order(OrderKind.PERSON, payload, REGISTRAR, datetime.now(UTC)))
