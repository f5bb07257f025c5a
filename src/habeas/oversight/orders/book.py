"""The book of orders: every file verified, and what follows from all of them together.

There is no reading on when one file isn't valid: it may be the halt.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from habeas.model.errors import Halted
from habeas.model.orders import (
    MAY,
    REGISTRAR,
    Activation,
    Halt,
    HaltScope,
    OrderBook,
    OrderKind,
    Person,
    Role,
    Stopped,
)
from habeas.oversight.orders.payloads import instant
from habeas.oversight.orders.signed_file import Order, broken, parsed, verify
from habeas.policy.lists.activity import Activity

_REGISTRARS = (OrderKind.PERSON, OrderKind.REMOVAL)


def read_book(files: Iterable[tuple[str, bytes]], registrar_public: bytes) -> OrderBook:
    """Verify every (name, content) and put the orders together.

    Raises IntegrityError naming the file: wrong name, edited byte, bad signature, a signer that is unknown, without
    the role or removed, a resume by the person who halted.
    """
    orders = sorted((parsed(name, content) for name, content in files), key=_age)
    people = _people(orders, registrar_public)
    kept = {o.payload["person"]: set(o.payload["orders"]) for o in _of(orders, OrderKind.REMOVAL)}
    for order in orders:
        if order.kind not in _REGISTRARS:
            _may(order, people, kept)
            verify(order, people[order.signer].public_key, registrar_public)
    activations = tuple(_activation(order) for order in _of(orders, OrderKind.ACTIVATION))
    signers = {order.order_id: order.signer for order in orders if order.kind not in _REGISTRARS}
    return OrderBook(people, _halts(orders), activations, signers)


def _people(orders: list[Order], registrar_public: bytes) -> dict[str, Person]:
    people: dict[str, Person] = {}
    for order in (o for o in orders if o.kind in _REGISTRARS):
        if order.signer != REGISTRAR:
            raise _wrong(order, "only the registrar may give it")
        verify(order, registrar_public, registrar_public)
    for order in _of(orders, OrderKind.PERSON):
        payload = order.payload
        key = bytes.fromhex(payload["public_key"])
        if payload["person"] in people or key in {p.public_key for p in people.values()}:
            # With two ids one person would be their own second person.
            raise _wrong(order, "its id or its key is somebody's already")
        roles = frozenset(map(Role, payload["roles"]))
        people[payload["person"]] = Person(payload["person"], roles, order.signed_at, key)
    for order in _of(orders, OrderKind.REMOVAL):
        gone = people.get(order.payload["person"])
        if gone is None or gone.removed_at is not None:
            raise _wrong(order, "it removes nobody")
        people[gone.person_id] = replace(gone, removed_at=order.signed_at)
    return people


def _may(order: Order, people: Mapping[str, Person], kept: Mapping[str, set[str]]) -> None:
    signer = people.get(order.signer)
    if signer is None:
        raise _wrong(order, "nobody with its signer's id was ever added")
    if not signer.roles & MAY[order.kind]:
        raise _wrong(order, "its signer hasn't the role for it")
    # A removed person could still sign with any date: only orders that were there before the removal count.
    if signer.removed_at is not None and order.order_id not in kept[order.signer]:
        raise _wrong(order, "its signer had been removed")


def _halts(orders: list[Order]) -> tuple[Halt, ...]:
    halts: dict[str, Halt] = {}
    for order in _of(orders, OrderKind.HALT):
        payload = order.payload
        halts[order.order_id] = Halt(
            halt_id=order.order_id,
            scope=HaltScope(payload["scope"]),
            name=payload["name"],
            reason=payload["reason"],
            until=instant(payload["until"]),
            by=order.signer,
            at=order.signed_at,
        )
    for order in _of(orders, OrderKind.RESUME):
        halt = halts.get(order.payload["halt"])
        if halt is None:
            raise _wrong(order, "the halt that it lifts is gone")
        if halt.by == order.signer:
            raise _wrong(order, "whoever halted can't resume")
        if not halt.resumed_by:
            halts[halt.halt_id] = replace(halt, resumed_by=order.signer, resumed_at=order.signed_at)
    return tuple(halts.values())


def _activation(order: Order) -> Activation:
    payload = order.payload
    return Activation(
        order.order_id,
        payload["digest"],
        tuple(payload["names"]),
        payload["note"],
        order.signer,
        order.signed_at,
    )


def _of(orders: list[Order], kind: OrderKind) -> list[Order]:
    return [order for order in orders if order.kind is kind]


def _age(order: Order) -> tuple[datetime, str]:
    return order.signed_at, order.order_id


def _wrong(order: Order, why: str) -> Exception:
    return broken(f"{order.order_id}.json", why)


def stopped(book: OrderBook, at: datetime, recipients: Mapping[str, str]) -> Stopped:
    """What is halted at `at`. `recipients`: purpose -> who gets its templates."""
    halts = book.halts(at)
    named = {scope: {h.name: h for h in reversed(halts) if h.scope is scope} for scope in HaltScope}
    by_recipient = {
        purpose: named[HaltScope.RECIPIENT][recipient]
        for purpose, recipient in recipients.items()
        if recipient in named[HaltScope.RECIPIENT]
    }
    return Stopped(
        everything=named[HaltScope.ALL].get(""),
        sources=named[HaltScope.SOURCE],
        purposes=by_recipient | named[HaltScope.PURPOSE],
    )


def recipients_of(activities: Mapping[str, Activity]) -> dict[str, str]:
    """Purpose -> who gets its templates, where that recipient has a name: a source's controller has none here."""
    return {
        purpose: activity.recipient.name
        for purpose, activity in activities.items()
        if activity.recipient and activity.recipient.name
    }


def halted(
    book: OrderBook, at: datetime, *, source: str = "", purpose: str = "", recipient: str = ""
) -> Halt | None:
    """The halt that forbids working on this at `at`, or None."""
    recipients = {purpose: recipient} if recipient else {}
    return stopped(book, at, recipients).touching(source, frozenset({purpose}))


def stop(halt: Halt) -> Halted:
    """What work that must not go on raises."""
    return Halted(halt.words, hint=halt.way_on)
