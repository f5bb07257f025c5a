"""What came into a Delta table, or went out of it, since a commit: without change data feed, which keeps second copies.

A commit never changes a file: it adds some and drops others. So two commits differ by the rows of the files that only
one of them has. A file that a MERGE wrote anew holds rows that are the same as before: those cancel out.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from pyspark.sql import DataFrame

from habeas.model.errors import HabeasError
from habeas.oversight.runs.last_run import TABLES, Last, Mark
from habeas.warehouse.delta.delta_reader import DeltaReader
from habeas.warehouse.spark_tables import Tables


class Seen:
    """The tables as they are when this is made: taken before a run reads anything, so that nothing slips between."""

    def __init__(self, tables: Tables) -> None:
        self._tables, self._reader = tables, DeltaReader(tables.warehouse)
        self._files = {name: self._reader.files(name) for name in TABLES}
        self.marks: Mapping[str, Mark] = {name: Mark.of(*listed) for name, listed in self._files.items()}

    def since(self, last: Last) -> Since | str:
        """What differs from what the last run saw, or why that can't be told."""
        before: dict[str, frozenset[str]] = {}
        for name, mark in last.marks.items():
            if mark == self.marks[name]:
                before[name] = self._files[name][1]
                continue
            try:
                version, files = self._reader.files(name, mark.version)
            except HabeasError:
                return f"what {name} was then is gone"
            if Mark.of(version, files) != mark:
                return f"{name} is another table than it was"
            gone = files - self._files[name][1]
            if not all((self._tables.warehouse / name / file).is_file() for file in gone):
                return f"old files of {name} are gone"
            before[name] = files
        now = {name: files for name, (_, files) in self._files.items()}
        return Since(self._tables, before, now)


class Since:
    """Rows that only one of two moments has."""

    def __init__(
        self, tables: Tables, before: Mapping[str, frozenset[str]], now: Mapping[str, frozenset[str]]
    ) -> None:
        self._tables, self._before, self._now = tables, before, now
        self.rows = cache(self._rows)

    def differs(self, name: str) -> bool:
        """True if the table's files aren't the same at the two moments."""
        return self._before[name] != self._now[name]

    def _rows(self, name: str) -> DataFrame:
        """Rows that came or went; a row that changed is there in both its forms."""
        came = self._tables.of_files(name, self._now[name] - self._before[name])
        went = self._tables.of_files(name, self._before[name] - self._now[name])
        if self._before[name] <= self._now[name]:
            return came
        return came.exceptAll(went).unionByName(went.exceptAll(came))
