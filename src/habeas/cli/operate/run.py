"""`habeas run`: the nightly run, a backfill, or one step by itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from habeas.cli import output as out
from habeas.cli.options import AsOf, Config, Custody, Json, moment, now
from habeas.cli.oversight.report import show_report
from habeas.model.errors import Unavailable, UsageError
from habeas.model.installation.steps import BACKFILL, DECIDE, NIGHTLY, nightly_step

if TYPE_CHECKING:
    from habeas.cli.installation import Installation

app = typer.Typer(help="The nightly run, a backfill, or one step by itself.", no_args_is_help=True)

Purposes = Annotated[str, typer.Option("--purposes", help="Comma-separated. Default: from the settings.")]
Source = Annotated[str, typer.Option("--source", help="Only this source.")]
Model = Annotated[str, typer.Option("--model", help="Model pack. Default: from the settings.")]


_STEPS = "; ".join(f"{step.name}: {step.about}" for step in NIGHTLY)


def _step_names(begun: str) -> list[str]:
    """Steps that begin so, for the shell's completion."""
    return [step.name for step in NIGHTLY if step.name.startswith(begun)]


@app.command()
def nightly(
    purposes: Purposes = "",
    source: Source = "",
    as_of: AsOf = None,
    config: Config = None,
    custody: Custody = None,
    as_json: Json = False,
) -> None:
    """Run the nightly DAG once, here and now, and write its page.

    \b
    habeas run nightly
    habeas run nightly --purposes archive_search --source studio
    """
    wanted = {"purposes": _words(purposes), "source": source, "as_of": _instant(as_of)}
    _run("nightly", wanted, config, custody, as_json)


@app.command()
def backfill(
    source: Annotated[str, typer.Option("--source", help="The source to work on.")],
    captured_from: Annotated[str, typer.Option("--captured-from", help="Captured at or after (ISO 8601).")],
    captured_to: Annotated[str, typer.Option("--captured-to", help="Captured before (ISO 8601).")],
    model: Model = "",
    purposes: Purposes = "",
    config: Config = None,
    custody: Custody = None,
    as_json: Json = False,
) -> None:
    """Work through older footage, or through it again with another model.

    It refuses whatever the nightly run would refuse today.

    \b
    habeas run backfill --source studio \\
      --captured-from 2025-01-01T00:00:00+00:00 --captured-to 2026-01-01T00:00:00+00:00
    """
    begin, end = moment(captured_from, now()), moment(captured_to, now())
    wanted = {"source": source, "captured_from": begin.isoformat(), "captured_to": end.isoformat(),
              "model": model, "purposes": _words(purposes)}  # fmt: skip
    if not source:
        raise UsageError("a backfill is of one source", hint="Name it: --source ID. See: habeas source list")
    if begin >= end:
        raise UsageError(
            "--captured-from is not before --captured-to, so no footage lies between them",
            hint="Give the earlier time to --captured-from.",
        )
    _run("backfill", wanted, config, custody, as_json)


@app.command()
def step(
    name: Annotated[
        str,
        typer.Argument(metavar="STEP", help=f"{_STEPS}.", autocompletion=_step_names),
    ],
    run_id: Annotated[str, typer.Option("--run-id", help="Id of the run; the same for all its steps.")],
    purposes: Purposes = "",
    source: Source = "",
    model: Model = "",
    as_of: AsOf = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="decide: derive every line anew, not only what may have changed.")
    ] = False,
    config: Config = None,
    custody: Custody = None,
) -> None:
    """Run one step by itself, without Airflow. Its exit code is the job's.

    \b
    habeas run step catalog --run-id try-1
    """
    from habeas.cli.installation import installation

    wanted = nightly_step(name)
    given = {"--purposes": purposes, "--source": source, "--model": model, "--as-of": _instant(as_of)}
    more = [part for option, value in given.items() if value for part in (option, value)]
    if whole and wanted is not DECIDE:
        raise UsageError(f"--whole is for {DECIDE.name} alone", hint="Leave it out.")
    more += ["--whole"] * whole
    raise typer.Exit(installation(config, custody).run_step(wanted, run_id, more))


def _run(dag: str, wanted: dict[str, Any], config: Config, custody: Custody, as_json: bool) -> None:
    from habeas.cli.dag_runs import left_out
    from habeas.cli.installation import installation
    from habeas.oversight.runs.left_out_sources import told_left_out

    place = installation(config, custody)
    place.require_no_halt(now())  # must speak first, and when no table and no rule can be read
    _require_names(place, wanted)
    with out.progress(shown=not as_json) as bar:
        steps = bar.add_task(dag, total=len(BACKFILL if dag == "backfill" else NIGHTLY))

        def ended(record: Mapping[str, Any]) -> None:
            bar.update(steps, advance=1, description=f"{dag}: {record['task']} {record['status']}")

        run_id = place.run_dag(dag, {name: value for name, value in wanted.items() if value}, now(), ended)
    show_report(place, run_id, as_json)
    if away := left_out(place, run_id):
        raise Unavailable(told_left_out(away), hint="Bring the folders back; the next run goes on with them.")


def _require_names(place: Installation, wanted: Mapping[str, Any]) -> None:
    """Raise UsageError for a source, purpose or model pack there isn't, before Airflow and Spark are woken for it."""
    from habeas.faces.model_packs import registry as packs
    from habeas.pipeline.runtime import preflight
    from habeas.warehouse.reader import rows

    preflight.require(place.settings, place.settings.purposes, lambda: place.purposes)
    if source := wanted["source"]:
        sources = rows(place.reader, "sources", columns=["source_id"])
        _require("source", [source], {str(row["source_id"]) for row in sources}, "habeas source list")
    if purposes := wanted["purposes"]:
        _require("purpose", purposes, set(place.purposes), "policies/purposes.yaml")
    if model := wanted.get("model"):
        names = {name for name, _ in packs.listed(*place.settings.pack_folders)}
        _require("model pack", [model], names, "habeas models list")


def _require(what: str, asked: Iterable[str], names: Collection[str], see: str) -> None:
    if strange := [name for name in asked if name not in names]:
        raise UsageError(
            f"there is no {what} {out.safe(strange[0])}",
            hint=f"Known: {', '.join(map(out.safe, sorted(names))) or 'none'}. See: {see}",
        )


def _instant(text: str | None) -> str:
    from habeas.warehouse.authenticated.run_records import require_not_ahead

    if not text:
        return ""
    at, today = moment(text, now()), now()
    require_not_ahead(at, today)
    return at.isoformat()


def _words(text: str) -> list[str]:
    words = list(dict.fromkeys(word for word in text.split(",") if word))
    if text and not words:
        raise UsageError("--purposes names no purpose", hint="Leave it out for those of the settings.")
    return words
