"""What a run leaves beside the tables: `runs/<run>/run.json` and one `<task>.json` a task, counts and digests only,
and of a task that failed what its error says.

Jobs act on these records, so each carries a code (`mac`) under a key that jobs hold and readers don't. Who acts on a
record gives the key and gets it verified; who only shows one may read it without, and says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import rfc8785

from habeas.model.errors import HabeasError, IntegrityError, UsageError
from habeas.model.ids import packed
from habeas.model.installation.clocks import dated_ahead
from habeas.model.installation.durable_files import replace_file
from habeas.model.installation.exit_codes import error_with
from habeas.warehouse.authenticated.mac import MacKey

_HOUR = timedelta(hours=1)
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,120}")
_WORD = re.compile(r"[A-Za-z0-9_.@:/ -]{0,200}")
_ENDING = ("exit_code", "error", "hint")
_LONGEST = 2000


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
    exit_code: int = 0
    error: str = ""  # what an error on purpose says, which is never a value of a row; see habeas.model.errors
    hint: str = ""
    mac: str = ""

    def checked(self) -> dict[str, Any]:
        """The record as JSON, or IntegrityError if it holds anything but counts, digests and an error's message."""
        if not all(type(n) is int for n in self.counts.values()):
            raise IntegrityError(f"the record of {self.task} holds something that is no count")
        if not all(_WORD.fullmatch(word) for word in self.digests.values()):
            raise IntegrityError(f"the record of {self.task} holds something that is no digest")
        if not all(len(text) <= _LONGEST and text.isprintable() for text in (self.error, self.hint)):
            raise IntegrityError(f"the record of {self.task} holds something that is no message")
        return self.as_json()

    def as_json(self) -> dict[str, Any]:
        """As it is written. Without an error it is as versions wrote it that noted none: their codes still agree."""
        held = asdict(self)
        return {name: value for name, value in held.items() if value or name not in _ENDING}

    def ended_by(self, error: HabeasError) -> TaskRecord:
        """The same record with why the task ended."""
        return replace(
            self, exit_code=error.exit_code, error=_one_line(error.message), hint=_one_line(error.hint)
        )

    def raised(self, prefix: str, hint: str = "") -> HabeasError:
        """The error that the task ended with."""
        return error_with(
            self.exit_code,
            f"{prefix}{self.error or 'a task ended badly'}",
            hint=f"{self.hint} {hint}".strip(),
        )


class RunFolder:
    """`runs/<run_id>/`. The first task fixes `as_of`; a retry reads it, so the same run decides at the same time.

    `key`: what is written is authenticated by it, and what is read is verified; see `trusted`.
    """

    def __init__(self, runs: Path, run_id: str, key: MacKey | None = None) -> None:
        if not _RUN_ID.fullmatch(run_id):
            raise UsageError(
                f"run id {run_id!r} can't name a folder", hint="Use letters, digits, '.', '_' and '-'."
            )
        self.run_id = run_id
        self.path = runs / run_id
        self._key = key

    def as_of(self, wanted: datetime | None, now: datetime, max_age: timedelta | None = None) -> datetime:
        """Time the run decides at: fixed by whichever task comes first, then the same for all.

        Raises UsageError for a time after `now`, by more than clocks may differ, also where an earlier task fixed it;
        and for a run that began more than `max_age` ago: what it decided on may have ended since.
        """
        require_not_ahead(wanted, now)
        self.path.mkdir(parents=True, exist_ok=True)
        place = self.path / "run.json"
        if not place.exists():
            chosen = (wanted or now).astimezone(UTC)
            times = {"run_id": self.run_id, "as_of": chosen.isoformat(), "known_at": now.isoformat()}
            _write(place, times | {"mac": self._code("run", times)})
        fixed = self.decided_as_of()
        require_not_ahead(max(fixed, self.known_at()), now)
        age = now - self.known_at()
        if max_age is not None and age > max_age:
            raise UsageError(
                f"run {self.run_id} began {age // _HOUR} hours ago; a run may be worked on for {max_age // _HOUR}",
                hint="Start a new run: it decides anew. The limit is the setting run_max_age_hours.",
            )
        if wanted is not None and wanted != fixed:
            raise UsageError(
                f"run {self.run_id} already decides as of {fixed.isoformat()}",
                hint="Give a new run another id.",
            )
        return fixed

    def decided_as_of(self) -> datetime:
        """The time the run was fixed to; `as_of` would fix it."""
        return datetime.fromisoformat(self._times()["as_of"])

    def known_at(self) -> datetime:
        """What had been recorded by then counts: a run about the past still counts a withdrawal of today."""
        return datetime.fromisoformat(self._times()["known_at"])

    def write(self, record: TaskRecord) -> Path:
        """Keep a record. One that a task left earlier under the same name is replaced."""
        self.path.mkdir(parents=True, exist_ok=True)
        place = self.path / f"{record.task}.json"
        plain = replace(record, mac="").checked()
        _write(place, plain | {"mac": self._code(record.task, plain)})
        return place

    def forget_failed(self, task: str) -> None:
        """Remove what an earlier try left that did not come to its end: it says nothing about this try."""
        with suppress(ValueError, TypeError):
            record = self.read(task)
            if record is not None and record.status != "done":
                (self.path / f"{task}.json").unlink(missing_ok=True)

    def read(self, task: str) -> TaskRecord | None:
        """A record to be shown; see `genuine`. None where there is none."""
        place = self.path / f"{task}.json"
        return TaskRecord(**json.loads(place.read_text())) if place.is_file() else None

    def trusted(self, task: str) -> TaskRecord | None:
        """A record to be acted on. Raises IntegrityError for one that no job of this installation left there."""
        try:
            record = self.read(task)
        except (ValueError, TypeError):
            raise self._forged(task) from None
        if record is not None and not self.genuine(task, record):
            raise self._forged(task)
        return record

    def genuine(self, task: str, record: TaskRecord) -> bool:
        """Whether a job of this installation left this record as this task's of this run."""
        about = (record.run_id, record.task) == (self.run_id, task)
        return about and self._agrees(task, record.as_json())

    def records(self) -> list[TaskRecord]:
        """Every record, to be shown."""
        records = [self.read(p.stem) for p in sorted(self.path.glob("*.json")) if p.stem != "run"]
        return [record for record in records if record is not None]

    def _times(self) -> Mapping[str, Any]:
        times = json.loads((self.path / "run.json").read_text())
        if self._key is None:
            return dict(times)
        if type(times) is not dict or times.get("run_id") != self.run_id or not self._agrees("run", times):
            raise self._forged("run")
        return times

    def _code(self, name: str, value: Mapping[str, Any]) -> str:
        """The code of a file's content; empty without a key."""
        return "" if self._key is None else self._key.code(_message(name, value)).hex()

    def _agrees(self, name: str, value: Mapping[str, Any]) -> bool:
        try:
            code = bytes.fromhex(value.get("mac", ""))
            message = _message(name, value)
        except (ValueError, TypeError):
            return False
        return self._key is not None and self._key.agrees(message, code)

    def _forged(self, name: str) -> IntegrityError:
        return IntegrityError(
            f"the record {name}.json of run {self.run_id} is not as a job of this installation wrote it",
            hint="Find out who writes into the folder `runs`; then give a new run another id.",
        )


def require_not_ahead(at: datetime | None, now: datetime) -> None:
    """Raise UsageError when something would be decided as of a time that hasn't come."""
    if at is not None and dated_ahead(at, now):
        raise UsageError(
            f"{at.isoformat(timespec='seconds')} lies after now, {now.isoformat(timespec='seconds')}: nothing is "
            "decided as of a time to come",
            hint="Give an earlier time or none, and check the clock of this machine.",
        )


def newest_done(runs: Path, task: str, key: MacKey | None = None) -> TaskRecord | None:
    """The record of the task's newest run that came to its end; None where none has. With `key` it is verified."""
    return next(done(runs, task, key), None)


def done(runs: Path, task: str, key: MacKey | None = None) -> Iterator[TaskRecord]:
    """Records of the task's runs that came to their end, newest first; with `key` those that are genuine."""
    files = sorted(runs.glob(f"*/{task}.json"), key=_modified, reverse=True)
    for file in files:
        with suppress(OSError, ValueError, TypeError, UsageError):  # a record that can't be read is none
            folder = RunFolder(runs, file.parent.name, key)
            record = folder.read(task)
            if record is None or record.status != "done":
                continue
            if key is None or folder.genuine(task, record):
                yield record


def forged(runs: Path, task: str, key: MacKey) -> int:
    """How many records of a task's runs claim to have come to their end and aren't genuine."""
    return sum(1 for _ in done(runs, task)) - sum(1 for _ in done(runs, task, key))


def _one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)[:_LONGEST]


def _modified(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


def _message(name: str, value: Mapping[str, Any]) -> bytes:
    """Everything in the file but its code."""
    content = {each: word for each, word in value.items() if each != "mac"}
    return packed("habeas run record", 1, name, rfc8785.dumps(content))


def as_row(record: TaskRecord) -> dict[str, Any]:
    """A record as the table `runs` has it; what only the table knows is None."""
    return {
        "run_id": record.run_id,
        "task": record.task,
        "status": record.status,
        "as_of": None,
        "started_at": datetime.fromisoformat(record.started_at),
        "finished_at": datetime.fromisoformat(record.finished_at),
        "seconds": record.seconds,
        "cpu_seconds": record.cpu_seconds,
        "counts": json.dumps(record.counts, sort_keys=True),
        "policy_digest": record.digests.get("policy"),
        "model_id": record.digests.get("model"),
        "version": None,
    }


def _write(place: Path, value: Mapping[str, Any]) -> None:
    replace_file(place, json.dumps(value, indent=1, sort_keys=True))
