"""The custodian's side of the key store: the only place where private keys come out."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from habeas.adapters.keystore import KeyStore
from habeas.adapters.keystore_rows import RECORD_COLUMNS, all_epochs, chunks, insert, record_of
from habeas.adapters.keystore_tables import keys, openings
from habeas.errors import IntegrityError
from habeas.sealing.epochs import Epoch, Kms, Random, open_private, unwrap_epoch
from habeas.sealing.keypairs import PrivateKey
from habeas.steps.opening import OpeningKey


class Custodian(KeyStore):
    """Holds the KMS."""

    def __init__(self, url: str, *, kms: Kms, random: Random = os.urandom) -> None:
        super().__init__(url)
        self._kms = kms
        self._random = random

    def opener(self, key_ids: Iterable[str]) -> dict[str, OpeningKey]:
        """Private keys of the open keys among `key_ids`; closed, destroyed and unknown ones are left out.

        Raises KeyUnavailable when the KMS says no, IntegrityError when a stored key was tampered with.
        """
        rows, epochs = self._stored(set(key_ids))
        unwrapped: dict[int, PrivateKey] = {}
        opened = {}
        for row in rows:
            epoch, record = epochs[row.epoch], record_of(row)
            if epoch.epoch not in unwrapped:
                unwrapped[epoch.epoch] = unwrap_epoch(epoch, self._kms)
            seed = open_private(row.sealed_private, record, epoch, unwrapped[epoch.epoch])
            opened[record.key_id] = OpeningKey(record.subject_id, record.purpose, record.suite, seed)
        return opened

    def _stored(self, key_ids: Collection[str]) -> tuple[list[sa.Row[Any]], dict[int, Epoch]]:
        query = sa.select(*RECORD_COLUMNS, keys.c.sealed_private, keys.c.epoch).where(
            keys.c.status == "open", keys.c.sealed_private.is_not(None)
        )
        found: list[sa.Row[Any]] = []
        with self._transaction() as connection:
            for part in chunks(sorted(key_ids)):
                found += connection.execute(query.where(keys.c.key_id.in_(part)))
            return found, all_epochs(connection)

    def note_opening(self, at: datetime, who: str, reason: str, rows: int) -> str:
        """Write down that somebody is about to open `rows` rows; returns the opening_id."""
        opening_id = self._random(16).hex()
        row = {"opening_id": opening_id, "at": at, "who": who, "reason": reason, "rows": rows, "digest": ""}
        self._write(lambda connection: insert(connection, openings, [row]))
        return opening_id

    def finish_opening(self, opening_id: str, rows: int, digest: str) -> None:
        """Write down what came of it. Raises IntegrityError unless it began and isn't finished."""

        def act(connection: sa.Connection) -> int:
            unfinished = (openings.c.opening_id == opening_id) & (openings.c.digest == "")
            return connection.execute(
                openings.update().where(unfinished).values(rows=rows, digest=digest)
            ).rowcount

        if self._write(act) != 1:
            raise IntegrityError("an opening was finished that never began or is finished already")
