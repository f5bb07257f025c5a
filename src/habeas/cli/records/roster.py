"""`habeas roster`: who is where in which file, as call sheets, captions and seating plans say. Never from a face."""

from __future__ import annotations

import typer

from habeas.cli import output as out
from habeas.cli.options import AsTyped, Config, Custody, File, Json, now

app = typer.Typer(help="Who is where in which file; never made from a face.", no_args_is_help=True)


@app.callback()
def main() -> None:
    """Who is where in which file; never made from a face."""


@app.command("import")
def import_(
    file: File,
    as_typed: AsTyped = False,
    config: Config = None,
    custody: Custody = None,
    as_json: Json = False,
) -> None:
    """Record roster lines from CSV or JSON lines. A roster counts whole for a file, or not at all.

    Ends with 2 where nothing could be used.

    \b
    habeas roster import rosters.csv
    """
    from habeas.cli.installation import installation
    from habeas.cli.records.import_summary import tell
    from habeas.pipeline.record.imports import add_rosters

    place = installation(config, custody)
    settings = place.settings
    with out.input_file(file) as read, place.lists("import-rosters") as tables:
        key = settings.installation_key.read_bytes()
        taken = add_rosters(tables, place.registrar, read, settings.archive, key, now(), as_typed=as_typed)
    tell("lines taken", taken, as_json)
