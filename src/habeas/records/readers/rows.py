"""Rows of a table or a query as records: the same columns and the same checks as in a file.

Times become text with their zone, so that one without a zone is refused like everywhere. An empty list could mean
all or none, and is refused; NULL is blank.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime

from habeas.records.readers.lines import Columns, RawRecord


class RowRecords:
    """Records (see readers.lines.Records) out of rows. `names`: the columns there are.

    The digest covers the rows in the order they come in: a query that says ORDER BY gives the same one again.
    """

    def __init__(self, names: Sequence[str], rows: Iterable[Mapping[str, object]], columns: Columns) -> None:
        self._names = tuple(names)
        self._rows = rows
        self._columns = columns
        self._hash = hashlib.sha256()
        self.lines = 0

    @property
    def input_digest(self) -> str:
        """SHA-256 of the rows read so far, lower-case hex."""
        return self._hash.hexdigest()

    def __iter__(self) -> Iterator[RawRecord]:
        self._hash.update(json.dumps(self._names).encode())
        wrong = self._columns.require(self._names, blank=True, where="the columns lack")
        for row in self._rows:
            self.lines += 1
            values = {name: _plain(row[name]) for name in self._names}
            self._hash.update(json.dumps(values, sort_keys=True, default=_kind).encode() + b"\n")
            yield RawRecord(self.lines, values, wrong)


def _plain(value: object) -> object:
    """Times and days as text; a blank text as none."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    return None if value == "" else value


def _kind(value: object) -> str:
    """What JSON has no form for is refused later, by its column; the digest only has to be there."""
    return type(value).__name__
