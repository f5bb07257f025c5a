"""Imports: sources, consents and rosters into their tables, insert-only; the same file twice changes nothing.

Keys are closed and made before a statement is written: a run that starts in between finds a withdrawn
person's key closed already. What can't be used goes to `quarantine`, without its values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from habeas.adapters import files
from habeas.adapters.keystore_registrar import Registrar
from habeas.errors import BadInput, RefusedByPolicy
from habeas.model.ids import asset_id, new_id
from habeas.model.people import ConsentStatement, RosterLine, Source, Subject
from habeas.policy.purposes import Purposes
from habeas.spark.embed import source_folders
from habeas.spark.tables import Tables
from habeas.steps import imports
from habeas.steps.custody import enrol_consents
from habeas.steps.ledger_rows import statement_of, statement_row

Input = Path | BinaryIO


def add_sources(tables: Tables, file: Input, purposes: Purposes, now: datetime) -> imports.Imported[Source]:
    """Register sources. Raises RefusedByPolicy when one would change what a known source was collected for."""
    read = imports.import_sources(file, purposes=purposes, recorded_at=now)
    for old in _stored_sources(tables):
        for new in read.records:
            if changed := imports.conflicts_with(old, new):
                raise RefusedByPolicy(
                    f"source {new.source_id} can't be registered: {', '.join(changed)} differs from source "
                    f"{old.source_id}, and a source stays what it was registered as",
                    hint="Register new footage as a new source, in a folder of its own.",
                )
    _insert(tables, "sources", [asdict(s) | {"purposes": list(s.purposes)} for s in read.records])
    _set_aside(tables, read, now)
    return read


def add_consents(
    tables: Tables, registrar: Registrar, file: Input, purposes: Purposes, now: datetime
) -> imports.Imported[ConsentStatement]:
    """Record statements; a given consent gets a key, a withdrawn or refused one loses it at once."""
    with registrar.together():
        read = imports.import_consents(
            file,
            purposes=purposes,
            recorded_at=now,
            subject_of=lambda real_id: registrar.subject_for(real_id, now),
        )
    stored = [statement_of(r.asDict()) for r in tables.read("consents").collect()]
    known = {s.consent_id for s in stored}
    fresh = [s for s in read.records if s.consent_id not in known]
    pairs = {(s.subject_id, s.purpose) for s in fresh}
    history = [s for s in stored if (s.subject_id, s.purpose) in pairs] + fresh
    records = enrol_consents(history, registrar, now)
    _people(tables, read.subjects, now)
    _insert(tables, "keys", [{f.name: getattr(k, f.name) for f in fields(k)} for k in records])
    _insert(tables, "consents", [statement_row(s) for s in fresh])
    _set_aside(tables, read, now)
    return read


def add_rosters(
    tables: Tables, registrar: Registrar, file: Input, archive: Path, installation_key: bytes, now: datetime
) -> imports.Imported[RosterLine]:
    """Record who is in which asset. The line is about the content that lies there now."""
    asset_of = _asset_finder(tables, archive, installation_key)
    with registrar.together():
        read = imports.import_rosters(
            file, subject_of=lambda real_id: registrar.subject_for(real_id, now), asset_of=asset_of
        )
    people = sorted({line.subject_id for line in read.records if line.subject_id})
    _people(tables, (Subject(person, None, None) for person in people), now)
    rows: list[dict[str, Any]] = []
    for line in read.records:
        row = asdict(line) | {"recorded_at": now}
        rows.append(row | (row.pop("region") or {}))
    _insert(tables, "rosters", rows)
    _set_aside(tables, read, now)
    return read


def _asset_finder(tables: Tables, archive: Path, installation_key: bytes) -> Callable[[str, str], str]:
    folders = source_folders(tables)

    def asset_of(source_id: str, location: str) -> str:
        if source_id not in folders:
            raise BadInput("unknown_source")
        try:
            with files.open_regular(archive / folders[source_id], location) as fd:
                return asset_id(installation_key, source_id, files.sha256_of(fd))
        except BadInput:
            raise BadInput("roster_asset_missing") from None

    return asset_of


def _stored_sources(tables: Tables) -> list[Source]:
    rows = [r.asDict() for r in tables.read("sources").collect()]
    return [Source(**(r | {"purposes": tuple(r["purposes"])})) for r in rows]


def _people(tables: Tables, people: Iterable[Subject], now: datetime) -> None:
    rows = [asdict(person) | {"recorded_at": now} for person in people]
    if rows:
        learnt = " OR ".join(
            f"t.{name} IS NULL AND s.{name} IS NOT NULL" for name in ("jurisdictions", "age", "last_contact_on")
        )
        tables.upsert("subjects", tables.frame("subjects", rows), when=learnt)


def _set_aside(tables: Tables, read: imports.Imported[Any], now: datetime) -> None:
    rows = [
        {
            "quarantine_id": new_id("quarantine", "record", read.input_digest, bad.line_number, bad.reason),
            "item": "record", "input_digest": read.input_digest, "line_number": bad.line_number,
            "reason": bad.reason, "detail": bad.detail, "run_id": f"import-{read.input_digest[:12]}",
            "recorded_at": now,
        }
        for bad in read.set_aside
    ]  # fmt: skip
    _insert(tables, "quarantine", rows)


def _insert(tables: Tables, name: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        tables.insert_missing(name, tables.frame(name, rows))
