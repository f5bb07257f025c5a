"""One order as a signed file.

The file is canonical JSON (RFC 8785) of an order and its signature, named by the order's digest: an edited byte
shows, and so does a file under another name. What is signed starts with a label and the registrar's public key, so
that no other signature and no other installation's order can stand in for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from habeas.model.errors import IntegrityError, UsageError
from habeas.model.ids import json_digest, packed
from habeas.model.orders import OrderKind
from habeas.oversight.orders.payloads import fault, instant

VERSION = 1
LARGEST = 1 << 18
"""Bytes of the largest file; more is no order."""

_NAME = re.compile(r"[0-9a-f]{64}\.json")

Sign = Callable[[bytes], bytes]
"""Ed25519 signature (64 bytes) of a message, by the holder of the key."""


@dataclass(frozen=True, slots=True)
class Order:
    """What was signed. `payload` is what `payloads` allows for its kind."""

    kind: OrderKind
    payload: Mapping[str, Any]
    signer: str
    signed_at: datetime
    signature: bytes = field(default=b"", repr=False, compare=False)

    @property
    def body(self) -> dict[str, Any]:
        """What is signed: kind, payload, signer, time in UTC."""
        return {
            "kind": str(self.kind),
            "payload": dict(self.payload),
            "signer": self.signer,
            "signed_at": self.signed_at.astimezone(UTC).isoformat(),
        }

    @property
    def order_id(self) -> str:
        """Digest of the body, lower-case hex."""
        return json_digest("order", self.body)


def written(order: Order, registrar_public: bytes, sign: Sign) -> tuple[str, bytes]:
    """(file name, content) of the order, signed. Raises UsageError when the payload is not valid."""
    if wrong := fault(order.kind, order.payload):
        raise UsageError(f"this {order.kind} can't be written: {wrong}")
    signature = sign(_message(order, registrar_public)).hex()
    content = rfc8785.dumps({"order": order.body, "signature": signature})
    if len(content) > LARGEST:
        raise UsageError(f"this {order.kind} is too long for an order")
    return f"{order.order_id}.json", content


def parsed(name: str, content: bytes) -> Order:
    """The order in a file, its signature not yet verified. Raises IntegrityError naming the file."""
    if not _NAME.fullmatch(name):
        raise broken(name, "it is not named like an order; take it out of the folder if it is none")
    try:
        whole = json.loads(content) if len(content) <= LARGEST else None
        canonical = rfc8785.dumps(whole)
    except (ValueError, RecursionError):
        raise broken(name, "it is no order") from None
    if canonical != content or type(whole) is not dict or set(whole) != {"order", "signature"}:
        raise broken(name, "it is not as an order is written")
    order = _order(name, whole["order"], whole["signature"])
    if name != f"{order.order_id}.json":
        raise broken(name, "it holds another order than its name says")
    return order


def _order(name: str, body: object, signature: object) -> Order:
    if type(body) is not dict or set(body) != {"kind", "payload", "signer", "signed_at"}:
        raise broken(name, "it is not as an order is written")
    kind, payload, signer = body["kind"], body["payload"], body["signer"]
    at = instant(body["signed_at"])
    if kind not in list(OrderKind) or type(payload) is not dict or type(signer) is not str or at is None:
        raise broken(name, "it is not as an order is written")
    if wrong := fault(OrderKind(kind), payload):
        raise broken(name, wrong)
    if type(signature) is not str or not re.fullmatch(r"[0-9a-f]{128}", signature):
        raise broken(name, "it isn't signed")
    return Order(OrderKind(kind), payload, signer, at, bytes.fromhex(signature))


def verify(order: Order, public_key: bytes, registrar_public: bytes) -> None:
    """Raise IntegrityError naming the file unless the holder of `public_key` signed exactly this."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(
            order.signature, _message(order, registrar_public)
        )
    except (InvalidSignature, ValueError):
        raise broken(f"{order.order_id}.json", "its signature is not its signer's") from None


def broken(name: str, why: str) -> IntegrityError:
    """What a file of orders that isn't valid is answered with."""
    return IntegrityError(
        f"the order file {name!a} isn't valid: {why}",
        hint="It may be a halt, so nothing runs. Restore it from a backup, and find out who wrote it.",
    )


def _message(order: Order, registrar_public: bytes) -> bytes:
    return packed("habeas order", VERSION, registrar_public, rfc8785.dumps(order.body))
