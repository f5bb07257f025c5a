"""`habeas log`: what people said and what was decided, as it was known at a time. For auditors."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import typer

from habeas.cli import out
from habeas.cli.options import AsOf, Config, Custody, Json, KnownAt, Subject, SubjectFile, moment, now
from habeas.errors import UsageError

app = typer.Typer(help="What people said and what was decided, as of a time.", no_args_is_help=True)

Asset = Annotated[
    str | None, typer.Option("--asset", metavar="ID", help="An asset id or the beginning of one.")
]
CONSENTS = ("given_at", "recorded_at", "subject_id", "purpose", "status", "standing", "expires_at", "about",
            "notice_version", "method")  # fmt: skip
_DECISIONS = (
    "recorded_at",
    "as_of",
    "decision_id",
    "action",
    "purpose",
    "effect",
    "rules",
    "missing",
    "in_force",
)
_QUEUE = ("erase_by", "late", "row_id", "source_id", "purpose", "since", "why", "rules")


@app.command()
def consents(
    subject: Subject = None,
    subject_file: SubjectFile = None,
    asset: Asset = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    config: Config = None,
    custody: Custody = None,
    as_json: Json = False,
) -> None:
    """Statements about consent that were known at a time.

    \b
    habeas log consents --asset 9c31
    habeas log consents --subject-file - --as-of 2026-06-30T00:00:00+00:00
    """
    from habeas.steps.audit import log_consents

    reader, wanted = _asked(subject, subject_file, asset, config, custody)
    at = moment(as_of, now())
    _print(log_consents(reader, wanted, at, moment(known_at, at)), CONSENTS, as_json)


@app.command()
def decisions(
    subject: Subject = None,
    subject_file: SubjectFile = None,
    asset: Asset = None,
    as_of: AsOf = None,
    config: Config = None,
    custody: Custody = None,
    as_json: Json = False,
) -> None:
    """Decisions recorded up to a time, with the rules that fired and the facts that were missing.

    \b
    habeas log decisions --asset 9c31
    habeas log decisions --subject 5d0c7b6a --json
    """
    from habeas.steps.audit import log_decisions

    reader, wanted = _asked(subject, subject_file, asset, config, custody)
    at = now()
    _print(log_decisions(reader, wanted, moment(as_of, at), at), _DECISIONS, as_json)


@app.command()
def queue(config: Config = None, as_json: Json = False) -> None:
    """Templates that nothing allows any more, and by when each has to be erased. The most urgent come first.

    \b
    habeas log queue
    habeas log queue --json
    """
    from habeas.cli.bootstrap import installation
    from habeas.steps.erasure_queue import waiting

    _print(waiting(installation(config).reader, now()), _QUEUE, as_json)


def _asked(
    subject: str | None, subject_file: str | None, asset: str | None, config: Config, custody: Custody
) -> tuple[Any, Any]:
    from habeas.cli.bootstrap import installation
    from habeas.steps.audit import about

    if subject is not None and subject_file is not None:
        raise UsageError("--subject and --subject-file name a person twice", hint="Give one of them.")
    place = installation(config, custody)
    wanted = about(place.reader, subject, asset)
    if subject_file is not None:  # the key store knows them, even where no table names them yet
        wanted = replace(wanted, subject_id=place.subject_of(out.one_real_id(subject_file)))
    return place.reader, wanted


def _print(found: list[dict[str, Any]], columns: tuple[str, ...], as_json: bool) -> None:
    def human(console: Any) -> None:
        console.print(out.table(columns, [out.cells(row, columns) for row in found]))
        console.print(f"{len(found)} entries", markup=False)

    out.show(found, as_json, human)
