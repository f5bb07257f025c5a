"""`habeas consent`: what people said about a purpose. Real ids come by file or standard input, never as arguments."""

from __future__ import annotations

import io
import json
from typing import Annotated, Any

import typer

from habeas.cli import out
from habeas.cli.options import AsOf, Config, Custody, File, Json, Subject, SubjectFile, moment, now
from habeas.errors import UsageError

app = typer.Typer(help="What people said about a purpose.", no_args_is_help=True)


@app.command("import")
def import_(file: File, config: Config = None, custody: Custody = None, as_json: Json = False) -> None:
    """Record consents, refusals and withdrawals from CSV or JSON lines.

    A consent gets a key of its own person and purpose; a refusal or withdrawal closes it at once.

    \b
    habeas consent import consents.csv
    desk-export | habeas consent import -
    """
    with out.input_file(file) as read:
        _record(read, config, custody, as_json)


@app.command()
def withdraw(
    purpose: Annotated[str, typer.Option("--purpose", help="Purpose that is withdrawn.")],
    subject_file: Annotated[
        str,
        typer.Option(
            "--subject-file", metavar="FILE|-", help="Real ids, one a line; - reads standard input."
        ),
    ],
    method: Annotated[str, typer.Option("--method", help="How it was said.")] = "withdrawal desk",
    config: Config = None,
    custody: Custody = None,
    as_json: Json = False,
) -> None:
    """Record that people withdraw their consent, from now on. Their keys close before this command ends.

    \b
    habeas consent withdraw --purpose archive_search --subject-file -
    """
    statement = {"purpose": purpose, "status": "withdrawn", "given_at": now().isoformat(), "expires_at": None,
                 "sources": None, "explicit": True, "notice_version": "none", "method": method}  # fmt: skip
    lines = "\n".join(json.dumps({**statement, "subject": who}) for who in out.real_ids(subject_file))
    _record(io.BytesIO(lines.encode()), config, custody, as_json)


@app.command()
def show(
    subject: Subject = None,
    subject_file: SubjectFile = None,
    as_of: AsOf = None,
    config: Config = None,
    custody: Custody = None,
    as_json: Json = False,
) -> None:
    """Show what one person said, as it was known at a time.

    \b
    habeas consent show --subject-file - --as-of 2026-06-30T00:00:00+00:00
    """
    from habeas.cli.log import consents

    if subject is None and subject_file is None:
        raise UsageError("whose consent?", hint="Give --subject-file FILE, or --subject with a random id.")
    moment(as_of, now())
    consents(
        subject=subject, subject_file=subject_file, asset=None, as_of=as_of, config=config, custody=custody,
        as_json=as_json,
    )  # fmt: skip


def _record(read: Any, config: Config, custody: Custody, as_json: bool) -> None:
    from habeas.cli.bootstrap import installation
    from habeas.cli.imported import tell
    from habeas.spark.imports import add_consents

    place = installation(config, custody)
    with place.tables("import-consents") as tables:
        taken = add_consents(tables, place.registrar, read, place.purposes, now())
    tell("statements", taken, as_json)
