"""Rows of the key store as values: what the three roles of the key store share."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa

from habeas.sealing.epochs import Epoch
from habeas.sealing.keyrecords import KeyRecord
from habeas.sealing.keys.tables import epochs, identity, identity_shapes, keys

T = TypeVar("T")
Pair = tuple[str, str]
"""(subject_id, purpose)"""

_CHUNK = 500  # values in one IN list; every database takes that many

RECORD_COLUMNS = (
    keys.c.key_id,
    keys.c.subject_id,
    keys.c.purpose,
    keys.c.generation,
    keys.c.suite,
    keys.c.public_key,
    keys.c.created_at,
    keys.c.signature,
)


def chunks(values: Iterable[T]) -> Iterator[list[T]]:
    """Values in lists short enough for one statement."""
    rest = iter(values)
    while part := list(islice(rest, _CHUNK)):
        yield part


def insert(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows; does nothing for an empty list."""
    if rows:
        connection.execute(table.insert(), rows)


def record_of(row: Any) -> KeyRecord:
    """Key record of a database row."""
    return KeyRecord(
        key_id=row.key_id,
        subject_id=row.subject_id,
        purpose=row.purpose,
        generation=row.generation,
        suite=row.suite,
        public_key=row.public_key,
        created_at=row.created_at,
        signature=row.signature,
    )


def row_of(record: KeyRecord) -> dict[str, Any]:
    """Database row of a key record, column name -> value."""
    return {column.name: getattr(record, column.name) for column in RECORD_COLUMNS}


def subjects(connection: sa.Connection, macs: Iterable[bytes]) -> dict[bytes, str]:
    """HMAC of a real id -> subject_id, for those that are known."""
    subject_ids = {}
    for part in chunks(sorted(set(macs))):
        for row in connection.execute(sa.select(identity).where(identity.c.real_id_hmac.in_(part))):
            subject_ids[row.real_id_hmac] = row.subject_id
    return subject_ids


def with_shape(connection: sa.Connection, macs: Iterable[bytes]) -> frozenset[bytes]:
    """Those HMACs of real ids whose shape is kept, or that were said to have none."""
    shaped = set[bytes]()
    for part in chunks(sorted(set(macs))):
        query = sa.select(identity_shapes.c.real_id_hmac).where(identity_shapes.c.real_id_hmac.in_(part))
        shaped.update(connection.execute(query).scalars())
    return frozenset(shaped)


def latest(
    connection: sa.Connection, wanted: Collection[Pair]
) -> tuple[dict[Pair, KeyRecord], dict[Pair, int]]:
    """Open records of the wanted pairs, and the highest generation each pair ever had."""
    records: dict[Pair, KeyRecord] = {}
    generations: dict[Pair, int] = {}
    query = sa.select(*RECORD_COLUMNS, keys.c.status)
    for part in chunks(sorted({subject for subject, _ in wanted})):
        for row in connection.execute(query.where(keys.c.subject_id.in_(part))):
            pair = (row.subject_id, row.purpose)
            if pair in wanted:
                generations[pair] = max(generations.get(pair, 0), row.generation)
                if row.status == "open":
                    records[pair] = record_of(row)
    return records, generations


def all_epochs(connection: sa.Connection) -> dict[int, Epoch]:
    """Every epoch by its number."""
    return {row.epoch: Epoch(**row._mapping) for row in connection.execute(sa.select(epochs))}


def newest_epoch(connection: sa.Connection) -> Epoch | None:
    """Epoch with the highest number; None if there is none."""
    row = connection.execute(sa.select(epochs).order_by(epochs.c.epoch.desc()).limit(1)).one_or_none()
    return None if row is None else Epoch(**row._mapping)
