"""Imports into their tables, insert-only; the same file twice changes nothing. Whatever `Store` writes them.

A no closes keys before it is written and shuts their rows afterwards, and a new key is made after what was said is
written: a run that starts in between finds the old key closed and no new one. What can't be used goes to `quarantine`,
without its values.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from habeas.media.archive.places import archive_places
from habeas.media.files.locations import canonical
from habeas.media.files.source_folders import usable
from habeas.media.values import LOOK_AGAIN, MediaReason
from habeas.model.errors import BadInput, RefusedByPolicy
from habeas.model.ids import new_id
from habeas.model.people import ConsentStatement, ConsentStatus, LeaveOut, RosterLine, Source, Subject
from habeas.model.purposes import Purposes
from habeas.oversight.explain.wording import reason
from habeas.pipeline.record.person_ledger import PersonLedger, follow
from habeas.records.imports import pipeline as imports
from habeas.records.imports.pipeline import Imported, Input
from habeas.records.imports.plausibility import recorded_last
from habeas.records.imports.remarks import ImportContext
from habeas.records.imports.roster_times import recorded_at
from habeas.records.imports.store import Store
from habeas.records.parsing.names import KINDS, Names
from habeas.records.parsing.occasions import Occasion
from habeas.records.parsing.people import learnt
from habeas.records.parsing.scope import NOWHERE, SUBJECT, Places
from habeas.records.parsing.sources import learnt as learnt_about
from habeas.records.table_rows import (
    leave_out_of,
    leave_out_row,
    source_of,
    statement_of,
    statement_row,
    subject_of,
)
from habeas.sealing.keys.enrolment import close_left_out
from habeas.sealing.keys.registrar import Registrar


def add_sources(
    tables: Store, file: Input, purposes: Purposes, now: datetime, archive: Path | None = None
) -> Imported[Source]:
    """Register sources. Raises RefusedByPolicy when one would change what a known source was collected for.

    Also when its folder in `archive` is a link, lies behind one, or is or holds the folder of another source.
    """
    names = {"here": _names(tables), "noes": _named_by_noes(tables)}
    read = imports.import_sources(file, purposes=purposes, recorded_at=now, **names)
    stored = {row["source_id"]: source_of(row) for row in tables.rows("sources")}
    for old in stored.values():
        for new in read.records:
            if changed := imports.conflicts_with(old, new):
                raise RefusedByPolicy(
                    f"source {new.source_id} can't be registered: {', '.join(changed)} differs from source "
                    f"{old.source_id}, and a source stays what it was registered as",
                    hint="Register new footage as a new source, in a folder of its own.",
                )
    if archive is not None and archive.is_dir():
        fresh = {each.source_id for each in read.records} - stored.keys()
        _refuse_others_folders(archive, [*stored.values(), *read.records], fresh)
    merged = [learnt_about(stored[s.source_id], s) if s.source_id in stored else s for s in read.records]
    rows = [asdict(s) | {"purposes": list(s.purposes)} for s in merged if stored.get(s.source_id) != s]
    if rows:
        tables.upsert_rows("sources", rows)
    _set_aside(tables, read, now)
    return read


def _refuse_others_folders(archive: Path, sources: Sequence[Source], fresh: Collection[str]) -> None:
    """A folder that isn't there yet may come later: each run looks again."""
    _, refused = usable(archive, {source.source_id: source.root for source in sources})
    for source_id, why in refused.items():
        if source_id in fresh and why in (MediaReason.SOURCE_LINKED, MediaReason.SOURCE_SHARED):
            raise RefusedByPolicy(
                f"source {source_id} can't be registered as it is: {reason(why)}",
                hint="Give each source a folder of its own inside the archive's folder, and no link on the way to it.",
            )


def places_of(tables: Store, archive: Path, installation_key: bytes) -> Places:
    """How paths in lists become ids, in the archive as it lies there now."""
    return archive_places(
        archive, {row["source_id"]: row["root"] for row in tables.rows("sources")}, installation_key
    )


def add_consents(
    tables: Store,
    registrar: Registrar,
    file: Input,
    purposes: Purposes,
    now: datetime,
    places: Places = NOWHERE,
    *,
    as_typed: bool = False,
) -> Imported[ConsentStatement]:
    """Record statements; a withdrawal or refusal closes its key at once, a given consent gets one afterwards.

    `as_typed`: ids that look alike are different people.
    """
    recorded: list[ConsentStatement] = []

    def recorded_about(subject_ids: Collection[str]) -> list[ConsentStatement]:
        recorded.extend(statement_of(row) for row in _about(tables, "consents", subject_ids))
        return recorded

    read = imports.import_consents(
        file, purposes=purposes, recorded_at=now, subject_of=_person(registrar, now, as_typed), places=places,
        recorded=recorded_about, together=registrar.together, context=_context(tables, registrar, as_typed),
    )  # fmt: skip
    ids = {each.consent_id for each in recorded}
    fresh = [each for each in read.records if each.consent_id not in ids]
    noes = [each for each in fresh if each.status is not ConsentStatus.GIVEN]
    noes += recorded_last(noes, recorded)
    # Every pair of the file, not the new ones alone: an import that was cut off is finished by the next.
    pairs = {(each.subject_id, each.purpose) for each in read.records}
    people = {subject for subject, _ in pairs}
    ledger = _ledger(tables, people, pairs, [*recorded, *fresh, *noes])
    closed = ledger.close(registrar, now, {each.consent_id for each in noes})
    _insert(tables, "consents", [statement_row(each) for each in noes])  # before anything else that can fail
    _people(tables, read.subjects, now)
    _insert(tables, "consents", [statement_row(each) for each in fresh if each.status is ConsentStatus.GIVEN])
    done = follow(
        tables, registrar, ledger, lambda: _ledger(tables, people, pairs), closed, _run_of(read), now
    )
    _set_aside(tables, read, now)
    return replace(read, closed=done, recorded_before=sum(each.consent_id in ids for each in read.records))


def add_leave_outs(
    tables: Store,
    registrar: Registrar,
    file: Input,
    purposes: Purposes,
    now: datetime,
    places: Places = NOWHERE,
    *,
    as_typed: bool = False,
) -> Imported[LeaveOut]:
    """Record who and what is never to be processed. A person's keys close before their line is written."""
    stored = [leave_out_of(row) for row in tables.rows("leave_outs")]
    ids = {each.leave_out_id for each in stored}
    with registrar.together():
        read = imports.import_leave_outs(
            file,
            purposes=purposes,
            recorded_at=now,
            subject_of=_person(registrar, now, as_typed),
            places=places,
            recorded=stored,
            context=_context(tables, registrar, as_typed),
        )
    fresh = [each for each in read.records if each.leave_out_id not in ids]
    everything = [*stored, *fresh]
    touched = {each.subject_id for each in read.records}
    touched |= {
        each.subject_id for each in stored if each.leave_out_id in {one.lifts for one in read.records}
    }
    people = {each for each in touched if each is not None}
    about_them = [each for each in everything if each.subject_id in people or each.lifts]
    closed = close_left_out(about_them, registrar, now, {each.leave_out_id for each in fresh})
    noes = [each for each in fresh if each.lifts is None]
    _insert(
        tables, "leave_outs", [leave_out_row(each) for each in noes]
    )  # before anything else that can fail
    _people(tables, (Subject(person, None, None) for person in sorted(people)), now)
    _insert(tables, "leave_outs", [leave_out_row(each) for each in fresh if each.lifts is not None])
    # Closed for some footage, or lifted: where consent still stands, it gets a new key.
    ledger = _ledger(tables, people)
    done = follow(tables, registrar, ledger, lambda: _ledger(tables, people), closed, _run_of(read), now)
    _set_aside(tables, read, now)
    return replace(read, closed=done, recorded_before=len(read.records) - len(fresh))


def add_occasions(tables: Store, file: Input, now: datetime, places: Places) -> Imported[Occasion]:
    """Record which site, event or lot the footage of a folder belongs to."""
    names = {"here": _names(tables), "noes": _named_by_noes(tables)}
    read = imports.import_occasions(file, recorded_at=now, places=places, **names)
    _insert(tables, "occasions", [asdict(each) for each in read.records])
    _set_aside(tables, read, now)
    return read


def add_rosters(
    tables: Store,
    registrar: Registrar,
    file: Input,
    archive: Path,
    installation_key: bytes,
    now: datetime,
    *,
    as_typed: bool = False,
) -> Imported[RosterLine]:
    """Record who is in which asset. The line is about the content that lies there now."""
    asset_at: dict[tuple[str, str], str] = {}
    asset_of = _asset_finder(places_of(tables, archive, installation_key), asset_at)
    with registrar.together():
        read = imports.import_rosters(
            file,
            recorded_at=now,
            subject_of=_person(registrar, now, as_typed),
            asset_of=asset_of,
            context=ImportContext(alike=_alike(registrar, as_typed)),
            recorded=lambda assets: tables.rows("rosters", "asset_id", assets) if assets else [],
        )
    people = sorted({line.subject_id for line in read.records if line.subject_id})
    _people(tables, (Subject(person, None, None) for person in people), now)
    rows: list[dict[str, Any]] = []
    for line in read.records:
        row = asdict(line) | {"recorded_at": recorded_at(line, now)}
        rows.append(row | (row.pop("region") or {}))
    _insert(tables, "rosters", rows)
    _look_again(tables, asset_at)
    _set_aside(tables, read, now)
    return read


def _asset_finder(places: Places, asset_at: dict[tuple[str, str], str]) -> Callable[[str, str], str]:
    """`asset_at`: gets the asset that lies at each place (source, location) now."""

    def asset_of(source_id: str, location: str) -> str:
        try:
            asset = places.asset(source_id, location)
        except BadInput as bad:
            raise BadInput("roster_asset_missing" if bad.reason == "asset_missing" else bad.reason) from None
        asset_at[source_id, canonical(location)] = asset
        return asset

    return asset_of


def _look_again(tables: Store, asset_at: Mapping[tuple[str, str], str]) -> None:
    """Where other content lies than was catalogued, the next run reads the file again, whatever its times say."""
    assets = tables.rows("assets", "location", {location for _, location in asset_at})
    stale = [
        row | {"changed_ns": LOOK_AGAIN}
        for row in assets
        if row["present"]
        and "changed_ns" in row  # a table without the column is read again as it is
        and asset_at.get((row["source_id"], row["location"]), row["asset_id"]) != row["asset_id"]
    ]
    if stale:
        tables.upsert_rows("assets", stale)


def _person(registrar: Registrar, now: datetime, as_typed: bool) -> Callable[[str], str]:
    """The subject behind a real id, enrolled at first sight; behind a subject id with its prefix, itself."""

    def subject_of(real_id: str) -> str:
        if not real_id.startswith(SUBJECT):
            return registrar.subject_for(real_id, now, as_typed=as_typed)
        subject_id = real_id.removeprefix(SUBJECT)
        if not registrar.knows(subject_id):
            raise BadInput("unknown_subject", "subject: nobody here has that id")
        return subject_id

    return subject_of


def _alike(registrar: Registrar, as_typed: bool) -> Callable[[str], Collection[str]]:
    return lambda real_id: () if as_typed or real_id.startswith(SUBJECT) else registrar.alike(real_id)


def _context(tables: Store, registrar: Registrar, as_typed: bool) -> ImportContext:
    """What is recorded now. Before the first consents and the first roster no person counts as unknown."""

    def listed(subject_ids: Collection[str]) -> Collection[str]:
        lines = tables.rows("rosters", "subject_id", subject_ids, ["subject_id"])
        statements = tables.rows("consents", "subject_id", subject_ids, ["subject_id", "status"])
        given = {row["subject_id"] for row in statements if row["status"] == ConsentStatus.GIVEN}
        return given | {row["subject_id"] for row in lines}

    any_recorded = tables.exists("rosters") or tables.exists("consents")
    return ImportContext(_names(tables), _alike(registrar, as_typed), listed if any_recorded else None)


def _names(tables: Store) -> Names:
    """The sources, sites, events and lots there are."""
    there: dict[str, set[str]] = {
        "sources": {row["source_id"] for row in tables.rows("sources")},
        "sites": set[str](),
        "events": set[str](),
        "lots": set[str](),
    }
    for row in tables.rows("occasions"):
        there[f"{row['kind']}s"].add(row["name"])
    return Names({kind: frozenset(names) for kind, names in there.items()})


def _named_by_noes(tables: Store) -> Names:
    """The sources, sites, events and lots that refusals, withdrawals and leave-outs are about."""
    against = [status.value for status in ConsentStatus if status is not ConsentStatus.GIVEN]
    noes = [*tables.rows("leave_outs"), *tables.rows("consents", "status", against)]
    return Names({kind: frozenset(name for row in noes for name in row.get(kind) or ()) for kind in KINDS})


def _about(tables: Store, name: str, subject_ids: Collection[str]) -> list[dict[str, Any]]:
    """Rows about some people."""
    return tables.rows(name, "subject_id", subject_ids)


def _ledger(
    tables: Store,
    people: Collection[str],
    pairs: Collection[tuple[str, str]] | None = None,
    statements: Iterable[ConsentStatement] | None = None,
) -> PersonLedger:
    """What is recorded about these people, and every lift; of `pairs` (subject_id, purpose) alone where given."""
    if statements is None:
        statements = map(statement_of, _about(tables, "consents", people))
    lifts = [row for row in tables.rows("leave_outs") if row["lifts"] is not None]
    left_out = [leave_out_of(row) for row in (*_about(tables, "leave_outs", people), *lifts)]
    return PersonLedger(
        [each for each in statements if pairs is None or (each.subject_id, each.purpose) in pairs], left_out
    )


def _run_of(read: Imported[Any]) -> str:
    """What tables call an import."""
    return f"import-{read.input_digest[:12]}"


def _people(tables: Store, people: Iterable[Subject], now: datetime) -> None:
    """Add people, and what is told of those known."""
    listed = list(people)
    rows = _about(tables, "subjects", {each.subject_id for each in listed})
    stored = {row["subject_id"]: subject_of(row) for row in rows}
    changed = [asdict(person) | {"recorded_at": now} for person in learnt(stored, listed)]
    for row in changed:
        row["jurisdictions"] = None if row["jurisdictions"] is None else list(row["jurisdictions"])
    if changed:
        tables.upsert_rows("subjects", changed)


def _set_aside(tables: Store, read: Imported[Any], now: datetime) -> None:
    rows = [
        {
            "quarantine_id": new_id("quarantine", "record", read.input_digest, bad.line_number, bad.reason),
            "item": "record", "input_digest": read.input_digest, "line_number": bad.line_number,
            "reason": bad.reason, "detail": bad.detail, "run_id": _run_of(read),
            "recorded_at": now,
        }
        for bad in read.set_aside
    ]  # fmt: skip
    _insert(tables, "quarantine", rows)


def _insert(tables: Store, name: str, rows: list[dict[str, Any]]) -> None:
    tables.insert_rows(name, rows)
