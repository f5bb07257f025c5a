"""`habeas source`: collections of footage and the ground each stands on."""

from __future__ import annotations

from typing import Any

import typer

from habeas.cli import output as out
from habeas.cli.options import Config, File, Json, now

app = typer.Typer(help="Collections of footage and the ground each stands on.", no_args_is_help=True)
_SHOWN = ("source_id", "controller", "root", "purposes", "legal_basis", "scan_ground", "roster_ground",
          "retention_days", "registered_at")  # fmt: skip


@app.command()
def add(file: File, config: Config = None, as_json: Json = False) -> None:
    """Register sources from CSV or JSON lines. What a source was collected for never changes afterwards.

    Ends with 2 where nothing could be used, or where a new source's name looks like one that somebody's no names: the
    source is registered, and the no holds for it. Ends with 4 where a known source would change what it was collected
    for, or a folder is a link or another source's.

    \b
    habeas source add sources.csv
    """
    from habeas.cli.installation import installation
    from habeas.cli.records.import_summary import tell
    from habeas.pipeline.record.imports import add_sources

    place = installation(config)
    with out.input_file(file) as read, place.lists("import-sources") as tables:
        taken = add_sources(tables, read, place.purposes, now(), place.settings.archive)
    tell("sources", taken, as_json)


@app.command()
def occasions(file: File, config: Config = None, as_json: Json = False) -> None:
    """Record which site, event or lot the footage of a folder belongs to, from CSV or JSON lines.

    A release for one event, or a lot that is left out, reaches footage through its folders. A folder that isn't there
    yet is kept, and counts once there is one.

    Ends with 2 where nothing could be used, where a folder isn't there, and where a new name looks like one of a no.

    \b
    habeas source occasions occasions.csv
    """
    from habeas.cli.installation import installation
    from habeas.cli.records.import_summary import tell
    from habeas.pipeline.record.imports import add_occasions, places_of

    place = installation(config)
    settings = place.settings
    with out.input_file(file) as read, place.lists("import-occasions") as tables:
        places = places_of(tables, settings.archive, settings.installation_key.read_bytes())
        taken = add_occasions(tables, read, now(), places)
    tell("occasions", taken, as_json)


@app.command("list")
def list_(config: Config = None, as_json: Json = False) -> None:
    """List the registered sources."""
    from habeas.cli.installation import installation
    from habeas.warehouse.reader import rows

    sources = sorted(rows(installation(config).reader, "sources"), key=lambda row: str(row["source_id"]))

    def human(console: Any) -> None:
        lines = [[", ".join(row[n]) if n == "purposes" else row[n] for n in _SHOWN] for row in sources]
        console.print(out.table(_SHOWN, lines))

    out.show(sources, as_json, human)
