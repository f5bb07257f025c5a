"""Puts the roles of custody together from the custody settings. The embed job imports nothing of this."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from habeas.model.installation.settings import Custody, Settings
from habeas.sealing import key_files
from habeas.sealing.keyrecords import sign_bytes
from habeas.sealing.keys.custodian import Custodian
from habeas.sealing.keys.kms_local import LocalKms
from habeas.sealing.keys.registrar import Registrar
from habeas.sealing.keys.setup import KEY_BYTES, Places, init_custody
from habeas.sealing.keys.store import KeyStore


def watcher(custody: Custody) -> KeyStore:
    """Reads which keys are open; holds no secret."""
    return KeyStore(custody.key_store)


def registrar(custody: Custody) -> Registrar:
    """Enrols and closes; never touches the KMS folder. Raises KeyUnavailable, IntegrityError."""
    return Registrar(
        custody.key_store,
        identity_key=key_files.read_key(custody.identity_key, KEY_BYTES),
        registrar_private=key_files.read_key(custody.registrar_key, KEY_BYTES),
        suite=custody.suite,
    )


def custodian(custody: Custody) -> Custodian:
    """Opens; holds the KMS folder."""
    return Custodian(custody.key_store, kms=LocalKms(custody.kms))


def registrar_signer(custody: Custody) -> Callable[[bytes], bytes]:
    """Signs as the registrar: people's records. Raises KeyUnavailable, IntegrityError."""
    return partial(sign_bytes, registrar_private=key_files.read_key(custody.registrar_key, KEY_BYTES))


def registrar_public_key(path: Path) -> bytes:
    """Raw 32-byte public key that `Sealer` verifies key records with."""
    return key_files.read_key(path, KEY_BYTES, public=True)


class _Files:
    exists = staticmethod(os.path.lexists)
    read = staticmethod(key_files.read_key)
    create = staticmethod(key_files.create_key)


def set_up(custody: Custody, settings: Settings, now: datetime) -> bool:
    """Make everything custody needs that isn't there yet; True if anything was made. See `init_custody`."""
    key_files.make_folder(custody.home)
    for place in (custody.identity_key, custody.registrar_key, settings.installation_key):
        place.parent.mkdir(parents=True, exist_ok=True)
    places = Places(
        identity_key=custody.identity_key,
        registrar_key=custody.registrar_key,
        registrar_public_key=settings.registrar_public_key,
        installation_key=settings.installation_key,
    )
    store, kms = KeyStore(custody.key_store), LocalKms(custody.kms)
    return init_custody(places, _Files(), store, kms, suite=custody.suite, now=now, random=os.urandom)
