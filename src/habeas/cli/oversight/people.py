"""`habeas people`: who may sign orders, and their keys."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from habeas.cli import output as out
from habeas.cli.options import Config, Custody, Json, now
from habeas.cli.oversight.signing import passphrase, sign_as_registrar
from habeas.model.errors import UsageError

app = typer.Typer(
    help="Who may sign orders: halts, resumes, rules put into force. The registrar adds and removes them.",
    no_args_is_help=True,
)

Id = Annotated[
    str, typer.Argument(metavar="ID", help="An office and a number, like oversight-1. Never a person's name.")
]


@app.command("key")
def new_key(
    to: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the private key goes; mode 0600.")],
    locked: Annotated[
        bool, typer.Option("--passphrase", help="Lock it: asks, or reads HABEAS_PASSPHRASE.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a key to sign with. FILE stays with you; FILE.pub goes to the registrar.

    \b
    habeas people key --out oversight-1.pem --passphrase
    """
    from habeas.oversight.orders import person_keys

    public = person_keys.create(to, passphrase(new=True) if locked else None)
    answer = {
        "private": str(to),
        "public": str(public),
        "fingerprint": _fingerprint(person_keys.read_public(public)),
    }

    def human(console: Any) -> None:
        console.print(out.pairs(answer))
        console.print(
            f"\nNext, the registrar: habeas people add ID --role ROLE --public-key {public}", markup=False
        )

    out.show(answer, as_json, human)


@app.command()
def add(
    person_id: Id,
    roles: Annotated[
        list[str],
        typer.Option(
            "--role", help="oversight, privacy: halt and resume. policy: activate rules. reviewer: statutes."
        ),
    ],
    public_key: Annotated[Path, typer.Option("--public-key", metavar="FILE", help="Their FILE.pub.")],
    config: Config = None,
    custody: Custody = None,
    as_json: Json = False,
) -> None:
    """Let somebody sign in these roles. For the registrar: needs the custody folder.

    Ask the person for the fingerprint of their key, not the file's bearer. An id and a key belong together for ever.

    \b
    habeas people add oversight-1 --role oversight --public-key oversight-1.pem.pub
    """
    from habeas.cli.installation import installation
    from habeas.model.orders import REGISTRAR, OrderKind, Role
    from habeas.oversight.orders import payloads as order_payloads
    from habeas.oversight.orders.person_keys import read_public
    from habeas.oversight.orders.signed_file import Order

    if strange := sorted(set(roles) - {str(role) for role in Role}):
        raise UsageError(f"there is no role {strange[0]!a}", hint=f"Roles: {', '.join(Role)}.")
    key = read_public(public_key)
    payload = order_payloads.person(person_id, set(map(Role, roles)), key)
    order = sign_as_registrar(
        installation(config, custody), Order(OrderKind.PERSON, payload, REGISTRAR, now())
    )
    answer = {
        "id": person_id,
        "roles": payload["roles"],
        "fingerprint": _fingerprint(key),
        "order": order.order_id,
    }
    out.show(
        answer,
        as_json,
        lambda console: console.print(out.pairs(answer | {"roles": ", ".join(payload["roles"])})),
    )


@app.command()
def remove(person_id: Id, config: Config = None, custody: Custody = None, as_json: Json = False) -> None:
    """Let somebody sign no more. What they signed before stays: a halt of theirs stands until somebody else resumes.

    \b
    habeas people remove oversight-1
    """
    from habeas.cli.installation import installation
    from habeas.model.orders import REGISTRAR, OrderKind
    from habeas.oversight.orders import payloads as order_payloads
    from habeas.oversight.orders.signed_file import Order

    place = installation(config, custody)
    signed = place.book.signed_by(person_id)
    payload = order_payloads.removal(person_id, signed)
    order = sign_as_registrar(place, Order(OrderKind.REMOVAL, payload, REGISTRAR, now()))
    answer = {"id": person_id, "orders_kept": len(signed), "order": order.order_id}
    out.show(answer, as_json, lambda console: console.print(out.pairs(answer)))


@app.command("list")
def list_(config: Config = None, as_json: Json = False) -> None:
    """List who may sign, in which roles, and with which key."""
    from habeas.cli.installation import installation

    answer: list[dict[str, Any]] = [
        {
            "id": person.person_id,
            "roles": sorted(map(str, person.roles)),
            "added": person.added_at,
            "removed": person.removed_at,
            "fingerprint": _fingerprint(person.public_key),
        }
        for person in installation(config).book.people.values()
    ]

    def human(console: Any) -> None:
        if not answer:
            console.print("nobody may sign yet; the registrar adds people: habeas people add", markup=False)
            return
        rows = [(p["id"], ", ".join(p["roles"]), p["added"], p["removed"], p["fingerprint"]) for p in answer]
        console.print(out.table(["id", "roles", "added", "removed", "fingerprint"], rows))

    out.show(answer, as_json, human)


def _fingerprint(public_key: bytes) -> str:
    """Short enough to read out over a telephone, long enough that no other key has it."""
    from habeas.model.ids import new_id

    digits = new_id("person key", public_key)
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))
