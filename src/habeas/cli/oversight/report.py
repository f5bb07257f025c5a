"""`habeas report`: the page of a run, also where a scheduler of your own runs the DAGs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from habeas.cli import output as out
from habeas.cli.options import Config, Json
from habeas.model.errors import UsageError

if TYPE_CHECKING:
    from habeas.cli.installation import Installation


def report(
    run: Annotated[
        str,
        typer.Option(
            "--run", metavar="RUN", help="Id of the run, as Airflow has it or as its folder is called."
        ),
    ],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Write the page of a run and the index of all runs; print the summary. Starts no JVM and needs no key.

    The task `report` of `nightly` and `backfill` runs it. A page stays as it was made once a later run has one.

    \b
    habeas report --run nightly-2026-11-28
    habeas report --run scheduled__2026-11-28T02:00:00+00:00 --json
    """
    from habeas.cli.installation import installation
    from habeas.model.installation.runs import run_named

    place, run_id = installation(config), run_named(run)
    if not (place.settings.runs / run_id).is_dir() and not _recorded(place, run_id):
        raise UsageError("no run of that name left a record here", hint="See: habeas tables show runs")
    show_report(place, run_id, as_json)


def show_report(place: Installation, run_id: str, as_json: bool) -> None:
    """Write the page and print the summary that it shows."""
    from habeas.oversight.report.write_report import page_of

    summary = place.report(run_id)
    page = page_of(place.settings.report, run_id)

    def human(console: Any) -> None:
        console.print(summary_table(summary))
        console.print(
            f"\nPage: {page}\nAll runs: {place.settings.report / 'index.html'}", markup=False, soft_wrap=True
        )

    out.show(summary, as_json, human)


def summary_table(summary: Mapping[str, Any]) -> Any:
    """The summary in a few lines, each of which adds up."""
    files, faces, lines, kept = summary["files"], summary["faces"], summary["lines"], summary["templates"]
    without = sum(lines["without_template"].values())
    waived = "; ".join(
        f"{each['rule']} {each['state']}, until {each['ends_on']} by {each['owner']}: {each['reason']}"
        for each in summary["waivers"]
    )
    return out.pairs(
        {
            "run": f"{summary['run_id']}: {summary['status']}",
            "files": f"{files['found']} = {files['looked_at']} looked at + {sum(files['refused'].values())} refused "
            f"+ {sum(files['set_aside'].values())} set aside + {files['waiting']} waiting",
            "files refused": _reasons(files["refused"]),
            "files set aside": _reasons(files["set_aside"]),
            "faces": f"{faces['found']} = {faces['embedded']} embedded + {sum(faces['refused'].values())} refused",
            "faces refused": _reasons(faces["refused"]),
            "roster lines": f"{lines['listed']} = {lines['allowed']} allowed + {lines['refused']} refused "
            f"+ {lines['undecided']} not decided",
            "allowed lines": f"{lines['allowed']} = {lines['with_template']} with an open template + {without} without",
            "without, because": _reasons(lines["without_template"]),
            "templates": f"{kept['stored']} = " + " + ".join(f"{kept[state]} {state}" for state in _STATES),
            "to be erased": _due(kept),
            "people": kept["people"],
            "waivers": waived or "none",
            "seconds": ", ".join(f"{step} {seconds}" for step, seconds in summary["seconds"].items()),
        }
    )


_STATES = ("open", "expired", "closed", "frozen", "held")


def _due(kept: Mapping[str, Any]) -> str:
    if not kept["due"]:
        return "none"
    late = f", {kept['late']} late" if kept["late"] else ""
    return f"{kept['due']}, the first by {kept['erase_by'][:16].replace('T', ' ')} UTC{late}"


def _reasons(counts: Mapping[str, int]) -> str:
    from habeas.oversight.explain.wording import reason

    return "; ".join(f"{reason(word)}: {count}" for word, count in counts.items()) or "none"


def _recorded(place: Installation, run_id: str) -> bool:
    from habeas.warehouse.reader import rows

    return bool(rows(place.reader, "runs", ("run_id", "=", run_id), columns=["run_id"]))
