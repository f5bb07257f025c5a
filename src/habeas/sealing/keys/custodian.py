"""The custodian's side of the key store: the only place where private keys come out."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from habeas.model.errors import IntegrityError
from habeas.sealing.epochs import Epoch, Kms, Random, open_private, unwrap_epoch
from habeas.sealing.keypairs import PrivateKey
from habeas.sealing.keys.rows import RECORD_COLUMNS, all_epochs, chunks, insert, record_of
from habeas.sealing.keys.store import KeyStore
from habeas.sealing.keys.tables import keys, opened_rows, openings
from habeas.sealing.open_rows import OPENED, OpeningKey


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
        rows: list[sa.Row[Any]] = []
        with self._transaction() as connection:
            for part in chunks(sorted(key_ids)):
                rows += connection.execute(query.where(keys.c.key_id.in_(part)))
            return rows, all_epochs(connection)

    def note_opening(self, at: datetime, who: str, reason: str, row_ids: Collection[str]) -> str:
        """Record that `who` is about to open these rows, and why; returns the opening_id."""
        opening_id = self._random(16).hex()
        wanted = sorted(set(row_ids))
        row = {
            "opening_id": opening_id,
            "at": at,
            "who": who,
            "reason": reason,
            "rows": len(wanted),
            "digest": "",
        }

        def act(connection: sa.Connection) -> None:
            opened_rows.create(connection, checkfirst=True)  # a key store of an earlier version has none
            insert(connection, openings, [row])
            for part in chunks(wanted):
                insert(connection, opened_rows, [
                    {"opening_id": opening_id, "row_id": row_id, "outcome": ""} for row_id in part])  # fmt: skip

        self._write(act)
        return opening_id

    def finish_opening(self, opening_id: str, outcomes: Mapping[str, str], digest: str) -> None:
        """Write down what came of each row: OPENED, or why not. Raises IntegrityError unless it began and isn't
        finished.
        """
        rows = sum(word == OPENED for word in outcomes.values())
        by_outcome: dict[str, list[str]] = {}
        for row_id, word in sorted(outcomes.items()):
            by_outcome.setdefault(word, []).append(row_id)

        def act(connection: sa.Connection) -> int:
            unfinished = (openings.c.opening_id == opening_id) & (openings.c.digest == "")
            updated = connection.execute(
                openings.update().where(unfinished).values(rows=rows, digest=digest)
            ).rowcount
            for word, row_ids in by_outcome.items() if updated else ():
                for part in chunks(row_ids):
                    asked = (opened_rows.c.opening_id == opening_id) & opened_rows.c.row_id.in_(part)
                    connection.execute(opened_rows.update().where(asked).values(outcome=word))
            return updated

        if self._write(act) != 1:
            raise IntegrityError("an opening was finished that never began or is finished already")
