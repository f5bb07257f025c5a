"""What came into `decisions` since the last replay, by the data files that only the newer commit has.

The mark of a replay is a verified record, `runs/replay/replay.json`. Where it doesn't verify, or its commit can't be
read any more, every decision counts as new.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from habeas.model.errors import HabeasError
from habeas.oversight.runs.last_run import Mark
from habeas.warehouse.authenticated.mac import MacKey
from habeas.warehouse.authenticated.run_records import RunFolder, TaskRecord
from habeas.warehouse.reader import Row

_RUN = _TASK = "replay"
_SAW = "saw_decisions"
_BATCH = 20_000


class Files(Protocol):
    """A reader that knows which data files a commit has."""

    def exists(self, table: str) -> bool:
        """True if the table has a first commit."""

    def files(self, table: str, version: int | None = None) -> tuple[int, frozenset[str]]:
        """Version of a table, the newest by default, and the names of its files."""

    def count_in(self, table: str, files: Collection[str]) -> int:
        """Number of rows in these files of a table."""

    def batches_in(self, table: str, files: Collection[str], size: int = ...) -> Iterator[Any]:
        """Rows of these files of a table, in Arrow batches of at most `size` rows."""


class SinceTheLast:
    """The decisions in files that the last replay didn't see; taken when this is made."""

    def __init__(self, reader: Files, runs: Path, key: MacKey) -> None:
        self._reader, self._folder = reader, RunFolder(runs, _RUN, key)
        version, names = reader.files("decisions")
        self._mark = Mark.of(version, names)
        self._fresh = names - self._seen(names)

    def count(self) -> int:
        """How many decisions these are."""
        return self._reader.count_in("decisions", self._fresh) if self._fresh else 0

    def rows(self) -> Iterator[list[Row]]:
        """These decisions, in batches."""
        if self._fresh:
            for batch in self._reader.batches_in("decisions", self._fresh, size=_BATCH):
                yield batch.to_pylist()

    def done(self, decisions: int, alarms: int, began: datetime, now: datetime) -> None:
        """Note that all of them were made again; the next replay goes on from there, whatever this one found."""
        counts = {"decisions": decisions, "alarms": alarms}
        times = (began.isoformat(), now.isoformat(), round((now - began).total_seconds(), 3))
        self._folder.write(TaskRecord(_RUN, _TASK, "done", *times, 0.0, counts, {_SAW: str(self._mark)}))

    def _seen(self, now: frozenset[str]) -> frozenset[str]:
        try:
            record = self._folder.trusted(_TASK)
            if record is None:
                return frozenset()
            mark = Mark.parse(record.digests[_SAW])
            if mark == self._mark:
                return now
            version, names = self._reader.files("decisions", mark.version)
        except (HabeasError, OSError, ValueError, KeyError):
            return frozenset()
        return names if Mark.of(version, names) == mark else frozenset()
