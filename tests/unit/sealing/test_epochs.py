"""A private key at rest opens with its epoch's key alone, as what it was stored as."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from habeas.model.errors import IntegrityError, KeyUnavailable
from habeas.sealing.epochs import (
    MAGIC,
    Epoch,
    new_epoch,
    open_private,
    seal_private,
    unwrap_epoch,
    verify_epoch,
)
from habeas.sealing.framing import HEADER_BYTES
from habeas.sealing.keypairs import private_key, public_of
from habeas.sealing.keyrecords import KeyRecord
from habeas.sealing.keys.kms_local import LocalKms


@pytest.fixture
def kms(tmp_path) -> LocalKms:
    return LocalKms(tmp_path / "kms")


@pytest.fixture
def epoch(suite, kms, registrar, now) -> Epoch:
    return new_epoch(1, suite, kms, registrar, now, os.urandom)


def test_the_custodian_gets_the_private_key_back(epoch, kms, record, seed):
    sealed = seal_private(seed, record, epoch)
    assert seed == open_private(sealed, record, epoch, unwrap_epoch(epoch, kms))


@pytest.mark.parametrize(
    "change",
    [
        {"key_id": "k"},
        {"subject_id": "s"},
        {"purpose": "p"},
        {"generation": 2},
        {"suite": 1},
        {"public_key": b"x"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_private_key_opens_as_no_other_key(change, epoch, kms, record, seed):
    sealed = seal_private(seed, record, epoch)
    changed = replace(record, **change)
    if changed == record:
        changed = replace(record, suite=2)
    with pytest.raises(IntegrityError):
        open_private(sealed, changed, epoch, unwrap_epoch(epoch, kms))


def test_a_private_key_opens_in_no_other_epoch(epoch, kms, record, seed):
    sealed = seal_private(seed, record, epoch)
    with pytest.raises(IntegrityError):
        open_private(sealed, record, replace(epoch, epoch=2), unwrap_epoch(epoch, kms))


def test_a_key_that_is_not_the_records_is_refused(epoch, kms, record):
    sealed = seal_private(bytes(32), record, epoch)
    with pytest.raises(IntegrityError):
        open_private(sealed, record, epoch, unwrap_epoch(epoch, kms))


@pytest.mark.parametrize("place", range(HEADER_BYTES))
def test_each_header_byte_of_a_private_key_is_checked(place, epoch, kms, record, seed):
    sealed = bytearray(seal_private(seed, record, epoch))
    assert MAGIC == bytes(sealed[:4])
    sealed[place] ^= 1
    with pytest.raises(IntegrityError):
        open_private(bytes(sealed), record, epoch, unwrap_epoch(epoch, kms))


def test_a_wrapped_epoch_is_useless_with_another_key_file(epoch, tmp_path):
    stranger = LocalKms(tmp_path / "other")
    stranger.create(1)
    with pytest.raises(IntegrityError):
        unwrap_epoch(epoch, stranger)


@pytest.mark.parametrize("field", ["epoch", "public_key"])
def test_a_wrapped_epoch_opens_as_no_other_epoch(field, epoch, kms, suite):
    other = {"epoch": 2, "public_key": public_of(suite, bytes(32))}
    with pytest.raises(IntegrityError):
        unwrap_epoch(replace(epoch, **{field: other[field]}), kms)


def test_destroying_the_kms_key_ends_the_epoch(epoch, kms):
    kms.destroy(epoch.kms_uri)
    with pytest.raises(KeyUnavailable):
        unwrap_epoch(epoch, kms)


@pytest.mark.parametrize("field", ["epoch", "public_key", "kms_uri", "signature"])
def test_an_epoch_slipped_in_by_a_stranger_is_refused(field, epoch, registrar, suite):
    verify_epoch(epoch, registrar)
    other = {"epoch": 2, "public_key": public_of(suite, bytes(32)), "kms_uri": "x", "signature": bytes(64)}
    with pytest.raises(IntegrityError):
        verify_epoch(replace(epoch, **{field: other[field]}), registrar)


def test_no_secret_stands_in_a_repr(epoch, record, seed):
    shown = repr(epoch) + repr(record) + repr(private_key(1, seed))
    for secret in (seed, epoch.wrapped_private, record.signature):
        assert secret.hex() not in shown
        assert repr(secret)[2:-1] not in shown


def test_a_seed_of_the_wrong_length_is_refused(epoch, record: KeyRecord):
    for bad in (b"", bytes(31), bytes(33), bytes(96)):
        with pytest.raises(IntegrityError):
            seal_private(bad, record, epoch)
        with pytest.raises(IntegrityError):
            public_of(record.suite, bad)
