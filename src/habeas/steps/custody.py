"""Use cases of the registrar: set up custody once, turn consents into keys. Nothing here opens a row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from habeas.errors import IntegrityError
from habeas.model.people import ConsentStatement, ConsentStatus
from habeas.sealing.epochs import Epoch, Kms, Random, new_epoch, verify_epoch
from habeas.sealing.keyrecords import KeyRecord, registrar_public_of

Pair = tuple[str, str]
"""(subject_id, purpose)"""

KEY_BYTES = 32
"""Length of every key file: identity key, registrar key and its public half, installation key."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the installation's key files lie. The pipeline reads the last two, the registrar all."""

    identity_key: Path
    registrar_key: Path
    registrar_public_key: Path
    installation_key: Path


class KeyFiles(Protocol):
    """Small secrets as files."""

    def exists(self, path: Path) -> bool: ...

    def read(self, path: Path, size: int, *, public: bool = False) -> bytes: ...

    def create(self, path: Path, content: bytes, *, public: bool = False) -> None: ...


class EpochStore(Protocol):
    """The key store, as setting it up needs it."""

    def create_tables(self) -> None: ...

    def current_epoch(self) -> Epoch | None: ...

    def add_epoch(self, epoch: Epoch) -> None: ...


def init_custody(
    places: Places, files: KeyFiles, store: EpochStore, kms: Kms, *, suite: int, now: datetime, random: Random
) -> bool:
    """Make identity key, registrar key pair, installation key and epoch 1; True if anything was made.

    Safe to run again: epoch 1 is made last, so an interrupted first run is finished by the next one. Once it
    is there nothing is made anew: a lost key file is reported (KeyUnavailable), because a fresh one would cut
    off every known person or key. Raises IntegrityError when the files don't belong together.
    """
    store.create_tables()
    epoch = store.current_epoch()
    if epoch is None:
        for path in (places.identity_key, places.registrar_key, places.installation_key):
            if not files.exists(path):
                files.create(path, random(KEY_BYTES))
        registrar = files.read(places.registrar_key, KEY_BYTES)
        if not files.exists(places.registrar_public_key):
            files.create(places.registrar_public_key, registrar_public_of(registrar), public=True)
        store.add_epoch(new_epoch(1, suite, kms, registrar, now, random))
    _check(places, files, store)
    return epoch is None


def _check(places: Places, files: KeyFiles, store: EpochStore) -> None:
    for path in (places.identity_key, places.installation_key):
        files.read(path, KEY_BYTES)
    registrar = files.read(places.registrar_key, KEY_BYTES)
    if files.read(places.registrar_public_key, KEY_BYTES, public=True) != registrar_public_of(registrar):
        raise IntegrityError(
            "the registrar's public key doesn't belong to its private key",
            hint="Restore both files from the same backup.",
        )
    epoch = store.current_epoch()
    if epoch is not None:
        verify_epoch(epoch, registrar)


class EnrolmentStore(Protocol):
    """The registrar's key store, as enrolment needs it."""

    def records(self, subject_ids: Sequence[str] | None = None) -> list[KeyRecord]: ...

    def enrol_many(self, pairs: Iterable[Pair], now: datetime) -> dict[Pair, KeyRecord]: ...

    def close_many(self, pairs: Iterable[Pair], now: datetime, reason: str) -> list[str]: ...


def enrol_consents(
    statements: Iterable[ConsentStatement], store: EnrolmentStore, now: datetime
) -> list[KeyRecord]:
    """A given consent gets a key, a withdrawn or refused one loses it at once.

    Hand in the statements an import newly recorded, or the whole history of a pair: the newest by what was
    true when (given_at), then by when it became known, decides; of two equal ones the one against. A
    withdrawal followed by a new consent closes the old key, so what was sealed before is not opened again by
    the new consent. Returns the open records of the pairs whose newest statement gives consent, by key_id.
    """
    history: dict[Pair, list[ConsentStatement]] = {}
    for statement in sorted(statements, key=_age):
        history.setdefault((statement.subject_id, statement.purpose), []).append(statement)
    made = {
        (record.subject_id, record.purpose): record.created_at
        for record in store.records(sorted({subject for subject, _ in history}))
    }
    closing = {pair for pair, past in history.items() if _closes(past, made.get(pair))}
    giving = {pair for pair, past in history.items() if past[-1].status is ConsentStatus.GIVEN}
    store.close_many(sorted(closing), now, "consent_ended")
    enrolled = store.enrol_many(sorted(giving), now)
    return sorted(enrolled.values(), key=lambda record: record.key_id)


def _age(statement: ConsentStatement) -> tuple[datetime, datetime, bool, str]:
    against = statement.status is not ConsentStatus.GIVEN
    return statement.given_at, statement.recorded_at, against, statement.consent_id


def _closes(past: Sequence[ConsentStatement], key_made_at: datetime | None) -> bool:
    if key_made_at is None:
        return False
    if past[-1].status is not ConsentStatus.GIVEN:
        return True
    # An older statement against, known before the key was made, is history that the key already answers to.
    return any(one.status is not ConsentStatus.GIVEN and one.recorded_at > key_made_at for one in past)
