"""How use cases read tables: a small interface, rows as plain dictionaries.

A table not made yet has no rows. One that was made and is gone is an alarm: read as empty it would say that nothing
was ever decided, stored or said.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

from habeas.model.errors import IntegrityError

Row = dict[str, Any]
Condition = tuple[str, str, Any]
"""(column, operator, value); several must all hold."""


class Reader(Protocol):
    """What `warehouse.delta.delta_reader.DeltaReader` offers; `read` returns something with `to_pylist()`."""

    def exists(self, table: str) -> bool:
        """True if the table has a first commit."""

    def read(
        self, table: str, columns: Sequence[str] | None = None, filter: Sequence[Condition] | None = None
    ) -> Any:
        """Rows of a table as an Arrow table. `columns`: all if None; `filter`: conditions that must all hold."""


_RESTING: Final = {
    "sources": (("assets", "source_id"),),
    "assets": (("decisions", "asset_id"),),
    "rosters": (("decisions", "line_id"), ("embeddings", "line_id")),
    "subjects": (("consents", "subject_id"),),
    "consents": (("keys", "key_id"),),
    "keys": (("decisions", "key_id"), ("embeddings", "key_id")),
    "fact_sets": (("decisions", "facts_digest"),),
    "decisions": (("embeddings", "decision_id"), ("work", "asset_id")),
    "embeddings": (("row_status", "row_id"),),
}
"""Table -> what is written after it only: (table, column) whose values can't be there without a row of it.

`row_status` is missing on purpose: a publish that was killed leaves rows without one, and those count as closed.
"""


def there(reader: Reader, table: str) -> bool:
    """Whether the table was ever made. Raises IntegrityError when it is gone: others hold what rests on it."""
    if reader.exists(table):
        return True
    if resting := resting_on(reader, table):
        raise IntegrityError(
            f"table {table} is gone, and {resting} holds rows that rest on it",
            hint="Halt the pipeline, then put the table's folder back from a backup.",
        )
    return False


def resting_on(reader: Reader, table: str) -> str:
    """The first table with a row that can't be there without one of `table`; empty = none."""
    return next((name for name, column in _RESTING.get(table, ()) if _holds(reader, name, column)), "")


def _holds(reader: Reader, table: str, column: str) -> bool:
    """Whether any row of the table has a value there."""
    if not reader.exists(table):
        return False
    return any(row[column] is not None for row in reader.read(table, [column]).to_pylist())


def rows(reader: Reader, table: str, *where: Condition, columns: Sequence[str] | None = None) -> list[Row]:
    """All rows that meet every condition. Raises IntegrityError when the table is gone."""
    if not there(reader, table):
        return []
    result: list[Row] = reader.read(table, columns, list(where) or None).to_pylist()
    return result


def one(
    reader: Reader, table: str, column: str, value: str, columns: Sequence[str] | None = None
) -> Row | None:
    """The row whose `column` is `value`, or None."""
    matches = rows(reader, table, (column, "=", value), columns=columns)
    return matches[0] if matches else None


def starting(reader: Reader, table: str, column: str, prefix: str, columns: Sequence[str]) -> list[Row]:
    """Rows whose hexadecimal id starts with `prefix`: a range, so that file statistics can skip files."""
    after = prefix[:-1] + chr(ord(prefix[-1]) + 1)
    return rows(reader, table, (column, ">=", prefix), (column, "<", after), columns=columns)
