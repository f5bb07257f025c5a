"""What a run leaves beside the tables: `runs/<run>/run.json` and one `<task>.json` a task, counts and digests only."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from habeas.errors import IntegrityError, UsageError

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,120}")
_WORD = re.compile(r"[A-Za-z0-9_.@:/ -]{0,200}")


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """The closing record of one task. `counts` are whole numbers, `digests` short words: never a value of a row."""

    run_id: str
    task: str
    status: str  # "done" | "refused" | "failed" | "halted"
    started_at: str
    finished_at: str
    seconds: float
    cpu_seconds: float
    counts: Mapping[str, int] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)

    def checked(self) -> dict[str, Any]:
        """The record as JSON, or IntegrityError if it holds anything but counts and digests."""
        if not all(type(n) is int for n in self.counts.values()):
            raise IntegrityError(f"the record of {self.task} holds something that is no count")
        if not all(_WORD.fullmatch(word) for word in self.digests.values()):
            raise IntegrityError(f"the record of {self.task} holds something that is no digest")
        return asdict(self)


class RunFolder:
    """`runs/<run_id>/`. The first task fixes `as_of`; a retry reads it, so the same run decides at the same time."""

    def __init__(self, runs: Path, run_id: str) -> None:
        if not _RUN_ID.fullmatch(run_id):
            raise UsageError(
                f"run id {run_id!r} can't name a folder", hint="Use letters, digits, '.', '_' and '-'."
            )
        self.run_id = run_id
        self.path = runs / run_id

    def as_of(self, wanted: datetime | None, now: datetime) -> datetime:
        """Time the run decides at: fixed by whichever task comes first, then the same for all."""
        self.path.mkdir(parents=True, exist_ok=True)
        place = self.path / "run.json"
        if not place.exists():
            chosen = (wanted or now).astimezone(UTC)
            _write(place, {"run_id": self.run_id, "as_of": chosen.isoformat(), "known_at": now.isoformat()})
        fixed = self.decided_as_of()
        if wanted is not None and wanted != fixed:
            raise UsageError(
                f"run {self.run_id} already decides as of {fixed.isoformat()}",
                hint="Give a new run another id.",
            )
        return fixed

    def decided_as_of(self) -> datetime:
        """The time the run was fixed to; `as_of` would fix it."""
        return datetime.fromisoformat(json.loads((self.path / "run.json").read_text())["as_of"])

    def known_at(self) -> datetime:
        """What had been recorded by then counts: a run about the past still hears a withdrawal of today."""
        return datetime.fromisoformat(json.loads((self.path / "run.json").read_text())["known_at"])

    def write(self, record: TaskRecord) -> Path:
        self.path.mkdir(parents=True, exist_ok=True)
        place = self.path / f"{record.task}.json"
        _write(place, record.checked())
        return place

    def read(self, task: str) -> TaskRecord | None:
        place = self.path / f"{task}.json"
        return TaskRecord(**json.loads(place.read_text())) if place.is_file() else None

    def records(self) -> list[TaskRecord]:
        found = [self.read(p.stem) for p in sorted(self.path.glob("*.json")) if p.stem != "run"]
        return [record for record in found if record is not None]


def newest_done(runs: Path, task: str) -> TaskRecord | None:
    """The record of the task's newest run that came to its end; None where none has."""
    files = sorted(runs.glob(f"*/{task}.json"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    for file in files:
        with suppress(OSError, ValueError, TypeError, UsageError):  # a record that can't be read is none
            record = RunFolder(runs, file.parent.name).read(task)
            if record is not None and record.status == "done":
                return record
    return None


def _write(place: Path, value: Mapping[str, Any]) -> None:
    """Whole or not at all: a killed task leaves no half record."""
    temporary = place.with_suffix(".tmp")
    with temporary.open("w") as file:
        json.dump(value, file, indent=1, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(place)
