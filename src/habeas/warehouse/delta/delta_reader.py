"""Reads Delta tables without Spark or a JVM, through `deltalake`. Read only: two writers can both seem to have won."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError
from pyarrow.parquet import filters_to_expression

from habeas.model.errors import IntegrityError, Unavailable, UsageError

_TABLE = re.compile(r"[a-z][a-z0-9_]{0,62}")


class DeltaReader:
    """The tables under one warehouse folder, each in the folder of its name."""

    def __init__(self, warehouse: Path) -> None:
        self._warehouse = warehouse

    def path(self, table: str) -> Path:
        """Folder of a table, whether or not it is there."""
        if not _TABLE.fullmatch(table):
            raise UsageError(
                "that can't be the name of a table", hint="Names are listed by: habeas tables list"
            )
        return self._warehouse / table

    def exists(self, table: str) -> bool:
        """Whether the table has been made."""
        return DeltaTable.is_deltatable(str(self.path(table)))

    def version(self, table: str) -> int:
        """Number of the table's newest commit."""
        return self._open(table).version()

    def files(self, table: str, version: int | None = None) -> tuple[int, frozenset[str]]:
        """A commit's number (default: the newest's) and the names of the data files it has; (-1, none) without a table.

        Raises IntegrityError when that commit can't be read any more.
        """
        if version == -1 or not self.exists(table):
            return -1, frozenset()
        opened = self._open(table, version)
        return opened.version(), _names(opened)

    def plain_files(self, table: str) -> frozenset[str] | None:
        """The newest commit's data files, where those alone are the table: no row of theirs is deleted elsewhere, no
        column renamed. None otherwise.
        """
        opened = self._open(table)
        if opened.protocol().min_reader_version > 1 or opened.metadata().partition_columns:
            return None
        return _names(opened)

    def count(self, table: str) -> int:
        """How many rows the table has now."""
        return self._open(table).count()

    def columns(self, table: str) -> dict[str, str]:
        """Column name -> Delta type, as the table has them (its contract says how they should be)."""
        return {field.name: str(field.type) for field in self._open(table).schema().fields}

    def shape(self, table: str) -> tuple[dict[str, Any], Mapping[str, str]]:
        """The table's schema, as JSON in its log, and its properties."""
        opened = self._open(table)
        return json.loads(opened.schema().to_json()), opened.metadata().configuration

    def read(
        self,
        table: str,
        columns: Sequence[str] | None = None,
        filter: Sequence[tuple[str, str, Any]] | None = None,
    ) -> pa.Table:
        """Rows of the newest version. `filter` is a list of (column, operator, value) that must all hold.

        Raises Unavailable when the table is missing, IntegrityError when its files can't be read.
        """
        opened = self._open(table)
        try:
            return opened.to_pyarrow_table(
                columns=list(columns) if columns is not None else None,
                filters=list(filter) if filter else None,
            )
        except (DeltaError, pa.ArrowException, OSError, KeyError) as error:
            raise _unreadable(table, error) from None

    def few(
        self,
        table: str,
        column: str = "",
        values: Collection[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> list[dict[str, Any]]:
        """All rows of a small table, or those whose `column` holds one of `values`; none without a table."""
        if not self.exists(table) or (values is not None and not values):
            return []
        chosen = None if values is None else [(column, "in", sorted(values))]
        rows: list[dict[str, Any]] = self.read(table, columns, chosen).to_pylist()
        return rows

    def batches(
        self,
        table: str,
        columns: Sequence[str] | None = None,
        filter: Sequence[tuple[str, str, Any]] | None = None,
        size: int = 10_000,
    ) -> Iterator[pa.RecordBatch]:
        """As `read`, at most `size` rows at a time: a table need not fit into memory."""
        opened = self._open(table)
        try:
            chosen = filters_to_expression(list(filter)) if filter else None
            yield from opened.to_pyarrow_dataset().to_batches(
                columns=list(columns) if columns is not None else None, filter=chosen, batch_size=size
            )
        except (DeltaError, pa.ArrowException, OSError, KeyError) as error:
            raise _unreadable(table, error) from None

    def count_in(self, table: str, files: Collection[str]) -> int:
        """How many rows some of the newest commit's data files hold; see `files`."""
        try:
            return sum(int(each.count_rows()) for each in _fragments(self._open(table), files)[1])
        except (DeltaError, pa.ArrowException, OSError) as error:
            raise _unreadable(table, error) from None

    def batches_in(self, table: str, files: Collection[str], size: int = 10_000) -> Iterator[pa.RecordBatch]:
        """Rows of some of the newest commit's data files, at most `size` at a time."""
        try:
            schema, fragments = _fragments(self._open(table), files)
            for each in fragments:
                yield from each.to_batches(schema=schema, batch_size=size)
        except (DeltaError, pa.ArrowException, OSError, KeyError) as error:
            raise _unreadable(table, error) from None

    def holds(self, table: str, filter: Sequence[tuple[str, str, Any]]) -> bool:
        """Whether any row fits `filter`; files that can't hold one aren't read."""
        return any(batch.num_rows for batch in self.batches(table, [filter[0][0]], filter))

    def _open(self, table: str, version: int | None = None) -> DeltaTable:
        try:
            return DeltaTable(str(self.path(table)), version=version)
        except TableNotFoundError:
            raise Unavailable(
                f"there is no table {table} yet", hint="It is made by the first run: habeas run nightly"
            ) from None
        except (DeltaError, OSError) as error:
            raise _unreadable(table, error) from None


def _fragments(opened: DeltaTable, files: Collection[str]) -> tuple[Any, list[Any]]:
    whole = opened.to_pyarrow_dataset()
    return whole.schema, [each for each in whole.get_fragments() if each.path.rpartition("/")[2] in files]


def _names(opened: DeltaTable) -> frozenset[str]:
    return frozenset(uri.rpartition("/")[2] for uri in opened.file_uris())


def _unreadable(table: str, error: Exception) -> IntegrityError:
    # Only the kind of the error: its text may hold paths or values.
    return IntegrityError(
        f"table {table} can't be read ({type(error).__name__})", hint="Check: habeas doctor"
    )
