"""The tables as imports need them, whatever engine writes them: few rows, by key, one writer a table."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

Row = Mapping[str, Any]


class Store(Protocol):
    """What `warehouse.spark_tables.Tables` and `warehouse.delta.delta_writer.DeltaWriter` both offer."""

    def exists(self, name: str) -> bool:
        """True if the table has a first commit."""

    def rows(
        self,
        name: str,
        column: str = "",
        values: Collection[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> list[dict[str, Any]]:
        """All rows of a small table, or those whose `column` holds one of `values`; of these `columns` alone."""

    def insert_rows(self, name: str, rows: Sequence[Row]) -> None:
        """Insert the rows whose key is not there yet."""

    def upsert_rows(self, name: str, rows: Sequence[Row]) -> None:
        """Insert new keys and update known ones."""
