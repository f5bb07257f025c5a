"""Small writes into Delta tables without a JVM, by `deltalake`, under the same table lock as every other writer.

For what must not wait for Spark to start: a no. Whatever `deltalake` can't do as the contract asks (make a table,
check a constraint that it doesn't know) is done by Spark, which is started for it then.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, write_deltalake
from deltalake.exceptions import DeltaError

from habeas.model.errors import IntegrityError, Unavailable
from habeas.warehouse.contracts import Contract
from habeas.warehouse.delta.delta_reader import DeltaReader
from habeas.warehouse.delta.table_lock import table_lock

_TYPES = {
    "string": pa.string(),
    "timestamp": pa.timestamp("us", "UTC"),
    "date": pa.date32(),
    "boolean": pa.bool_(),
    "integer": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "binary": pa.binary(),
    "array<string>": pa.list_(pa.string()),
}
_NO_HOOKS = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)


class Engine(Protocol):
    """Spark's tables, started when they are asked for."""

    def insert_rows(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows whose key isn't in the table yet; existing ones stay as they are."""

    def upsert_rows(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows, and replace those with the same key."""


class DeltaWriter:
    """A `records.imports.store.Store`. `guard` raises when nothing may be written: while everything is halted."""

    def __init__(
        self,
        warehouse: Path,
        contract_of: Callable[[str], Contract],
        run_id: str,
        engine: Callable[[], Engine],
        guard: Callable[[], None] = lambda: None,
    ) -> None:
        self._warehouse, self._contract, self._engine, self._guard = warehouse, contract_of, engine, guard
        self._reader = DeltaReader(warehouse)
        self._metadata = json.dumps({"run_id": run_id, "policy_digest": ""})

    def exists(self, name: str) -> bool:
        """True if the table has a first commit."""
        return self._reader.exists(name)

    def rows(
        self,
        name: str,
        column: str = "",
        values: Collection[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> list[dict[str, Any]]:
        """All rows of a small table, or those whose `column` holds one of `values`."""
        return self._reader.few(name, column, values, columns)

    def insert_rows(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert the rows whose key is not there yet."""
        if rows and self._writable(name):
            self._append_missing(name, rows)
        elif rows:
            self._engine().insert_rows(name, rows)

    def upsert_rows(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert new keys and update known ones."""
        if not rows:
            return
        if self._writable(name) and not self._stored_keys(name, rows):
            self._append_missing(name, rows)
        else:
            self._engine().upsert_rows(name, rows)

    def _writable(self, name: str) -> bool:
        """Whether the table is there, has every column of its contract (Spark adds those of a newer version), and
        `deltalake` knows every function of its constraint.
        """
        if not self.exists(name) or not set(self._contract(name).names) <= self._reader.columns(name).keys():
            return False
        settings = DeltaTable(str(self._reader.path(name))).metadata().configuration
        return "size(" not in settings.get("delta.constraints.contract", "")

    def _append_missing(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        contract = self._contract(name)
        with table_lock(self._warehouse, name, None, while_waiting=self._guard):
            self._guard()
            stored = self._stored_keys(name, rows)
            fresh = {tuple(row[c] for c in contract.key): row for row in rows}
            missing = [row for named, row in fresh.items() if named not in stored]
            if missing:
                self._append(name, _shaped(contract, missing))

    def _stored_keys(self, name: str, rows: Sequence[Mapping[str, Any]]) -> set[tuple[Any, ...]]:
        key = self._contract(name).key
        stored = self._reader.few(name, key[0], {row[key[0]] for row in rows}, key)
        return {tuple(row[c] for c in key) for row in stored}

    def _append(self, name: str, rows: pa.Table) -> None:
        table = DeltaTable(str(self._reader.path(name)))
        before = frozenset(table.file_uris())
        properties = CommitProperties(custom_metadata={"userMetadata": self._metadata})
        try:
            write_deltalake(
                table, rows, mode="append", commit_properties=properties, post_commithook_properties=_NO_HOOKS
            )
        except DeltaError as error:  # its text quotes rows
            raise IntegrityError(
                f"table {name} doesn't take the rows ({type(error).__name__})",
                hint="They don't fit its contract, or its log can't be read: habeas doctor",
            ) from None
        except OSError as error:
            raise Unavailable(
                f"the warehouse can't be written ({error.strerror})", hint="Check its owner and free space."
            ) from None
        self._make_durable(name, before)

    def _make_durable(self, name: str, before: frozenset[str]) -> None:
        """Flush the last commit to disk before the write is reported as done."""
        folder = self._reader.path(name)
        table = DeltaTable(str(folder))
        new = [Path(uri.removeprefix("file://")) for uri in frozenset(table.file_uris()) - before]
        commit = folder / "_delta_log" / f"{table.version():020d}.json"
        for place in (*new, folder, commit, commit.parent):
            if place.exists():
                descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)


def _shaped(contract: Contract, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows in the table's shape; a missing column is null. Raises IntegrityError for one that must be filled."""
    columns = {column.name: [row.get(column.name) for row in rows] for column in contract.columns}
    for column in contract.columns:
        if column.required and None in columns[column.name]:
            raise IntegrityError(f"a row for table {contract.name} lacks {column.name}")
    schema = pa.schema([pa.field(c.name, _TYPES[c.type], not c.required) for c in contract.columns])
    return pa.Table.from_pydict(columns, schema=schema)
