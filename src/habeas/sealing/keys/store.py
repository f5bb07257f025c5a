"""The key store (SQL, never versioned) in three roles, so that a program holds only what its role needs.

- `KeyStore`: no secret; says which keys are open or closed (decide, publish);
- `registrar.Registrar`: identity key and registrar key; enrols and closes, has no way to open;
- `custodian.Custodian`: the KMS; opens, and records who opened and why.

Writes are safe between processes: unique constraints decide, and the loser looks again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from habeas.model.errors import HabeasError, IntegrityError, Unavailable
from habeas.sealing.epochs import Epoch
from habeas.sealing.keyrecords import KeyRecord
from habeas.sealing.keys.rows import RECORD_COLUMNS, chunks, insert, newest_epoch, record_of
from habeas.sealing.keys.tables import epochs, keys, metadata, open_engine, opened_rows, openings

T = TypeVar("T")

TRIES = 8


class KeyStore:
    """Questions that need read access to the key store only. Each method is one transaction.

    All raise Unavailable when the database can't be used; no message holds a value of a statement.
    """

    def __init__(self, url: str) -> None:
        self._engine = open_engine(url)
        self._writer = self._engine.execution_options(habeas_write=True)
        self._shared: sa.Connection | None = None

    def create_tables(self) -> None:
        """Make the tables that are missing."""
        with self._transaction(writes=True) as connection:
            metadata.create_all(connection)

    def closed_keys(self) -> frozenset[str]:
        """key_ids that were closed or destroyed. A key_id in neither set is unknown: treat it as closed."""
        return self._key_ids(keys.c.status != "open")

    def open_keys(self) -> frozenset[str]:
        """key_ids that rows may be sealed to and published under."""
        return self._key_ids(keys.c.status == "open")

    def _key_ids(self, condition: sa.ColumnElement[bool]) -> frozenset[str]:
        with self._transaction() as connection:
            return frozenset(connection.execute(sa.select(keys.c.key_id).where(condition)).scalars())

    def ends(self, key_ids: Collection[str]) -> Mapping[str, datetime | None]:
        """When each key ended; None = it is open. A key that isn't here, or whose end is unknown, is left out."""
        end_times: dict[str, datetime | None] = {}
        with self._transaction() as connection:
            for part in chunks(sorted(set(key_ids))):
                query = sa.select(keys.c.key_id, keys.c.status, keys.c.closed_at).where(
                    keys.c.key_id.in_(part)
                )
                for row in connection.execute(query):
                    if row.status == "open" or row.closed_at is not None:
                        end_times[row.key_id] = None if row.status == "open" else row.closed_at
        return end_times

    def records(
        self, subject_ids: Collection[str] | None = None, *, only_open: bool = True
    ) -> list[KeyRecord]:
        """Public, signed key records ordered by key_id: all, or those of some subjects."""
        query = sa.select(*RECORD_COLUMNS)
        if only_open:
            query = query.where(keys.c.status == "open")
        rows: list[sa.Row[Any]] = []
        with self._transaction() as connection:
            if subject_ids is None:
                rows += connection.execute(query)
            else:
                for part in chunks(sorted(set(subject_ids))):
                    rows += connection.execute(query.where(keys.c.subject_id.in_(part)))
        return sorted(map(record_of, rows), key=lambda record: record.key_id)

    def openings(self) -> list[Mapping[str, Any]]:
        """Every opening, oldest first: opening_id, at, who, reason, rows, digest (empty = never finished)."""
        query = sa.select(openings).order_by(openings.c.at, openings.c.opening_id)
        with self._transaction() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def opened_rows(self) -> list[Mapping[str, Any]]:
        """Every row that an opening asked for: opening_id, row_id, outcome (empty = never finished).

        Openings of versions that kept no row ids have none.
        """
        with self._transaction() as connection:
            if not sa.inspect(connection).has_table(opened_rows.name):
                return []
            query = sa.select(opened_rows).order_by(opened_rows.c.opening_id, opened_rows.c.row_id)
            return [dict(row) for row in connection.execute(query).mappings()]

    def current_epoch(self) -> Epoch | None:
        """The newest epoch: new private keys are sealed to it."""
        with self._transaction() as connection:
            return newest_epoch(connection)

    def add_epoch(self, epoch: Epoch) -> None:
        """Add an epoch, which becomes the current one. Raises IntegrityError when its number is taken."""
        try:
            with self._transaction(writes=True) as connection:
                insert(
                    connection, epochs, [{column.name: getattr(epoch, column.name) for column in epochs.c}]
                )
        except sa.exc.IntegrityError:
            raise IntegrityError("the key store has this epoch already") from None

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is done inside is one transaction: a file of ten thousand lines costs one commit, or none.

        Others can't write meanwhile. Not for use by several threads.
        """
        if self._shared is not None:
            yield
            return
        with self._transaction(writes=True) as connection:
            self._shared = connection
            try:
                yield
            finally:
                self._shared = None

    @contextmanager
    def _transaction(self, *, writes: bool = False) -> Iterator[sa.Connection]:
        if self._shared is not None:
            yield self._shared
            return
        try:
            with (self._writer if writes else self._engine).begin() as connection:
                yield connection
        except sa.exc.IntegrityError:
            raise  # a unique constraint spoke: callers look again
        except sa.exc.SQLAlchemyError as error:
            if isinstance(error, sa.exc.StatementError) and isinstance(error.orig, HabeasError):
                raise error.orig from None  # our own type said no to a value
            # `from None`: the database's own words may quote what was looked for.
            raise Unavailable(
                "the key store can't be used now",
                hint="Check `key_store` in the custody settings, or run: habeas init",
            ) from None

    def _write(self, act: Callable[[sa.Connection], T]) -> T:
        for _ in range(TRIES):
            try:
                with self._transaction(writes=True) as connection:
                    return act(connection)
            except sa.exc.IntegrityError:
                continue  # another process came first; `act` looks again
        raise Unavailable("the key store is too busy", hint="Run it again; nothing was lost.")
