"""What the tables held about the things of some decisions when these were made, as far as they still hold it.

Statements, leave-outs, occasions and keys have the time when they were recorded. Everything else (a line, a
person's age, a source) has one row that holds what was learnt last: where that was later than the decision, the row
shows it, and the facts of then can't be derived.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from habeas.model.errors import UsageError
from habeas.model.jurisdictions import LAWS
from habeas.policy.facts.schema import parse
from habeas.warehouse.current.current_decision import current_decisions
from habeas.warehouse.reader import Reader, Row, rows

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class RunTimes:
    """`known_at`: what was recorded by then counts. `read_by`: the tables had been read by then at the latest.

    `model`: digests of the model the run was going to embed with; None = not in its record. `code`: digest of the
    code that derived its facts, likewise.
    """

    known_at: datetime
    read_by: datetime
    model: frozenset[str] | None = None
    code: str | None = None


KeyEnds = Callable[[Collection[str]], Mapping[str, datetime | None]]
"""key ids -> when each ended (None = it is open); an unknown key is left out."""


@dataclass(frozen=True, slots=True)
class Held:
    """Rows about a batch of decisions, as they are now, by id."""

    lines: Mapping[str, Row]
    assets: Mapping[str, Row]
    subjects: Mapping[str, Row]
    consents: Mapping[str, Sequence[Row]]  # by person
    keys: Mapping[tuple[str, str], Sequence[Row]]  # by person and purpose
    ends: Mapping[str, datetime | None] | None  # of keys; None = this caller has no access
    decided: Mapping[tuple[str, str], Sequence[Row]]  # embed decisions, by asset and purpose
    laws: Mapping[str, frozenset[str]]  # facts digest -> laws that reach the line
    lists: Mapping[str, Sequence[Row]]  # roster lines of scanned assets, by asset


class Holdings:
    """Reads what decisions rest on: small tables once, the others a batch at a time."""

    def __init__(self, reader: Reader, key_ends: KeyEnds | None) -> None:
        self._reader, self._key_ends = reader, key_ends
        self.sources = {row["source_id"]: row for row in rows(reader, "sources")}
        self.occasions = rows(reader, "occasions")
        self.leave_outs = rows(reader, "leave_outs")

    def about(self, decisions: Sequence[Row]) -> Held:
        """What the tables hold about these decisions: lines, assets, people, consents, keys."""
        lines = self._by_id("rosters", "line_id", {row["line_id"] for row in decisions if row["line_id"]})
        people = {line["subject_id"] for line in lines.values() if line["subject_id"]}
        scanned = {row["asset_id"] for row in decisions if row["action"] == "scan"}
        decided = [r for r in self._listed("decisions", "asset_id", scanned) if r["action"] == "embed"]
        fact_sets = self._by_id("fact_sets", "facts_digest", {row["facts_digest"] for row in decided})
        keys = self._listed("keys", "subject_id", people)
        return Held(
            lines=lines,
            assets=self._by_id("assets", "asset_id", {row["asset_id"] for row in decisions}),
            subjects=self._by_id("subjects", "subject_id", people),
            consents=grouped(self._listed("consents", "subject_id", people), lambda row: row["subject_id"]),
            keys=grouped(keys, lambda row: (row["subject_id"], row["purpose"])),
            ends=self._key_ends([key["key_id"] for key in keys]) if self._key_ends else None,
            decided=grouped(decided, lambda row: (row["asset_id"], row["purpose"])),
            laws={digest: _laws(row["facts"]) for digest, row in fact_sets.items()},
            lists=grouped(self._listed("rosters", "asset_id", scanned), lambda row: row["asset_id"]),
        )

    def _by_id(self, table: str, column: str, values: Collection[str]) -> dict[str, Row]:
        return {row[column]: row for row in self._listed(table, column, values)}

    def _listed(self, table: str, column: str, values: Collection[str]) -> list[Row]:
        return rows(self._reader, table, (column, "in", sorted(values))) if values else []


def grouped(listed: Iterable[Row], key: Callable[[Row], K]) -> dict[K, list[Row]]:
    """Rows by key, in their order."""
    groups: dict[K, list[Row]] = {}
    for row in listed:
        groups.setdefault(key(row), []).append(row)
    return groups


def key_then(held: Held, person: str, purpose: str, times: RunTimes) -> tuple[Row | None, bool]:
    """The person's newest key as a run read it (None = there was none), and whether its state can be known.

    A run looks at no key made after it began. One that was closed before the end of its reading may have been seen
    either way.
    """
    made = [key for key in held.keys.get((person, purpose), ()) if key["created_at"] <= times.known_at]
    newest = max(made, key=lambda key: key["generation"], default=None)
    if newest is None:
        return None, True
    ended = held.ends.get(newest["key_id"], times.known_at) if held.ends is not None else None
    end_known = held.ends is not None and newest["key_id"] in held.ends
    moved = ended is not None and times.known_at < ended <= times.read_by
    opened = ended is None or ended > times.read_by
    return {"purpose": purpose, "key_id": newest["key_id"], "open": opened}, end_known and not moved


def lines_then(row: Row, held: Held, there: Callable[[Row], bool]) -> Row | None:
    """What had been decided about the people listed in a scanned asset, as the scan decision sums it up.

    `there`: whether an embed decision had been written by then.
    """
    written = [each for each in held.decided.get((row["asset_id"], row["purpose"]), ()) if there(each)]
    newest = current_decisions(written)
    if not newest:
        return None
    ends = [each["valid_until"] for each in newest.values() if each["valid_until"] is not None]
    reached = [held.laws.get(each["facts_digest"], frozenset(LAWS)) for each in newest.values()]
    return {
        "purpose": row["purpose"],
        "allowed": any(each["effect"] == "allow" for each in newest.values()),
        "until": min(ends, default=None),
        **{law: any(law in laws for laws in reached) for law in LAWS},
    }


def _laws(facts: str) -> frozenset[str]:
    """The laws in a stored fact set; every law where it can't be read."""
    try:
        values = parse(facts)
    except UsageError:
        return frozenset(LAWS)
    return frozenset(law for law in LAWS if values.get(law) is True)
