"""`habeas policy show | diff | activate`: which rules decide, what others would change, and putting them into force."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from habeas.cli import output as out
from habeas.cli.options import Config, Custody, Json, now
from habeas.cli.oversight.signing import As, Key, sign_order
from habeas.cli.policy.policy_sets import checked, chosen, draw, predicted, print_difference
from habeas.model.errors import RefusedByPolicy, UsageError

if TYPE_CHECKING:
    from habeas.cli.installation import Installation
    from habeas.policy.policy_set import PolicySet

_WHICH = "`active`, `draft`, a folder, or the digest of a pinned set (or its beginning)."
Yes = Annotated[bool, typer.Option("--yes", help="Don't show what would change, and don't ask.")]


def show(config: Config = None, as_json: Json = False) -> None:
    """Show which rules are in force, since when and by whom.

    \b
    habeas policy show
    """
    from habeas.cli.installation import installation
    from habeas.oversight.orders.activation import in_force

    place = installation(config)
    policies, order = place.policy, in_force(place.book)
    today = now().date()
    answer: dict[str, Any] = {
        "digest": policies.digest,
        "in_force": "the draft: nothing was ever activated" if order is None else "by activation",
        "since": order and order.at,
        "by": order and order.by,
        "note": order and order.note,
        "packs": [
            {"name": p.name, "title": p.meta.title, "law": p.meta.law, "rules": len(p.rules)} for p in policies.packs
        ],
        "waivers": [
            {"rule": w.rule, "about": w.about, "owner": w.owner, "ends_on": w.ends_on, "state": w.state(today)}
            for w in policies.waivers
        ],
    }  # fmt: skip

    def human(console: Any) -> None:
        names = ("digest", "in_force", "since", "by", "note")
        console.print(out.pairs({name.replace("_", " "): answer[name] for name in names if answer[name]}))
        console.print(
            out.table(["pack", "title", "law", "rules"], [tuple(p.values()) for p in answer["packs"]])
        )
        if answer["waivers"]:
            columns = ["waived rule", "for", "owner", "ends on", ""]
            console.print(out.table(columns, [tuple(w.values()) for w in answer["waivers"]]))

    out.show(answer, as_json, human)


def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help=_WHICH)] = "active",
    new: Annotated[str, typer.Argument(metavar="NEW", help=_WHICH)] = "draft",
    purposes: Annotated[
        str, typer.Option("--purposes", help="Comma-separated. Default: from the settings.")
    ] = "",
    picture: Annotated[
        Path | None,
        typer.Option("--picture", metavar="FILE", help="Default: policy-diff.html in the report folder."),
    ] = None,
    ids: Annotated[
        bool, typer.Option("--ids", help="With --json: list what changes by its random ids.")
    ] = False,
    config: Config = None,
    custody: Custody = None,
    as_json: Json = False,
) -> None:
    """Say what other rules would change, over everything listed and stored. Writes nothing but its picture.

    Every listed person in every file, and every file, is decided by both sets on today's facts, by the same code as
    the night. While nothing was ever activated, `active` means the rules of the last night.

    \b
    habeas policy diff
    habeas policy diff active ./policies --json
    habeas policy diff 3fa9c1 active --ids --json
    """
    from habeas.cli.installation import installation

    place = installation(config, custody)
    sets = chosen(place, old), chosen(place, new)
    difference, changes = predicted(place, *sets, [word for word in purposes.split(",") if word], ids=ids)
    drawn = draw(place, difference, *sets, picture)
    answer = difference.as_dict() | {"picture": str(drawn)} | ({"changes": changes} if ids else {})

    def human(console: Any) -> None:
        print_difference(console, difference)
        console.print(f"\nPage: {drawn}", markup=False)

    out.show(answer, as_json, human)


def activate(
    person: As,
    key: Key,
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[FOLDER]", help="Folder of rules. Default: the installation's draft."),
    ] = None,
    note: Annotated[str, typer.Option("--note", help="Why, for whoever reads it in a year.")] = "",
    yes: Yes = False,
    config: Config = None,
    custody: Custody = None,
    as_json: Json = False,
) -> None:
    """Put a set of rules into force: checked, tested, pinned, signed. The next night decides by it.

    Role policy may activate. Shows first what would change, and asks.

    \b
    habeas policy activate --as policy-1 --key policy-1.pem --note "Longer retention, decided 12 May"
    """
    from habeas.cli.installation import installation
    from habeas.oversight.orders.activation import activation

    place = installation(config, custody)
    policies = checked(place, folder or place.settings.policies)
    if policies.digest == place.policy.digest and place.book.activations:
        raise UsageError("these rules are in force already", hint="See: habeas policy show")
    if not yes:
        _agree(place, policies)
    place.policy_store.pin(policies, place.book.reviewers())
    order = sign_order(place, activation(policies, note, person, place.book, now()), key)
    answer = {
        "digest": policies.digest,
        "order": order.order_id,
        "by": person,
        "at": order.signed_at,
        "note": note,
    }
    out.show(answer, as_json, lambda console: console.print(out.pairs(answer)))


def _agree(place: Installation, policies: PolicySet) -> None:
    """Show what would change and ask. Raises RefusedByPolicy when the answer is no."""
    if not sys.stdin.isatty():
        raise UsageError(
            "nobody can be asked here", hint="Look at `habeas policy diff` first, then add --yes."
        )
    difference, _ = predicted(place, chosen(place, "active"), policies, [])
    print_difference(out.console(stderr=True), difference)
    if not typer.confirm("Put these rules into force?", err=True):
        raise RefusedByPolicy("nothing was activated")
