"""`habeas demo`: an archive of people who don't exist, and the whole way on it, from drawing to a page."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from habeas.cli import output as out
from habeas.cli.demo import airport as demo_airport
from habeas.cli.demo import studio as demo_studio
from habeas.cli.options import Json, now
from habeas.model.errors import UsageError
from habeas.model.installation.durable_files import replace_file
from habeas.model.installation.steps import NIGHTLY

_MARK = "demo.json"


class Case(StrEnum):
    """What a demo is about."""

    STUDIO = "studio"
    AIRPORT = "airport"


_CASES: dict[Case, Any] = {Case.STUDIO: demo_studio, Case.AIRPORT: demo_airport}


def demo(
    case: Annotated[
        Case,
        typer.Option(
            "--case",
            help="studio: every way a consent can stand. airport: travellers' photos, wanted for training.",
        ),
    ] = Case.STUDIO,
    home: Annotated[
        Path | None, typer.Option("--home", help="Folder of the demo. Default: var/demo or var/demo-airport.")
    ] = None,
    people: Annotated[
        int | None,
        typer.Option("--people", min=6, max=500, help="How many people to draw. Default: 60, airport 40."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another number draws other people.")] = 1,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Throw away an earlier demo and start anew.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Draw an archive of people who don't exist, run the night on it, and show what came of it.

    A second demo goes on with the archive of the first: it shows that an unchanged night does nothing.

    \b
    habeas demo
    habeas demo --fresh --people 20
    habeas demo --case airport --json
    """
    home = (home or _CASES[case].HOME).resolve()
    started = time.monotonic()
    with out.progress(shown=not as_json) as bar:
        outcome = _whole_way(home, people or _CASES[case].PEOPLE, seed, fresh, case, bar)
    outcome["wall_seconds"] = round(time.monotonic() - started, 1)
    out.show(
        outcome["answer"] if as_json else outcome, as_json, lambda console: _goodbye(console, home, outcome)
    )


def _whole_way(home: Path, people: int, seed: int, fresh: bool, case: Case, bar: Any) -> dict[str, Any]:
    from habeas.cli.installation import Installation
    from habeas.cli.operate.setup import make, writing
    from habeas.pipeline.local_airflow import require_airflow

    require_airflow()  # before anything is drawn for it
    with writing(home):
        mark, chosen = _started(home, people, seed, fresh, case), _CASES[case]
        chosen.prepare(home, datetime.fromisoformat(mark["now"]))
    place: Installation = make(home, None, chosen.PURPOSES, "synthetic")[0]
    drawn = _draw(home, mark, chosen, bar)

    _import(place, drawn, bar)
    run_task = bar.add_task("the night: starting Airflow", total=len(NIGHTLY))

    def ended(record: Any) -> None:
        bar.update(run_task, advance=1, description=f"the night: {record['task']} {record['status']}")

    run_id = place.run_dag("nightly", {}, now(), ended)
    bar.update(run_task, description="the night: done")
    outcome: dict[str, Any] = chosen.tell(place, run_id)
    replace_file(home / "summary.json", json.dumps(outcome["answer"], indent=1) + "\n")
    return outcome


def _import(place: Any, drawn: Path, bar: Any) -> None:
    """Every list that was drawn, in the order in which one rests on the other."""
    from habeas.pipeline.record import imports

    settings, purposes = place.settings, place.purposes
    key = settings.installation_key.read_bytes()
    with place.tables("import-demo") as tables:
        imports.add_sources(tables, drawn / "sources.csv", purposes, now(), settings.archive)
        places, people = imports.places_of(tables, settings.archive, key), (tables, place.registrar)
        steps: dict[str, Callable[[Path], object]] = {
            "occasions": lambda file: imports.add_occasions(tables, file, now(), places),
            "consents": lambda file: imports.add_consents(*people, file, purposes, now(), places),
            "leave_outs": lambda file: imports.add_leave_outs(*people, file, purposes, now(), places),
            "rosters": lambda file: imports.add_rosters(*people, file, settings.archive, key, now()),
        }
        there = {name: step for name, step in steps.items() if (drawn / f"{name}.csv").exists()}
        for name in bar.track(there, description="reading who may be where, and who said what"):
            there[name](drawn / f"{name}.csv")


def _started(home: Path, people: int, seed: int, fresh: bool, case: Case = Case.STUDIO) -> dict[str, Any]:
    """What this demo draws; an earlier one's wish when it is reused. Throws nothing away that is no demo."""
    mark = home / _MARK
    if fresh and home.exists():
        if not mark.exists() and any(home.iterdir()):
            raise UsageError(f"{home} is not a demo, so it is left alone", hint="Choose another --home.")
        shutil.rmtree(home)
    if not mark.exists():
        if home.exists() and any(home.iterdir()):
            raise UsageError(f"{home} is not empty and not a demo", hint="Choose another --home.")
        home.mkdir(parents=True, exist_ok=True)
        wish = {"case": case, "people": people, "seed": seed, "now": now().isoformat(), "drawn": False}
        replace_file(mark, json.dumps(wish) + "\n")
    stored: dict[str, Any] = json.loads(mark.read_text())
    if stored.get("case", Case.STUDIO) != case:
        raise UsageError(f"{home} is the demo of another case", hint="Choose another --home, or use --fresh.")
    return stored


def _draw(home: Path, mark: dict[str, Any], case: Any, bar: Any) -> Path:
    """Draw archive and lists, unless an earlier demo did; the folder of the lists."""
    task = bar.add_task("drawing people who don't exist", total=1)
    if mark["drawn"]:
        bar.update(task, completed=1, description="the archive is there already")
    else:
        case.draw(home, mark, lambda done, total: bar.update(task, completed=done, total=total))
        replace_file(home / _MARK, json.dumps({**mark, "drawn": True}) + "\n")
    return home / "lists"


def _goodbye(console: Any, home: Path, outcome: dict[str, Any]) -> None:
    console.print("\nEverybody in this archive was drawn by a program. Nobody in it exists.\n", markup=False)
    console.print(outcome["table"])
    console.print()
    console.print(out.pairs({"page": outcome["page"], "summary": home / "summary.json"}))
    console.print(f"\nAll of it took {outcome['wall_seconds']} seconds. Ask why:", markup=False)
    for what, id_ in outcome["examples"]:
        console.print(
            f"  {_program()} explain {id_[:16]} --config {home / 'habeas.toml'}   # {what}",
            markup=False,
            soft_wrap=True,
        )


def _program() -> str:
    """How to call habeas from the current folder: `make` puts its folder on its own PATH alone."""
    own = Path(sys.executable).parent / "habeas"
    return str(own.relative_to(Path.cwd())) if own.is_relative_to(Path.cwd()) else "habeas"
