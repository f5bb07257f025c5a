"""`habeas replay`: decisions made again. What doesn't come out the same is an alarm."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any

import typer

from habeas.cli import output as out
from habeas.cli.options import Config, Custody, Json, now
from habeas.model.errors import IntegrityError, UsageError

if TYPE_CHECKING:
    from habeas.cli.installation import Installation
    from habeas.oversight.replay.replay import Replayed, ReplayReport
    from habeas.warehouse.reader import Row

_SHOWN = 20


def replay(
    run: Annotated[
        str, typer.Option("--run", metavar="RUN", help="Every decision that this run wrote.")
    ] = "",
    decision: Annotated[
        str, typer.Option("--decision", metavar="ID", help="One decision, by the beginning of its id.")
    ] = "",
    sample: Annotated[
        int, typer.Option("--sample", metavar="N", min=0, help="So many of all decisions.")
    ] = 0,
    new: Annotated[
        bool, typer.Option("--new", help="Every decision that no --new looked at yet; may go with --sample.")
    ] = False,
    seed: Annotated[
        str, typer.Option("--seed", help="Which sample: the same word, the same decisions.")
    ] = "",
    config: Config = None,
    custody: Custody = None,
    as_json: Json = False,
) -> None:
    """Make recorded decisions again, and say whether they come out the same.

    First the verdict, from the stored facts by the rules that were pinned then: every recorded field must come out
    bit for bit. Then the facts, from the tables as they were known then; a person erased since is said to be
    erased. Ends with 5 when something differs and nothing explains it. Starts no JVM, and writes nothing but, with
    --new, how far it came. Who holds the installation key also has each decision's code verified.

    \b
    habeas replay --new --sample 100
    habeas replay --run nightly-7
    habeas replay --decision 3fa9c1
    habeas replay --sample 500 --seed 2026-11-23 --json
    """
    from habeas.cli.installation import installation
    from habeas.oversight.replay.replay import tell

    if sum(map(bool, (run, decision, sample or new))) != 1:
        raise UsageError("say what to replay", hint="One of --run RUN, --decision ID, --sample N, --new.")
    place, began = installation(config, custody), now()
    total, batches = _chosen(place, run, decision, sample, seed)
    since = place.replay_since() if new else None
    if since is not None:
        total, batches = total + since.count(), chain(since.rows(), batches)
    with out.progress(shown=not as_json) as bar:
        task = bar.add_task("replaying", total=total)

        def made() -> Iterator[Replayed]:
            replayer = place.replayer()
            for rows in batches:
                yield from replayer.replay(rows)
                bar.advance(task, len(rows))

        result = tell(made())
    if since is not None and result.decisions >= total:
        since.done(result.decisions, len(result.alarms), began, now())
    if result.decisions < total:
        raise IntegrityError(
            f"{total - result.decisions} of {total} decisions were gone when they were to be made again",
            hint="Halt the pipeline, and look at the table: habeas tables list.",
        )
    out.show(result.as_dict(), as_json, lambda console: _human(console, result))
    if result.alarms:
        raise IntegrityError(
            f"{len(result.alarms)} of {result.decisions} decisions don't come out as they were recorded",
            hint="Halt the pipeline and look at one: habeas replay --decision ID, habeas explain ID.",
        )


def _chosen(
    place: Installation, run: str, decision: str, sample: int, seed: str
) -> tuple[int, Iterator[list[Row]]]:
    """How many decisions, and the decisions."""
    from habeas.model.installation.runs import run_named
    from habeas.oversight.queries.find import find
    from habeas.oversight.replay import selection as choice
    from habeas.warehouse.reader import there

    if not (run or decision or sample):  # the new ones alone
        there(place.reader, "decisions")  # raises where it must have been
        return 0, iter(())
    if run:
        run_id = run_named(run)
        return choice.count_of_run(place.reader, run_id), choice.of_run(place.reader, run_id)
    if sample:
        ids = choice.sample(place.reader, sample, seed)
    else:
        kind, whole = find(place.reader, decision)
        if kind != "decision":
            raise UsageError(
                f"that is the id of a {kind}, not of a decision", hint="See: habeas log decisions"
            )
        ids = [whole]
    return len(ids), choice.of_ids(place.reader, ids)


def _human(console: Any, result: ReplayReport) -> None:
    facts = "; ".join(f"{count} {word}" for word, count in result.facts.items()) or "none"
    console.print(
        out.pairs(
            {"decisions": result.decisions, "come out the same": result.reproduced, "their facts": facts}
        )
    )
    if result.unverified:
        console.print(f"{result.unverified} not verified: no code, or no key to verify it by", markup=False)
    for note, count in result.notes.items():
        console.print(f"{count} without {note}", markup=False)
    if result.alarms:
        rows = [
            (each.decision_id, each.run_id, each.why or ", ".join(each.differs), ", ".join(each.facts.names))
            for each in result.alarms[:_SHOWN]
        ]
        console.print(out.table(["decision", "run", "comes out differently", "facts that differ"], rows))
        if len(result.alarms) > _SHOWN:
            console.print(f"and {len(result.alarms) - _SHOWN} more: add --json", markup=False)
