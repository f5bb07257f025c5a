"""Tables as lists of rows, read with the filters that Delta tables know."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

Row = dict[str, Any]
_HOLDS = {"=": operator.eq, "<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt}


class Found:
    """What reading gives; rows of any shape, without Arrow's guesses about types."""

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows

    def to_pylist(self) -> list[Row]:
        return self._rows


class Tables:
    """A reader. `reads` counts how often a table was read."""

    def __init__(self, **tables: list[Row]) -> None:
        self.tables = tables
        self.reads: Counter[str] = Counter()

    def exists(self, table: str) -> bool:
        return table in self.tables

    def read(
        self, table: str, columns: Any = None, filter: Sequence[tuple[str, str, Any]] | None = None
    ) -> Found:
        self.reads[table] += 1
        kept = [dict(row) for row in self.tables[table] if all(_holds(row, *each) for each in filter or ())]
        return Found([{name: row[name] for name in columns} for row in kept] if columns else kept)

    def batches(self, table: str, columns: Any = None, filter: Any = None, size: int = 3) -> Iterator[Any]:
        rows = self.read(table, columns, filter).to_pylist()
        for start in range(0, len(rows), 3):
            yield pa.RecordBatch.from_pylist(rows[start : start + 3])


def _holds(row: Row, column: str, sign: str, value: Any) -> bool:
    if sign == "in":
        return row[column] in value
    return row[column] is not None and bool(_HOLDS[sign](row[column], value))
