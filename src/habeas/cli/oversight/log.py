"""`habeas log`: what people said and what was decided, as it was known at a time. For auditors."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from habeas.cli import output as out
from habeas.cli.options import (
    AsOf,
    Config,
    Csv,
    Custody,
    From,
    Json,
    KnownAt,
    Subject,
    SubjectFile,
    To,
    moment,
    now,
)
from habeas.model.errors import UsageError

if TYPE_CHECKING:
    from habeas.cli.installation import Installation
    from habeas.oversight.queries.audit import About

_ROW = re.compile(r"[0-9a-f]{4,64}")
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
_MORE_DECISIONS = ("asset_id", "line_id", "source_id", "valid_until", "policy_digest", "run_id")
_OPENINGS = ("at", "opening_id", "who", "reason", "asked", "opened", "finished")
_MORE_OPENINGS = ("outcomes", "digest", "ids_kept")
_BY_ROW = ("at", "opening_id", "who", "reason", "row_id", "outcome")
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
    as_csv: Csv = False,
) -> None:
    """Statements about consent that were known at a time.

    \b
    habeas log consents --asset 9c31
    habeas log consents --subject-file - --as-of 2026-06-30T00:00:00+00:00
    """
    from habeas.oversight.queries.audit import log_consents

    place, wanted = _asked(subject, subject_file, asset, config, custody)
    at = moment(as_of, now())
    statements = log_consents(place.reader, wanted, at, moment(known_at, at))
    out.show_rows(statements, CONSENTS, as_json=as_json, as_csv=as_csv, more=("consent_id", "in_force"))


@app.command()
def decisions(
    subject: Subject = None,
    subject_file: SubjectFile = None,
    asset: Asset = None,
    as_of: AsOf = None,
    since: From = None,
    until: To = None,
    effect: Annotated[str, typer.Option("--effect", help="allow, deny or gap.")] = "",
    rule: Annotated[str, typer.Option("--rule", help="A rule that fired: pack/id, or the id alone.")] = "",
    source: Annotated[str, typer.Option("--source", help="Only files of this source.")] = "",
    purpose: Annotated[str, typer.Option("--purpose", help="Only this purpose.")] = "",
    config: Config = None,
    custody: Custody = None,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Decisions recorded up to a time, with the rules that fired and the facts that were missing.

    --from and --to choose by the time of recording; `in_force` always says what held at the time of --as-of.

    \b
    habeas log decisions --asset 9c31
    habeas log decisions --subject 5d0c7b6a --json
    habeas log decisions --effect deny --rule HOUSE-10 --from 2026-11-01T00:00:00+00:00 --csv
    """
    from habeas.oversight.queries.audit import log_decisions
    from habeas.oversight.queries.filters import Wanted, chosen

    place, wanted = _asked(subject, subject_file, asset, config, custody)
    at = now()
    by = Wanted(_time(since), _time(until), effect, rule, source, purpose)
    recorded = log_decisions(place.reader, wanted, moment(as_of, at), at)
    entries = chosen(place.reader, recorded, by, place.rules.rules.keys(), set(place.purposes))
    out.show_rows(entries, _DECISIONS, as_json=as_json, as_csv=as_csv, more=_MORE_DECISIONS)


@app.command()
def openings(
    subject: Subject = None,
    subject_file: SubjectFile = None,
    row: Annotated[
        str | None,
        typer.Option("--row", metavar="ID", help="Only openings that asked for this row (id or beginning)."),
    ] = None,
    since: From = None,
    until: To = None,
    by_row: Annotated[bool, typer.Option("--rows", help="One line a row that was asked for.")] = False,
    config: Config = None,
    custody: Custody = None,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Who opened which rows, when and why. Needs the custody file: the key store has the record.

    Rows that were erased since are in no table any more, so --subject finds no opening of theirs; --row does.

    \b
    habeas log openings
    habeas log openings --subject 5d0c7b6a --rows --csv
    """
    from habeas.oversight.queries.openings import WantedOpenings, log_openings, one_a_row
    from habeas.warehouse.reader import rows

    place, wanted = _asked(subject, subject_file, None, config, custody)
    store = place.watcher
    asked, ids = store.opened_rows(), None
    if wanted.subject_id:
        where = ("subject_id", "=", wanted.subject_id)
        ids = {stored["row_id"] for stored in rows(place.reader, "embeddings", where, columns=["row_id"])}
    if row is not None:
        prefix = row.strip().lower()
        if not _ROW.fullmatch(prefix):
            raise UsageError("--row takes the id of a row (0-9, a-f) or its beginning, 4 characters or more")
        named = {each["row_id"] for each in asked if each["row_id"].startswith(prefix)}
        ids = named if ids is None else ids & named
    by = WantedOpenings(_time(since), _time(until), ids)
    entries = log_openings(store.openings(), asked, by)
    if by_row:
        out.show_rows(one_a_row(entries), _BY_ROW, as_json=as_json, as_csv=as_csv)
        return
    out.show_rows(entries, _OPENINGS, as_json=as_json, as_csv=as_csv, more=_MORE_OPENINGS)


@app.command()
def queue(config: Config = None, as_json: Json = False, as_csv: Csv = False) -> None:
    """Templates that nothing allows any more, and by when each has to be erased. The most urgent come first.

    \b
    habeas log queue
    habeas log queue --json
    """
    from habeas.cli.installation import installation
    from habeas.erasure.queue import waiting

    out.show_rows(waiting(installation(config).reader, now()), _QUEUE, as_json=as_json, as_csv=as_csv)


def _asked(
    subject: str | None, subject_file: str | None, asset: str | None, config: Config, custody: Custody
) -> tuple[Installation, About]:
    from habeas.cli.installation import installation
    from habeas.oversight.queries.audit import about

    if subject is not None and subject_file is not None:
        raise UsageError("--subject and --subject-file name a person twice", hint="Give one of them.")
    place = installation(config, custody)
    wanted = about(place.reader, subject, asset)
    if subject_file is not None:  # the key store knows them, even where no table names them yet
        wanted = replace(wanted, subject_id=place.subject_of(out.one_real_id(subject_file)))
    return place, wanted


def _time(text: str | None) -> datetime | None:
    return None if text is None else moment(text, now())
