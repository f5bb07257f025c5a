"""The facts of one asset or roster line, whole: as `derive_rows` puts them together, for a single one."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from habeas.model.people import LeaveOut, Place, RosterLine, Subject
from habeas.policy.derivation.derive import Derived, embed_moving, scan_moving
from habeas.policy.derivation.person import PersonRecord
from habeas.policy.derivation.source_terms import SourceTerms
from habeas.records.consent_ledger import ConsentStatement


def scan_facts(
    terms: SourceTerms,
    *,
    place: Place,
    catalogued_at: datetime,
    line_allowed: bool | None,
    line_laws: Collection[str] | None,
    lines_valid_until: datetime | None,
    leave_outs: Iterable[LeaveOut] = (),
) -> Derived:
    """Facts for looking for faces in one asset.

    `line_allowed`: True when some line of the asset has embed = allow for the purpose, False when there are
    lines and none has, None when nobody listed anybody. `line_laws`: laws (as facts) that reach any of those lines;
    None when nobody is listed, so that every law may. `lines_valid_until`: earliest valid_until of those decisions.
    """
    moving = scan_moving(
        terms, place, catalogued_at, line_allowed, line_laws, lines_valid_until, tuple(leave_outs)
    )
    return moving.on(terms.scan)


def embed_facts(
    terms: SourceTerms,
    *,
    line: RosterLine,
    subject: Subject | None,
    statements: Iterable[ConsentStatement],
    key_open: bool | None,
    place: Place,
    catalogued_at: datetime,
    leave_outs: Iterable[LeaveOut] = (),
) -> Derived:
    """Facts for making a template of the person on one roster line.

    `statements`, `leave_outs`: at least all of that person and all about the footage; others are ignored. `key_open`:
    True when a key record for person and purpose exists and is not closed, False when all are closed, None when there
    never was one (so that a person who was never asked is a gap, not a refusal).
    """
    voice = None if line.subject_id is None else PersonRecord(line.subject_id, subject, statements)
    said_by, said_at = line.attested_by, line.attested_at
    moving = embed_moving(terms, voice, said_by, said_at, place, catalogued_at, key_open, tuple(leave_outs))
    return moving.on(terms.embed)
