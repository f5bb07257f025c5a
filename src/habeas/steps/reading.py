"""How use cases read tables: a small interface, rows as plain dictionaries. A table not made yet has no rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

Row = dict[str, Any]
Condition = tuple[str, str, Any]
"""(column, operator, value); several must all hold."""


class Reader(Protocol):
    """What `adapters.delta_reader.DeltaReader` offers; `read` returns something with `to_pylist()`."""

    def exists(self, table: str) -> bool: ...

    def read(
        self, table: str, columns: Sequence[str] | None = None, filter: Sequence[Condition] | None = None
    ) -> Any: ...


def rows(reader: Reader, table: str, *where: Condition, columns: Sequence[str] | None = None) -> list[Row]:
    """All rows that meet every condition."""
    if not reader.exists(table):
        return []
    found: list[Row] = reader.read(table, columns, list(where) or None).to_pylist()
    return found


def one(
    reader: Reader, table: str, column: str, value: str, columns: Sequence[str] | None = None
) -> Row | None:
    """The row whose `column` is `value`, or None."""
    found = rows(reader, table, (column, "=", value), columns=columns)
    return found[0] if found else None


def starting(reader: Reader, table: str, column: str, prefix: str, columns: Sequence[str]) -> list[Row]:
    """Rows whose hexadecimal id starts with `prefix`: a range, so that file statistics can skip files."""
    after = prefix[:-1] + chr(ord(prefix[-1]) + 1)
    return rows(reader, table, (column, ">=", prefix), (column, "<", after), columns=columns)
