"""`habeas consent`: what people said about a purpose. Real ids come by file or standard input, never as arguments."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from habeas.cli import output as out
from habeas.cli.options import (
    AsOf,
    AsTyped,
    Config,
    Custody,
    File,
    Json,
    KnownAt,
    Subject,
    SubjectFile,
    moment,
    now,
)
from habeas.cli.records import consent_desk as consent_said
from habeas.cli.records.consent_input import FORMATS, URL_ENV, statements
from habeas.model.errors import UsageError

app = typer.Typer(help="What people said about a purpose.", no_args_is_help=True)
_LEFT_OUT = ("since", "until", "recorded_at", "kind", "purposes", "reason", "in_force", "leave_out_id")


@app.command("import")
def import_(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE|-", help="CSV, JSON lines, JSON-LD, a Delta table or a query; - is standard input."
        ),
    ],
    form: Annotated[
        str | None, typer.Option("--format", help=f"One of {', '.join(FORMATS)}. Default: by its suffix.")
    ] = None,
    url_env: Annotated[
        str, typer.Option("--url-env", metavar="NAME", help="Variable with the database's address.")
    ] = URL_ENV,
    url_file: Annotated[
        Path | None, typer.Option("--url-file", metavar="FILE", help="File with the database's address.")
    ] = None,
    as_typed: AsTyped = False,
    config: Config = None,
    custody: Custody = None,
    as_json: Json = False,
) -> None:
    """Record consents, refusals and withdrawals.

    A consent gets a key of its own person and purpose; a refusal or withdrawal closes it at once. A query is one
    SELECT in a file; the database's address stands in a variable or a file, since it may hold a password.

    Ends with 2 where nothing could be used, where a line that may say no was set aside, and where a no names somebody
    or something that isn't here. Such a no is kept, like all that could be used.

    \b
    habeas consent import consents.csv
    desk-export | habeas consent import -
    habeas consent import records.jsonld
    habeas consent import consents.sql --url-file /run/secrets/desk
    """
    from habeas.cli.installation import installation
    from habeas.cli.records.import_summary import tell
    from habeas.pipeline.record.imports import add_consents, places_of

    place = installation(config, custody)
    with (
        statements(file, form, place.purposes, url_env, url_file) as given,
        place.lists("import-consents") as tables,
    ):
        places = places_of(tables, place.settings.archive, place.settings.installation_key.read_bytes())
        taken = add_consents(tables, place.registrar, given, place.purposes, now(), places, as_typed=as_typed)
    tell("statements", taken, as_json)


app.command("grant")(consent_said.grant)
app.command("withdraw")(consent_said.withdraw)


@app.command("leave-out")
def leave_out(
    file: File,
    as_typed: AsTyped = False,
    config: Config = None,
    custody: Custody = None,
    as_json: Json = False,
) -> None:
    """Record who and what is never to be processed, from CSV or JSON lines. Leaving out always wins.

    A person's keys close before their line is written. A line that lifts another ends it. Ends with 2 where any line
    was set aside or names somebody or something that isn't here: each is somebody's no. What could be used is recorded
    all the same, and holds as soon as there is such a thing.

    \b
    habeas consent leave-out leave_outs.csv
    """
    from habeas.cli.installation import installation
    from habeas.cli.records.import_summary import tell
    from habeas.pipeline.record.imports import add_leave_outs, places_of

    place = installation(config, custody)
    with out.input_file(file) as read, place.lists("import-leave-outs") as tables:
        places = places_of(tables, place.settings.archive, place.settings.installation_key.read_bytes())
        taken = add_leave_outs(
            tables, place.registrar, read, place.purposes, now(), places, as_typed=as_typed
        )
    tell("leave-outs", taken, as_json)


@app.command()
def show(
    subject: Subject = None,
    subject_file: SubjectFile = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    config: Config = None,
    custody: Custody = None,
    as_json: Json = False,
) -> None:
    """Show what one person said and whether they are left out, as of a time, as it was known at a time.

    Where only --as-of is given, it is what was known then. What holds for a day of the past as it is known now
    needs both.

    \b
    habeas consent show --subject-file - --as-of 2026-06-30T00:00:00+00:00
    habeas consent show --subject 5d0c7b6a --as-of 2026-06-30T00:00:00+00:00 \\
      --known-at 2026-11-23T00:00:00+00:00
    """
    from habeas.cli.oversight.log import CONSENTS
    from habeas.oversight.queries.audit import About, log_consents, log_leave_outs

    place, person = _person(subject, subject_file, config, custody)
    at = moment(as_of, now())
    recorded_by, wanted = moment(known_at, at), About(subject_id=person)
    answer = {
        "statements": log_consents(place.reader, wanted, at, recorded_by),
        "leave_outs": log_leave_outs(place.reader, wanted, at, recorded_by),
    }

    def human(console: Any) -> None:
        for name, columns in (("statements", CONSENTS), ("leave_outs", _LEFT_OUT)):
            if answer[name] or name == "statements":
                console.print(out.table(columns, [out.cells(row, columns) for row in answer[name]]))
        console.print(
            f"{len(answer['statements'])} statements, {len(answer['leave_outs'])} leave-outs", markup=False
        )

    out.show(answer, as_json, human)


@app.command()
def receipt(
    subject: Subject = None,
    subject_file: SubjectFile = None,
    purpose: Annotated[
        str | None, typer.Option("--purpose", help="This purpose alone. Default: all.")
    ] = None,
    config: Config = None,
    custody: Custody = None,
) -> None:
    """Print what one person said as DPV JSON-LD, in the sections of ISO/IEC TS 27560: theirs to keep.

    It names them by their random id and holds no path. `habeas consent import` reads it back.

    \b
    habeas consent receipt --subject-file - > receipt.jsonld
    """
    from uuid import uuid4

    from habeas.oversight.queries.audit import person, statements_of
    from habeas.records.dpv.receipt import Issued
    from habeas.records.dpv.receipt import receipt as issue
    from habeas.records.table_rows import source_of
    from habeas.warehouse.reader import rows

    place, who = _person(subject, subject_file, config, custody)
    selected = [each for each in statements_of(place.reader, who) if purpose in (None, each.purpose)]
    if not selected:
        raise UsageError("nothing is recorded to make a receipt of", hint="See: habeas consent show")
    sources = [source_of(row) for row in rows(place.reader, "sources")]
    made = issue(
        person(place.reader, who), selected, Issued(place.purposes, sources, now(), lambda: str(uuid4()))
    )
    sys.stdout.write(json.dumps(made, indent=1, ensure_ascii=False) + "\n")


def _person(
    subject: str | None, subject_file: str | None, config: Config, custody: Custody
) -> tuple[Any, str]:
    from habeas.cli.installation import installation
    from habeas.oversight.queries.audit import find_subject

    if (subject is None) == (subject_file is None):
        raise UsageError("whose consent?", hint="Give --subject-file FILE, or --subject with a random id.")
    place = installation(config, custody)
    if subject is not None:
        return place, find_subject(place.reader, subject)
    return place, place.subject_of(out.one_real_id(str(subject_file)))
