"""Private keys from 32-byte seeds. A module that imports this can open; the embed path must not.

Suite 1: the seed is the X25519 scalar (RFC 7748). Suite 2: SHAKE256(seed) gives 64 bytes for ML-KEM-768
(d, z) and 32 for X25519, as in draft-connolly-cfrg-xwing-kem, section 5.2.
"""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

from habeas.model.errors import IntegrityError
from habeas.sealing import suites

SEED_BYTES = 32

PrivateKey = X25519PrivateKey | MLKEM768X25519PrivateKey


def _parts(seed: bytes) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
    expanded = hashlib.shake_256(seed).digest(96)
    return MLKEM768PrivateKey.from_seed_bytes(expanded[:64]), X25519PrivateKey.from_private_bytes(
        expanded[64:]
    )


def private_key(suite: int, seed: bytes) -> PrivateKey:
    """Build the private key of `suite` from its 32-byte seed. Raises IntegrityError for anything else."""
    _check(suite, seed)
    if suite == suites.X25519:
        return X25519PrivateKey.from_private_bytes(seed)
    return MLKEM768X25519PrivateKey(*_parts(seed))


def public_of(suite: int, seed: bytes) -> bytes:
    """Raw public key that belongs to a 32-byte seed, as `suites.public_key` reads it. Raises IntegrityError."""
    _check(suite, seed)
    if suite == suites.X25519:
        return X25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    mlkem, x25519 = _parts(seed)
    return mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()


def _check(suite: int, seed: bytes) -> None:
    suites.hpke(suite)
    if len(seed) != SEED_BYTES:
        raise IntegrityError("a private key has the wrong length")
