"""Facts from tables, slowly and plainly: the oracle that the Spark derivation is compared with.

Each function takes model values and a time, and gives the facts of one decision beside `valid_until`: at any
time before it the same values give the same facts. A fact nobody supplied is left out, which the policy reads
as a gap: it never becomes True or False by default.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from habeas.consent.ledger import NO_END, standing
from habeas.model.decision import FactValue
from habeas.model.people import ConsentStatement, Place, RosterLine, Source


@dataclass(frozen=True, slots=True)
class Derived:
    """The facts of one decision, and the next instant one of them could flip (None = none)."""

    facts: dict[str, FactValue]
    valid_until: datetime | None


def scan_facts(
    *,
    source: Source | None,
    purpose: str,
    purposes: Collection[str],
    captured_at: datetime | None,
    catalogued_at: datetime,
    line_allowed: bool | None,
    lines_valid_until: datetime | None,
    as_of: datetime,
) -> Derived:
    """Facts for looking for faces in one asset.

    `line_allowed`: True when some line of the asset has embed = allow for the purpose, False when there are
    lines and none has, None when nobody listed anybody. `lines_valid_until`: earliest valid_until of those
    decisions.
    """
    facts: dict[str, FactValue | None] = {
        "source_registered": source is not None,
        "purpose_known": purpose in purposes,
        "line_allowed": line_allowed,
    }
    flips = [lines_valid_until]
    if source is not None:
        facts["scan_ground"] = source.scan_ground
        facts["purpose_collected"] = purpose in source.purposes
        end = retention_end(source.retention_days, captured_at, catalogued_at)
        facts["within_retention"] = end > as_of
        flips.append(end)
    return _derived(facts, flips, as_of)


def embed_facts(
    *,
    source: Source | None,
    line: RosterLine,
    purpose: str,
    purposes: Collection[str],
    statements: Iterable[ConsentStatement],
    key_open: bool | None,
    captured_at: datetime | None,
    catalogued_at: datetime,
    as_of: datetime,
    known_at: datetime | None = None,
) -> Derived:
    """Facts for making a template of the person on one roster line, for one purpose.

    `statements`: at least all of that person; others are ignored. `key_open`: True when a key record for
    person and purpose exists and is not closed, False when all are closed, None when there never was one (so
    that a person who was never asked is a gap, not a refusal). `known_at` (default as_of): what had been
    recorded.
    """
    known = as_of if known_at is None else known_at
    facts: dict[str, FactValue | None] = {
        "subject_known": line.subject_id is not None,
        "line_attested": bool(line.attested_by.strip()) and line.attested_at <= as_of,
        "purpose_known": purpose in purposes,
    }
    flips: list[datetime | None] = [line.attested_at]
    if source is not None:
        facts["roster_ground"] = source.roster_ground
        facts["purpose_collected"] = purpose in source.purposes
        end = retention_end(source.retention_days, captured_at, catalogued_at)
        facts["within_retention"] = end > as_of
        flips.append(end)
    if line.subject_id is not None:
        facts["key_open"] = key_open
        # Without a source no statement can be said to cover it unless it covers every source.
        place = Place(source.source_id if source is not None else "")
        stands = standing(statements, line.subject_id, purpose, place, as_of, known)
        facts["consent"] = stands.status
        facts["consent_in_scope"] = stands.in_scope
        facts["consent_explicit"] = stands.statement.explicit if stands.statement else None
        flips.append(stands.flips_at)
    return _derived(facts, flips, as_of)


def retention_end(days: int, captured_at: datetime | None, catalogued_at: datetime) -> datetime:
    """When an asset's retention runs out.

    Counted from capture, or from cataloguing where that is unknown or earlier: nothing is captured after it
    was found, so a camera clock set ahead must not lengthen anything.
    """
    start = catalogued_at if captured_at is None else min(captured_at, catalogued_at)
    try:
        return start + timedelta(days=days)
    except OverflowError:
        return NO_END


def _derived(facts: dict[str, FactValue | None], flips: list[datetime | None], as_of: datetime) -> Derived:
    supplied = {name: facts[name] for name in sorted(facts)}
    later = [instant for instant in flips if instant is not None and as_of < instant < NO_END]
    return Derived({name: v for name, v in supplied.items() if v is not None}, min(later, default=None))
