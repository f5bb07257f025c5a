"""The registrar's side of the key store: people get subject_ids, consents get keys. It can't open."""

from __future__ import annotations

import hmac
import os
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from habeas.model.errors import BadInput, Unavailable, UsageError
from habeas.model.ids import packed
from habeas.model.text import shape
from habeas.sealing import suites
from habeas.sealing.epochs import Epoch, Random, seal_private, verify_epoch
from habeas.sealing.keypairs import SEED_BYTES, public_of
from habeas.sealing.keyrecords import KeyRecord, sign
from habeas.sealing.keys.rows import (
    Pair,
    chunks,
    insert,
    latest,
    newest_epoch,
    row_of,
    subjects,
    with_shape,
)
from habeas.sealing.keys.store import TRIES, KeyStore
from habeas.sealing.keys.tables import identity, identity_shapes, keys


class Registrar(KeyStore):
    """Holds the identity key and the signing key; seals new private keys to the epoch and forgets them."""

    def __init__(
        self,
        url: str,
        *,
        identity_key: bytes,
        registrar_private: bytes,
        suite: int = suites.DEFAULT,
        random: Random = os.urandom,
    ) -> None:
        suites.hpke(suite)
        super().__init__(url)
        self._identity_key = identity_key
        self._registrar_private = registrar_private
        self._suite = suite
        self._random = random
        self._prepared = False

    def subject_for(self, real_id: str, now: datetime, *, as_typed: bool = False) -> str:
        """The subject behind a real id; a random subject_id is made at first sight. Raises BadInput.

        `as_typed`: an id that looks like another one belongs to another person.
        """
        return self.subjects_for([real_id], now, as_typed=as_typed)[real_id]

    def subjects_for(
        self, real_ids: Iterable[str], now: datetime, *, as_typed: bool = False
    ) -> dict[str, str]:
        """Like `subject_for` for many in one transaction. BadInput: empty_real_id, unreadable_real_id."""
        macs = {real_id: self._mac(real_id) for real_id in real_ids}
        shapes = {mac: None if as_typed else self._shape_mac(real_id) for real_id, mac in macs.items()}

        def act(connection: sa.Connection) -> dict[bytes, str]:
            enrolled = subjects(connection, macs.values())
            new = {mac: self._random(16).hex() for mac in macs.values() if mac not in enrolled}
            rows = [{"real_id_hmac": mac, "subject_id": new[mac], "created_at": now} for mac in new]
            insert(connection, identity, rows)
            self._prepare(connection)
            shaped = with_shape(connection, shapes)
            rows = [{"real_id_hmac": mac, "shape_hmac": shapes[mac]} for mac in shapes if mac not in shaped]
            insert(connection, identity_shapes, rows)
            return enrolled | new

        subject_ids = self._write(act)
        return {real_id: subject_ids[mac] for real_id, mac in macs.items()}

    def find_subject(self, real_id: str) -> str | None:
        """The subject behind a real id, or None if it isn't enrolled."""
        mac = self._mac(real_id)
        with self._transaction() as connection:
            return subjects(connection, [mac]).get(mac)

    def knows(self, subject_id: str) -> bool:
        """True if this subject id is in use."""
        query = sa.select(identity.c.subject_id).where(identity.c.subject_id == subject_id).limit(1)
        with self._transaction() as connection:
            return connection.execute(query).first() is not None

    def alike(self, real_id: str) -> list[str]:
        """Subjects of other real ids that differ from this one in case, dashes, blanks or look-alike letters alone.

        Of ids that came before shapes were kept only those that came again since.
        """
        mac, shaped = self._mac(real_id), self._shape_mac(real_id)
        with self._transaction(writes=not self._prepared) as connection:
            self._prepare(connection)
            own = connection.execute(
                sa.select(identity_shapes.c.shape_hmac).where(identity_shapes.c.real_id_hmac == mac)
            ).first()
            if shaped is None or (own is not None and own.shape_hmac is None):
                return []
            query = (
                sa.select(identity.c.subject_id)
                .join(identity_shapes, identity.c.real_id_hmac == identity_shapes.c.real_id_hmac)
                .where(identity_shapes.c.shape_hmac == shaped, identity.c.real_id_hmac != mac)
            )
            return sorted(connection.execute(query).scalars())

    def _prepare(self, connection: sa.Connection) -> None:
        """Key stores made before shapes were kept get their table at first use."""
        if not self._prepared:
            identity_shapes.create(connection, checkfirst=True)
            self._prepared = True

    def _shape_mac(self, real_id: str) -> bytes | None:
        shaped = shape(real_id)
        return (
            hmac.digest(self._identity_key, packed("habeas identity shape", shaped), "sha256")
            if shaped
            else None
        )

    def _mac(self, real_id: str) -> bytes:
        normal = unicodedata.normalize("NFC", real_id)  # no case folding: two ids are never made one
        if not normal:
            raise BadInput("empty_real_id")
        try:
            return hmac.digest(self._identity_key, packed("habeas identity", normal), "sha256")
        except UnicodeEncodeError:
            raise BadInput("unreadable_real_id") from None

    def enrol(self, subject_id: str, purpose: str, now: datetime) -> KeyRecord:
        """The open key of a subject for a purpose; made if there is none, as the next generation."""
        return self.enrol_many([(subject_id, purpose)], now)[subject_id, purpose]

    def enrol_many(self, pairs: Iterable[Pair], now: datetime) -> dict[Pair, KeyRecord]:
        """Like `enrol` for many. Raises UsageError without an epoch, IntegrityError for a strange one."""
        wanted = set(pairs)
        for _ in range(TRIES):
            with self._transaction() as connection:
                existing, generations = latest(connection, wanted)
                epoch = newest_epoch(connection)
            missing = sorted(wanted - existing.keys())
            if not missing:
                return existing
            # Made outside the write lock: ten thousand key pairs take seconds.
            self._insert_keys(self._new_keys(missing, generations, epoch, now))
        raise Unavailable("the key store is too busy", hint="Run the import again; it goes on where it was.")

    def _insert_keys(self, rows: list[dict[str, Any]]) -> None:
        """All rows or none: none when another process made one of them, or rolled the epoch, first."""
        try:
            with self._transaction(writes=True) as connection:
                epoch = newest_epoch(connection)
                if epoch is not None and all(row["epoch"] == epoch.epoch for row in rows):
                    insert(connection, keys, rows)
        except sa.exc.IntegrityError:
            return

    def _new_keys(
        self, pairs: Iterable[Pair], generations: Mapping[Pair, int], epoch: Epoch | None, now: datetime
    ) -> list[dict[str, Any]]:
        if epoch is None:
            raise UsageError("the key store has no epoch yet", hint="Run: habeas init")
        verify_epoch(epoch, self._registrar_private)
        rows = []
        for pair in pairs:
            seed = self._random(SEED_BYTES)
            unsigned = KeyRecord(
                key_id=self._random(16).hex(),
                subject_id=pair[0],
                purpose=pair[1],
                generation=generations.get(pair, 0) + 1,
                suite=self._suite,
                public_key=public_of(self._suite, seed),
                created_at=now,
            )
            kept = {
                "sealed_private": seal_private(seed, unsigned, epoch),
                "epoch": epoch.epoch,
                "status": "open",
            }
            rows.append(row_of(sign(unsigned, self._registrar_private)) | kept)
        return rows

    def close(self, subject_id: str, purpose: str, now: datetime, reason: str) -> str | None:
        """Close the open key of a subject for a purpose; its key_id, or None when none was open."""
        closed = self.close_many([(subject_id, purpose)], now, reason)
        return closed[0] if closed else None

    def close_many(self, pairs: Iterable[Pair], now: datetime, reason: str) -> list[str]:
        """Like `close` for many: key_ids of what was open. `reason` is a word, never a story."""
        wanted = set(pairs)

        def act(connection: sa.Connection) -> list[str]:
            newest, _ = latest(connection, wanted)
            key_ids = sorted(record.key_id for record in newest.values())
            for part in chunks(key_ids):
                connection.execute(
                    keys.update()
                    .where(keys.c.key_id.in_(part), keys.c.status == "open")
                    .values(status="closed", closed_at=now, reason=reason)
                )
            return key_ids

        return self._write(act)
