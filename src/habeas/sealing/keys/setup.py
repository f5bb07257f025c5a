"""A use case of the registrar: set up custody once. Nothing here opens a row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from habeas.model.errors import IntegrityError
from habeas.sealing.epochs import Epoch, Kms, Random, new_epoch, verify_epoch
from habeas.sealing.keyrecords import registrar_public_of

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

    def exists(self, path: Path) -> bool:
        """True if the file is there."""

    def read(self, path: Path, size: int, *, public: bool = False) -> bytes:
        """The `size` bytes of a key file. Raises KeyUnavailable if it is missing, IntegrityError for another size or
        loose permissions.
        """

    def create(self, path: Path, content: bytes, *, public: bool = False) -> None:
        """Write a new key file that its owner alone can read, unless `public`. Raises IntegrityError if it exists."""


class EpochStore(Protocol):
    """The key store, as setting it up needs it."""

    def create_tables(self) -> None:
        """Create the key store's tables where they are missing."""

    def current_epoch(self) -> Epoch | None:
        """Newest epoch; None before the first."""

    def add_epoch(self, epoch: Epoch) -> None:
        """Record a new epoch."""


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
