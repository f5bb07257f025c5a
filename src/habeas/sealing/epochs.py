"""Private keys at rest: each sealed to its epoch's public key, the epoch's own key wrapped by one KMS key.

The registrar seals a new private key with public material only, so it can enrol people and open nothing.
Destroying an epoch's KMS key makes every private key of that epoch unreadable.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from habeas.model.errors import IntegrityError
from habeas.model.ids import packed
from habeas.sealing import framing, suites
from habeas.sealing.keypairs import SEED_BYTES, PrivateKey, private_key, public_of
from habeas.sealing.keyrecords import KeyRecord, registrar_public_of, sign_bytes, verify_bytes

MAGIC = b"HBSK"

Random = Callable[[int], bytes]
"""Number of bytes -> that many unpredictable bytes, e.g. os.urandom."""


class Kms(Protocol):
    """A key management service. `uri` names one key in it; the key itself never leaves.

    All raise KeyUnavailable when the key is gone or refused, IntegrityError when bytes or context don't fit.
    """

    def create(self, epoch: int) -> str:
        """Make the key of an epoch, or find the one made by an unfinished earlier try; returns its uri."""

    def wrap(self, uri: str, secret: bytes, context: bytes) -> bytes:
        """Encrypt `secret`, bound to `context`."""

    def unwrap(self, uri: str, wrapped: bytes, context: bytes) -> bytes:
        """Decrypt what `wrap` returned for the same uri and context."""

    def destroy(self, uri: str) -> None:
        """Destroy the key for good. Destroying it twice is no error."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """A span of time in which new private keys are sealed to one public key."""

    epoch: int
    suite: int
    public_key: bytes = field(repr=False)
    kms_uri: str
    wrapped_private: bytes = field(repr=False)
    created_at: datetime
    signature: bytes = field(default=b"", repr=False)


def new_epoch(
    epoch: int, suite: int, kms: Kms, registrar_private: bytes, now: datetime, random: Random
) -> Epoch:
    """Make an epoch's key pair, wrap its private half by a new KMS key and sign the record.

    Raises IntegrityError for an unknown suite or a bad registrar key, KeyUnavailable as the KMS does.
    """
    seed = random(SEED_BYTES)
    public = public_of(suite, seed)
    uri = kms.create(epoch)
    unsigned = Epoch(epoch, suite, public, uri, kms.wrap(uri, seed, wrap_context(epoch, suite, public)), now)
    return replace(unsigned, signature=sign_bytes(_signed(unsigned), registrar_private))


def wrap_context(epoch: int, suite: int, public_key: bytes) -> bytes:
    """Bytes that the wrapped epoch key is bound to."""
    return packed("habeas epoch key", epoch, suite, public_key)


def _signed(epoch: Epoch) -> bytes:
    return packed("habeas epoch record", epoch.epoch, epoch.suite, epoch.public_key, epoch.kms_uri)


def verify_epoch(epoch: Epoch, registrar_private: bytes) -> None:
    """Raise IntegrityError unless this registrar made the epoch: new private keys will be sealed to it."""
    verify_bytes(_signed(epoch), epoch.signature, registrar_public_of(registrar_private))


def unwrap_epoch(epoch: Epoch, kms: Kms) -> PrivateKey:
    """The epoch's private key (custodian only). Raises KeyUnavailable or IntegrityError."""
    seed = kms.unwrap(
        epoch.kms_uri, epoch.wrapped_private, wrap_context(epoch.epoch, epoch.suite, epoch.public_key)
    )
    if public_of(epoch.suite, seed) != epoch.public_key:
        raise IntegrityError("an epoch's private key doesn't belong to its public key")
    return private_key(epoch.suite, seed)


def _info(record: KeyRecord, epoch: Epoch) -> bytes:
    return framing.info(
        MAGIC,
        epoch.suite,
        record.key_id,
        record.subject_id,
        record.purpose,
        record.generation,
        record.suite,
        record.public_key,
        epoch.epoch,
    )


def seal_private(seed: bytes, record: KeyRecord, epoch: Epoch) -> bytes:
    """Seal a key's private seed (32 bytes) to the epoch, bound to key, subject, purpose, generation and epoch.

    Raises IntegrityError for another length or a bad epoch key.
    """
    if len(seed) != SEED_BYTES:
        raise IntegrityError("a private key has the wrong length")
    key = suites.public_key(epoch.suite, epoch.public_key)
    try:
        sealed = suites.hpke(epoch.suite).encrypt(seed, key, info=_info(record, epoch))
    except framing.FAILURES:
        raise IntegrityError("a private key can't be sealed to this epoch") from None
    return framing.header(MAGIC, epoch.suite) + sealed


def open_private(sealed: bytes, record: KeyRecord, epoch: Epoch, epoch_key: PrivateKey) -> bytes:
    """The private seed (32 bytes) of `record` (custodian only).

    Raises IntegrityError, always with the same words, when anything bound differs or the key isn't the
    record's.
    """
    hpke, output = framing.body(MAGIC, epoch.suite, sealed, plain_bytes=SEED_BYTES)
    try:
        seed = hpke.decrypt(output, epoch_key, info=_info(record, epoch))
    except framing.FAILURES:
        raise framing.refused() from None
    if public_of(record.suite, seed) != record.public_key:
        raise framing.refused()
    return seed
