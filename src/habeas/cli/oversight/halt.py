"""`habeas halt`, `resume`, `halts`: stop the pipeline or a part of it, and let it go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from habeas.cli import output as out
from habeas.cli.options import Config, Json, moment, now
from habeas.cli.oversight.signing import As, Key, sign_order
from habeas.model.errors import UsageError

if TYPE_CHECKING:
    from habeas.cli.installation import Installation
    from habeas.model.orders import Halt, HaltScope


def halt(
    reason: Annotated[
        str, typer.Option("--reason", help="Why, in the words of an office. No names: it is shown.")
    ],
    person: As,
    key: Key,
    source: Annotated[str | None, typer.Option("--source", help="Halt one source.")] = None,
    purpose: Annotated[str | None, typer.Option("--purpose", help="Halt one purpose.")] = None,
    recipient: Annotated[
        str | None,
        typer.Option("--recipient", help="Halt every purpose that this recipient gets templates of."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Halt everything.")] = False,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="TIME", help="Ends by itself then (ISO 8601 with a zone)."),
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Stop work: running jobs stop within seconds, queued ones don't begin. Needs no table, no Spark, no Airflow.

    Roles oversight and privacy may halt. A halt deletes nothing and closes nothing: a withdrawal is
    `habeas consent withdraw`. Another person ends it with `habeas resume`.

    \b
    habeas halt --all --reason "complaint 2026-114" --as oversight-1 --key oversight-1.pem
    habeas halt --source street --reason "order of 3 May" --until 2026-06-01T00:00:00+00:00 \\
      --as privacy-1 --key privacy-1.pem
    """
    from habeas.cli.installation import installation
    from habeas.model.orders import HaltScope, OrderKind
    from habeas.oversight.orders import payloads as order_payloads
    from habeas.oversight.orders.signed_file import Order

    named = {HaltScope.SOURCE: source, HaltScope.PURPOSE: purpose, HaltScope.RECIPIENT: recipient}
    chosen = [(scope, name) for scope, name in named.items() if name is not None]
    chosen += [(HaltScope.ALL, "")] if everything else []
    if len(chosen) != 1:
        raise UsageError(
            "a halt is of one thing", hint="Give one of --source, --purpose, --recipient, --all."
        )
    ((scope, name),) = chosen
    at = now()
    ends = moment(until, at) if until else None
    if ends is not None and ends <= at:
        raise UsageError(
            "the halt would have ended already", hint="Give a time ahead for --until, or leave it out."
        )
    place = installation(config)
    if scope is not HaltScope.ALL:  # which must work when nothing else can be read
        _require_target(place, scope, name)
    payload = order_payloads.halt(scope, name, reason, ends)
    order = sign_order(place, Order(OrderKind.HALT, payload, person, at), key)
    entry = next(candidate for candidate in place.book.every_halt if candidate.halt_id == order.order_id)

    def human(console: Any) -> None:
        console.print(out.safe(entry.words), markup=False)
        console.print(entry.way_on, markup=False)

    out.show(_halt_fields(entry), as_json, human)


def resume(
    halt_id: Annotated[str, typer.Argument(metavar="HALT_ID", help="From `habeas halts`, or its beginning.")],
    person: As,
    key: Key,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """End a halt. It takes another person than the one who halted; roles oversight and privacy may.

    What was halted is done by the next run, as if there had been no halt.

    \b
    habeas resume 5f0c9a12 --as privacy-1 --key privacy-1.pem
    """
    from habeas.cli.installation import installation
    from habeas.model.orders import OrderKind
    from habeas.oversight.orders import payloads as order_payloads
    from habeas.oversight.orders.signed_file import Order

    place, at = installation(config), now()
    matches = [each for each in place.book.every_halt if halt_id and each.halt_id.startswith(halt_id)]
    if len(matches) != 1:
        raise UsageError(f"{len(matches) or 'no'} halts have this id", hint="See: habeas halts")
    if not matches[0].stands(at):
        raise UsageError("this halt is over already", hint="See: habeas halts")
    payload = order_payloads.resume(matches[0].halt_id)
    sign_order(place, Order(OrderKind.RESUME, payload, person, at), key)
    left = place.book.halts(at)

    def human(console: Any) -> None:
        console.print(f"resumed: {out.safe(matches[0].what)}", markup=False)
        for each in left:
            console.print(f"still {out.safe(each.words)}", markup=False)

    out.show({"resumed": matches[0].halt_id, "left": [_halt_fields(each) for each in left]}, as_json, human)


def halts(config: Config = None, as_json: Json = False) -> None:
    """List every halt there was, those in force first.

    \b
    habeas halts
    """
    from habeas.cli.installation import installation

    at = now()
    every = sorted(installation(config).book.every_halt, key=lambda entry: (not entry.stands(at), entry.at))
    answer = [_halt_fields(entry) | {"stands": entry.stands(at)} for entry in every]

    def human(console: Any) -> None:
        if not every:
            console.print("nothing was ever halted")
            return
        rows = [
            (entry.halt_id[:12], _state(entry), entry.what, entry.by, entry.at, entry.until, entry.reason)
            for entry in every
        ]
        console.print(out.table(["halt", "", "what", "by", "at", "until", "reason"], rows))

    def _state(entry: Halt) -> str:
        return (
            "in force"
            if entry.stands(at)
            else f"resumed by {entry.resumed_by}"
            if entry.resumed_by
            else "ended"
        )

    out.show(answer, as_json, human)


def _require_target(place: Installation, scope: HaltScope, name: str) -> None:
    """Raises UsageError for a name that doesn't exist: its halt would stop nothing, without a message."""
    from habeas.model.orders import HaltScope
    from habeas.oversight.orders.book import recipients_of

    if scope is HaltScope.SOURCE:
        targets = {
            row["source_id"] for row in place.reader.read("sources", columns=["source_id"]).to_pylist()
        }
    elif scope is HaltScope.PURPOSE:
        targets = set(place.policy.purposes)
    else:
        targets = set(recipients_of(place.policy.activities).values())
    if name not in targets:
        raise UsageError(
            f"there is no {scope} {out.safe(name)}, so halting it would stop nothing",
            hint=f"Known: {', '.join(map(out.safe, sorted(targets))) or 'none'}. --all halts everything.",
        )


def _halt_fields(halt: Halt) -> dict[str, Any]:
    return {
        "halt": halt.halt_id,
        "scope": str(halt.scope),
        "name": halt.name,
        "reason": halt.reason,
        "by": halt.by,
        "at": halt.at,
        "until": halt.until,
        "resumed_by": halt.resumed_by or None,
        "resumed_at": halt.resumed_at,
    }
