"""`habeas consent grant` and `withdraw`: one thing that people said, written down at a desk."""

from __future__ import annotations

import io
import json
from typing import Annotated, Any

import typer

from habeas.cli import output as out
from habeas.cli.options import AsTyped, Config, Custody, Json, moment, now
from habeas.model.errors import UsageError
from habeas.model.words import AGE

Purpose = Annotated[str, typer.Option("--purpose", help="Purpose it is about, to the letter.")]
People = Annotated[
    str | None,
    typer.Option("--subject-file", metavar="FILE|-", help="Real ids, one a line; - reads standard input."),
]
Subject = Annotated[
    str | None,
    typer.Option("--subject", metavar="SUBJECT_ID", help="A whole random subject id, never a real id."),
]
Method = Annotated[str, typer.Option("--method", help="How it was said.")]
At = Annotated[
    str | None, typer.Option("--given-at", metavar="TIME", help="Since when it is true. Default: now.")
]
Evidence = Annotated[
    str, typer.Option("--evidence-digest", metavar="SHA-256", help="Of the signed form, in lower case hex.")
]
Names = list[str] | None
Sources = Annotated[Names, typer.Option("--source", help="Only footage of this source. May be repeated.")]
Sites = Annotated[Names, typer.Option("--site", help="Only footage of this site. May be repeated.")]
Events = Annotated[Names, typer.Option("--event", help="Only footage of this event. May be repeated.")]
Lots = Annotated[Names, typer.Option("--lot", help="Only footage of this lot. May be repeated.")]
Assets = Annotated[
    Names, typer.Option("--asset", metavar="ID", help="Only this asset, by its id. May be repeated.")
]
From = Annotated[
    str | None, typer.Option("--from", metavar="TIME", help="Only footage captured from then on.")
]
To = Annotated[str | None, typer.Option("--to", metavar="TIME", help="Only footage captured before then.")]


def grant(
    purpose: Purpose,
    notice_version: Annotated[
        str, typer.Option("--notice-version", help="Version of the notice they were given.")
    ],
    subject_file: People = None,
    subject: Subject = None,
    method: Method = "consent desk",
    given_at: At = None,
    expires_at: Annotated[
        str | None, typer.Option("--expires-at", metavar="TIME", help="Until when. Default: no end.")
    ] = None,
    explicit: Annotated[
        bool | None, typer.Option("--explicit/--not-explicit", help="They said it in so many words.")
    ] = None,
    separate: Annotated[
        bool | None, typer.Option("--separate/--bundled", help="Asked for apart from everything else.")
    ] = None,
    written: Annotated[
        bool | None, typer.Option("--written/--spoken", help="A written release, e-signature included.")
    ] = None,
    guardian: Annotated[
        bool | None, typer.Option("--guardian/--in-person", help="A guardian said it for them.")
    ] = None,
    recipient: Annotated[
        Names, typer.Option("--recipient", help="Who else may get templates. May be repeated.")
    ] = None,
    country: Annotated[
        Names, typer.Option("--country", help="Where else they may go, like US-IL. May be repeated.")
    ] = None,
    source: Sources = None,
    site: Sites = None,
    event: Events = None,
    lot: Lots = None,
    asset: Assets = None,
    from_at: From = None,
    to_at: To = None,
    age: Annotated[
        str | None, typer.Option("--age", metavar="BAND", help=f"One of {', '.join(AGE.words)}.")
    ] = None,
    jurisdiction: Annotated[
        Names, typer.Option("--jurisdiction", help="Where they live, like KR. May be repeated.")
    ] = None,
    evidence_digest: Evidence = "",
    as_typed: AsTyped = False,
    config: Config = None,
    custody: Custody = None,
    as_json: Json = False,
) -> None:
    """Record that people consent to a purpose. What isn't said stays unknown, and rules that ask for it refuse.

    A folder is named in a file, not here: `habeas consent import` takes it.

    \b
    habeas consent grant --purpose archive_search --notice-version 2026-1 --explicit --separate \\
      --written --event open-day-2025 --subject-file -
    """
    at = now()
    statement = {
        "purpose": purpose, "status": "given", "given_at": moment(given_at, at).isoformat(),
        "expires_at": None if expires_at is None else moment(expires_at, at).isoformat(), "explicit": explicit,
        "notice_version": notice_version, "method": method, "evidence_digest": evidence_digest or None,
        "separate": separate, "written": written, "guardian": guardian, "recipients": recipient or None,
        "countries": country or None, "age": age, "jurisdictions": jurisdiction or None,
        **_scope(source, site, event, lot, asset, from_at, to_at),
    }  # fmt: skip
    _record(statement, subject_file, subject, config, custody, as_json, as_typed)


def withdraw(
    purpose: Purpose,
    subject_file: People = None,
    subject: Subject = None,
    method: Method = "withdrawal desk",
    guardian: Annotated[
        bool | None, typer.Option("--guardian/--in-person", help="A guardian said it for them.")
    ] = None,
    source: Sources = None,
    site: Sites = None,
    event: Events = None,
    lot: Lots = None,
    asset: Assets = None,
    from_at: From = None,
    to_at: To = None,
    evidence_digest: Evidence = "",
    as_typed: AsTyped = False,
    config: Config = None,
    custody: Custody = None,
    as_json: Json = False,
) -> None:
    """Record that people withdraw their consent, from now on. Their keys close before this command ends.

    \b
    habeas consent withdraw --purpose archive_search --subject-file -
    habeas consent withdraw --purpose archive_search --event open-day-2025 --subject-file -
    """
    statement = {
        "purpose": purpose, "status": "withdrawn", "given_at": now().isoformat(), "expires_at": None,
        "explicit": True, "notice_version": "none", "method": method, "evidence_digest": evidence_digest or None,
        "guardian": guardian, **_scope(source, site, event, lot, asset, from_at, to_at),
    }  # fmt: skip
    _record(statement, subject_file, subject, config, custody, as_json, as_typed)


def _scope(
    source: Names, site: Names, event: Names, lot: Names, asset: Names, from_at: str | None, to_at: str | None
) -> dict[str, Any]:
    from habeas.records.parsing.scope import ASSET

    at = now()
    return {
        "sources": source or None, "sites": site or None, "events": event or None, "lots": lot or None,
        "assets": [ASSET + each for each in asset or ()] or None,
        "from_at": None if from_at is None else moment(from_at, at).isoformat(),
        "to_at": None if to_at is None else moment(to_at, at).isoformat(),
    }  # fmt: skip


def _record(
    statement: dict[str, Any],
    subject_file: str | None,
    subject: str | None,
    config: Config,
    custody: Custody,
    as_json: bool,
    as_typed: bool,
) -> None:
    from habeas.cli.installation import installation
    from habeas.cli.records.import_summary import tell
    from habeas.pipeline.record.imports import add_consents

    lines = [json.dumps({**statement, "subject": who}) for who in _people(subject_file, subject)]
    place = installation(config, custody)
    with place.lists("import-consents") as tables:
        given = io.BytesIO("\n".join(lines).encode())
        taken = add_consents(tables, place.registrar, given, place.purposes, now(), as_typed=as_typed)
    tell("statements", taken, as_json)


def _people(subject_file: str | None, subject: str | None) -> list[str]:
    from habeas.oversight.queries.audit import require_random_id
    from habeas.records.parsing.scope import SUBJECT

    if (subject_file is None) == (subject is None):
        raise UsageError("whose consent?", hint="Give --subject-file FILE, or --subject with a random id.")
    if subject_file is not None:
        return out.real_ids(subject_file)
    require_random_id(str(subject))
    return [f"{SUBJECT}{subject}"]
