"""`habeas demo`: an archive of people who don't exist, and the whole way on it, from drawing to a page."""

from __future__ import annotations

import json
import os
import shutil
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from habeas.cli import out
from habeas.cli.options import Json, now
from habeas.errors import UsageError

_MARK = "demo.json"
_PURPOSES = ["archive_search", "access_verification"]


def demo(
    home: Annotated[Path, typer.Option("--home", help="Folder of the demo.")] = Path("var/demo"),
    people: Annotated[int, typer.Option("--people", min=6, max=500, help="How many people to draw.")] = 60,
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
    """
    home = home.resolve()
    started = time.monotonic()
    with out.progress(shown=not as_json) as bar:
        told = _whole_way(home, people, seed, fresh, bar)
    told["wall_seconds"] = round(time.monotonic() - started, 1)
    out.show(told["summary"] if as_json else told, as_json, lambda console: _goodbye(console, home, told))


def _whole_way(home: Path, people: int, seed: int, fresh: bool, bar: Any) -> dict[str, Any]:
    from habeas.cli.bootstrap import JOBS, Installation
    from habeas.cli.setup import make
    from habeas.spark.imports import add_consents, add_rosters, add_sources

    mark = _started(home, people, seed, fresh)
    place: Installation = make(home, None, _PURPOSES, "synthetic")[0]
    drawn = _draw(home, mark, bar)

    lists = bar.add_task("reading who may be where, and who said what", total=3)
    with place.tables("import-demo") as tables:
        add_sources(tables, drawn / "sources.csv", place.purposes, now())
        bar.advance(lists)
        add_consents(tables, place.registrar, drawn / "consents.csv", place.purposes, now())
        bar.advance(lists)
        key = place.settings.installation_key.read_bytes()
        add_rosters(tables, place.registrar, drawn / "rosters.csv", place.settings.archive, key, now())
        bar.advance(lists)

    night = bar.add_task("the night: starting Airflow", total=len(JOBS))

    def ended(record: Any) -> None:
        bar.update(night, advance=1, description=f"the night: {record['task']} {record['status']}")

    run_id = place.run_dag("nightly", {}, now(), ended)
    bar.update(night, description="the night: done")
    summary = place.report(run_id, title="Demo archive: one night", drawn=True)
    _write(home / "summary.json", json.dumps(summary, indent=1))
    return {"summary": summary, "page": place.settings.report / "index.html", "examples": _examples(place)}


def _started(home: Path, people: int, seed: int, fresh: bool) -> dict[str, Any]:
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
        _write(mark, json.dumps({"people": people, "seed": seed, "now": now().isoformat(), "drawn": False}))
    found: dict[str, Any] = json.loads(mark.read_text())
    return found


def _draw(home: Path, mark: dict[str, Any], bar: Any) -> Path:
    """Draw archive and lists, unless an earlier demo did; the folder of the lists."""
    lists = home / "lists"
    task = bar.add_task("drawing people who don't exist", total=1)
    if mark["drawn"]:
        bar.update(task, completed=1, description="the archive is there already")
        return lists
    from habeas.synthetic.archive import draw_archive
    from habeas.synthetic.archive_plan import scaled

    draw_archive(
        home / "archive",
        lists,
        home / "truth.json",
        seed=mark["seed"],
        now=datetime.fromisoformat(mark["now"]),
        size=scaled(mark["people"]),
        workers=min(4, os.cpu_count() or 1),
        progress=lambda done, total: bar.update(task, completed=done, total=total),
    )
    _write(home / _MARK, json.dumps({**mark, "drawn": True}))
    return lists


def _examples(place: Any) -> list[tuple[str, str]]:
    from habeas.report.detail import examples
    from habeas.report.summary import read_tally

    return list(examples(read_tally(place.reader, "")))[:3]


def _goodbye(console: Any, home: Path, told: dict[str, Any]) -> None:
    from habeas.cli.run import summary_table

    console.print("\nEverybody in this archive was drawn by a program. Nobody in it exists.\n", markup=False)
    console.print(summary_table(told["summary"]))
    console.print()
    console.print(out.pairs({"page": told["page"], "summary": home / "summary.json"}))
    console.print(f"\nAll of it took {told['wall_seconds']} seconds. Ask why:", markup=False)
    for what, id_ in told["examples"]:
        console.print(
            f"  habeas explain {id_[:16]} --config {home / 'habeas.toml'}   # {what}",
            markup=False,
            soft_wrap=True,
        )


def _write(place: Path, text: str) -> None:
    temporary = place.with_suffix(".tmp")
    temporary.write_text(text + "\n")
    temporary.replace(place)
