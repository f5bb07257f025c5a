"""A source registration: parsed, and compared with others. What it was collected for never changes."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from datetime import datetime

from habeas.model.errors import BadInput
from habeas.model.people import Source
from habeas.model.purposes import Purposes
from habeas.model.words import GROUND, MEDIUM
from habeas.records.readers import fields as field
from habeas.records.readers.lines import Columns, Values

NEEDED = (
    "source_id controller controller_kind root purposes legal_basis scan_ground roster_ground jurisdiction "
    "capture_place retention_days"
)
LEARNT = ("medium", "purpose_ended_on", "self_published", "contractor_scope")
"""What may be left open at first and said later, once. A purpose ends when it is attained."""
COLUMNS = Columns(tuple(NEEDED.split()), optional=("registered_at", *LEARNT))
MAX_RETENTION_DAYS = 36_500
_ROOT_PART = re.compile(r"[^/\\\x00-\x1f]+")


def parse(values: Values, purposes: Purposes, recorded_at: datetime) -> Source:
    """Raises BadInput. `registered_at` defaults to the time of the import."""
    named = field.listed(values, "purposes")
    if named is None:
        raise BadInput("missing_value", "purposes")
    retention = field.whole(values, "retention_days", least=0, most=MAX_RETENTION_DAYS)
    if retention is None:
        raise BadInput("missing_value", "retention_days")
    bases = tuple(word for word in GROUND.words if word != "none")
    return Source(
        source_id=field.slug(values, "source_id"),
        controller=field.text(values, "controller"),
        controller_kind=field.word(values, "controller_kind", ("public", "private")),
        root=_root(values),
        purposes=tuple(sorted(purposes.resolve(name).purpose_id for name in named)),
        legal_basis=field.word(values, "legal_basis", bases),
        scan_ground=field.word(values, "scan_ground", GROUND.words),
        roster_ground=field.word(values, "roster_ground", GROUND.words),
        jurisdiction=field.place(values, "jurisdiction"),
        capture_place=field.place(values, "capture_place"),
        retention_days=retention,
        registered_at=field.optional_instant(values, "registered_at") or recorded_at,
        medium=None if values.get("medium") is None else field.word(values, "medium", MEDIUM.words),
        purpose_ended_on=field.day(values, "purpose_ended_on"),
        self_published=field.boolean(values, "self_published"),
        contractor_scope=field.boolean(values, "contractor_scope"),
    )


def conflicts_with(existing: Source, new: Source) -> tuple[str, ...]:
    """Fields in which `new` can't be registered beside `existing`; empty = it can (or is the same again).

    The same id: every field that differs but `registered_at`; a source registered for one purpose can't be
    registered again for another. What one of the two leaves open (LEARNT) doesn't differ. Another id: `root`,
    when one folder holds the other: footage would lie in two sources, and the laxer one would open what the
    stricter one closes.
    """
    if existing.source_id != new.source_id:
        first, second = existing.root.split("/"), new.root.split("/")
        shorter = min(len(first), len(second))
        nested = "." in (existing.root, new.root) or first[:shorter] == second[:shorter]
        return ("root",) if nested else ()
    names = [each.name for each in fields(Source) if each.name != "registered_at"]
    return tuple(
        name
        for name in names
        if getattr(existing, name) != getattr(new, name) and not _open(existing, new, name)
    )


def learnt(existing: Source, new: Source) -> Source:
    """The registered source with what it left open and `new` says."""
    additions = {name: getattr(new, name) for name in LEARNT if getattr(existing, name) is None}
    return replace(existing, **additions)


def _differ(one: Source, other: Source) -> bool:
    """One file says a thing once, or the same twice."""
    return one.source_id == other.source_id and (learnt(one, other) != one or learnt(other, one) != other)


def _open(existing: Source, new: Source, name: str) -> bool:
    return name in LEARNT and None in (getattr(existing, name), getattr(new, name))


def conflicting(records: list[tuple[int, Source]]) -> set[int]:
    """Line numbers of the registrations that conflict with another one of the same file."""
    return {
        number
        for number, source in records
        for other_number, other in records
        if other_number != number and (conflicts_with(other, source) or _differ(other, source))
    }


def _root(values: Values) -> str:
    root = field.text(values, "root")
    parts = root.split("/")
    if root != "." and any(not _ROOT_PART.fullmatch(part) or part in (".", "..") for part in parts):
        raise BadInput("bad_root", "root: a folder inside the archive folder, divided by /, without . or ..")
    return root
