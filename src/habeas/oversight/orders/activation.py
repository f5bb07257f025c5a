"""Putting a set of rules into force: a signed order that names its digest. Taking it back is activating another."""

from __future__ import annotations

from datetime import datetime, timedelta

from habeas.model.orders import Activation, OrderBook, OrderKind
from habeas.oversight.orders import payloads as order_payloads
from habeas.oversight.orders.signed_file import Order
from habeas.policy.policy_set import PolicySet


def in_force(book: OrderBook) -> Activation | None:
    """The newest activation; None while the draft decides."""
    return book.activations[-1] if book.activations else None


def activation(policies: PolicySet, note: str, signer: str, book: OrderBook, now: datetime) -> Order:
    """The order, not yet signed.

    It is dated after the newest one, whatever clock that was written by: an order from a clock that runs ahead must
    not stay in force for ever.
    """
    newest = in_force(book)
    at = now if newest is None else max(now, newest.at + timedelta(microseconds=1))
    payload = order_payloads.activation(policies.digest, policies.names, note)
    return Order(OrderKind.ACTIVATION, payload, signer, at)
