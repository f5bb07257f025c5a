"""How orders get signed on the command line: people with their own key file, people's records by the registrar."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from habeas.model.errors import UsageError

if TYPE_CHECKING:
    from habeas.cli.installation import Installation
    from habeas.oversight.orders.signed_file import Order, Sign

PASSPHRASE = "HABEAS_PASSPHRASE"  # noqa: S105 - the name of a variable

As = Annotated[str, typer.Option("--as", metavar="PERSON", help="Who signs: an id of `habeas people list`.")]
Key = Annotated[
    Path,
    typer.Option(
        "--key", metavar="FILE", help=f"Their private key. A locked one asks, or reads {PASSPHRASE}."
    ),
]


def sign_order(place: Installation, order: Order, key: Path) -> Order:
    """Sign an order with a person's key and put it into the folder; nothing is written unless it is valid.

    Raises UsageError when the signer or the key can't be used, IntegrityError when the book can't be read.
    """
    from habeas.oversight.orders.person_keys import signer

    person = place.book.people.get(order.signer)
    if person is None or person.removed_at is not None:
        raise UsageError(
            f"there is nobody with the id {order.signer!a} who may sign", hint="See: habeas people list"
        )
    sign = signer(key, passphrase)
    return _put(place, order, sign)


def sign_as_registrar(place: Installation, order: Order) -> Order:
    """The same with the registrar's key, which only the holder of the custody folder can read."""
    from habeas.sealing.keys.roles import registrar_signer

    return _put(place, order, registrar_signer(place.custody))


def passphrase(*, new: bool = False) -> bytes:
    """From the environment, or asked for without showing it. Raises UsageError without a terminal."""
    if from_environment := os.environ.get(PASSPHRASE):
        return from_environment.encode()
    if not sys.stdin.isatty():
        raise UsageError(
            "the key is locked and nobody can be asked", hint=f"Set {PASSPHRASE}, or use a terminal."
        )
    asked: str = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=new, err=True)
    return asked.encode()


def _put(place: Installation, order: Order, sign: Sign) -> Order:
    from habeas.oversight.orders.signed_file import written

    place.orders.add(*written(order, place.orders.registrar_public, sign))
    return order
