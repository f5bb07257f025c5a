"""What the last run read, so that this one derives again only what came, went or ran out since.

A run that decided to its end left a mark of each table it rests on: the number of a commit and a digest of the data
files it had. The same files in the same commit are the same rows, even if a clock is wrong or a backup was restored
meanwhile. Anything that doesn't fit gives a reason to derive every line anew, which is never wrong. So does a record
that no job of this installation wrote, and so do the days that went by since every line was derived.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from habeas.model.errors import HabeasError, IntegrityError
from habeas.model.installation.steps import DECIDE
from habeas.policy.derivation import derive_rows
from habeas.policy.derivation.source_digest import modules_with_imports, source_digest
from habeas.policy.rules import decide
from habeas.warehouse.authenticated.mac import MacKey
from habeas.warehouse.authenticated.run_records import RunFolder, forged, newest_done
from habeas.warehouse.current import current_decision, current_lines

TABLES = (
    "sources", "assets", "rosters", "subjects", "consents", "keys", "leave_outs", "occasions", "decisions",
)  # fmt: skip
"""Whatever facts come from, and the decisions themselves."""

_DERIVES = (derive_rows, decide, current_lines, current_decision)
"""Facts out of rows, a verdict out of facts, and which lines and decisions hold. Reports and wording aren't here."""

_SAW = "saw_"


@dataclass(frozen=True, slots=True)
class Mark:
    """A table at one commit. `version` is -1 where there was no table yet."""

    version: int
    files: str

    @classmethod
    def of(cls, version: int, names: Collection[str]) -> Mark:
        """Mark of a table: its version, and a digest of the names of its files."""
        return cls(version, hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest())

    @classmethod
    def parse(cls, word: str) -> Mark:
        """Raises ValueError for a word that no mark gives."""
        version, _, files = word.partition("@")
        return cls(int(version), files)

    def __str__(self) -> str:
        return f"{self.version}@{self.files}"


@dataclass(frozen=True, slots=True)
class Last:
    """The newest run that decided to its end: when it did, what it could know, and what it saw."""

    run_id: str
    as_of: datetime
    known_at: datetime
    marks: Mapping[str, Mark]
    whole_at: datetime | None = None  # when every line was derived last


def basis(policy: str, pack: str, wanted: Collection[str], gathered_by: str = "") -> dict[str, str]:
    """Words of a record that must be the same in both runs: rules, model, purposes, and how facts are derived.

    `gathered_by`: digest of what reads the rows that facts are derived from; see `pipeline.decide.decide.gathered_by`.
    """
    purposes = hashlib.sha256("\n".join(sorted(wanted)).encode()).hexdigest()
    return {
        "policy": policy,
        "pack": pack,
        "wanted": purposes,
        "derived_by": code_digest(),
        "gathered_by": gathered_by,
    }


def mark_words(marks: Mapping[str, Mark]) -> dict[str, str]:
    """Marks as words of a record."""
    return {f"{_SAW}{table}": str(mark) for table, mark in marks.items()}


def whole_word(at: datetime) -> dict[str, str]:
    """When every line was derived last, as a word of a record."""
    return {"whole_at": at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"}


def last_decided(
    runs: Path,
    same: Mapping[str, str],
    as_of: datetime,
    known_at: datetime,
    key: MacKey | None = None,
    anew_days: int | None = None,
) -> Last | str:
    """The run to go on from, or why every line has to be derived anew.

    `same`: what `basis` gives for this run. `key`: records that don't verify under it count as none. `anew_days`:
    after so many days every line is derived anew, whatever the records say.
    """
    newest = newest_done(runs, DECIDE.name, key)
    if newest is None:
        unverified = key is not None and forged(runs, DECIDE.name, key)
        return "no record of an earlier run verifies" if unverified else "no run has decided yet"
    differs = [name for name, word in same.items() if newest.digests.get(name) != word]
    if differs:
        return f"{' and '.join(differs)} changed"
    try:
        folder = RunFolder(runs, newest.run_id, key)
        marks = {table: Mark.parse(newest.digests[f"{_SAW}{table}"]) for table in TABLES}
        word = newest.digests.get("whole_at")
        whole_at = None if word is None else datetime.fromisoformat(word)
        last = Last(newest.run_id, folder.decided_as_of(), folder.known_at(), marks, whole_at)
    except (HabeasError, OSError, ValueError, KeyError):
        return "the record of the last run is unreadable"
    if last.as_of > as_of or last.known_at > known_at:
        return "the last run was about a later time"
    if anew_days is not None and _is_over(last.whole_at, known_at, timedelta(days=anew_days)):
        return f"every line is derived anew every {anew_days} days"
    return last


def _is_over(since: datetime | None, now: datetime, limit: timedelta) -> bool:
    """A time that lies ahead, or that no record holds, is over as well."""
    return since is None or since > now or now - since >= limit


def require_there(runs: Path, exists: Callable[[str], bool], key: MacKey | None = None) -> None:
    """Raise IntegrityError when a table is gone that the last run saw: read as empty, it forgets who is left out."""
    newest = newest_done(runs, DECIDE.name, key)
    seen = {} if newest is None else newest.digests
    was = [table for table in TABLES if not seen.get(f"{_SAW}{table}", "-1").startswith("-1")]
    if gone := [table for table in was if not exists(table)]:
        raise IntegrityError(
            f"table {', '.join(gone)} was there when the last run decided, and is gone; nothing was decided",
            hint="Halt the pipeline, then put the table's folder back from a backup.",
        )


@cache
def code_digest() -> str:
    """Of every module that decides what a fact set or a verdict is: another version may derive others."""
    return source_digest(deriving_modules())


def deriving_modules() -> frozenset[str]:
    """The modules that derive, by name: those in `_DERIVES` and what they import."""
    return modules_with_imports(module.__name__ for module in _DERIVES)
