"""HPKE suites (RFC 9180) by the number that stands in each row: an allow-list, never negotiated.

1 = DHKEM(X25519), 2 = ML-KEM-768 + X25519 (X-Wing, KEM id 0x647a of draft-ietf-hpke-pq), both with
HKDF-SHA256 and AES-256-GCM. Suite 2 is the default; its draft may still move, so golden vectors pin it.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PublicKey, Suite

from habeas.model.errors import IntegrityError

X25519 = 1
MLKEM768_X25519 = 2
DEFAULT = MLKEM768_X25519

PublicKey = X25519PublicKey | MLKEM768X25519PublicKey
"""Hybrid objects don't pickle: they are built from raw bytes where they are used."""

_MLKEM_PUBLIC = 1184
_X25519_PUBLIC = 32
_TAG = 16


@dataclass(frozen=True, slots=True)
class _Spec:
    hpke: Suite
    public_bytes: int
    enc_bytes: int


_SUITES = {
    X25519: _Spec(Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM), _X25519_PUBLIC, 32),
    MLKEM768_X25519: _Spec(
        Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM), _MLKEM_PUBLIC + _X25519_PUBLIC, 1120
    ),
}


def _spec(suite: int) -> _Spec:
    spec = _SUITES.get(suite)
    if spec is None:
        raise IntegrityError(
            "unknown sealing suite", hint="Known suites: 1 = X25519, 2 = ML-KEM-768 + X25519."
        )
    return spec


def hpke(suite: int) -> Suite:
    """The HPKE suite behind a number. Raises IntegrityError for a number outside the allow-list."""
    return _spec(suite).hpke


def overhead(suite: int) -> int:
    """Bytes HPKE adds to a plaintext: encapsulated key and tag."""
    return _spec(suite).enc_bytes + _TAG


def public_key(suite: int, raw: bytes) -> PublicKey:
    """Build a public key from raw bytes: 32 for suite 1, ML-KEM-768 (1184) then X25519 (32) for suite 2.

    Raises IntegrityError when the bytes are no such key.
    """
    if len(raw) != _spec(suite).public_bytes:
        raise IntegrityError("a public key has the wrong length for its suite")
    try:
        if suite == X25519:
            return X25519PublicKey.from_public_bytes(raw)
        return MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(raw[:_MLKEM_PUBLIC]),
            X25519PublicKey.from_public_bytes(raw[_MLKEM_PUBLIC:]),
        )
    except ValueError:
        raise IntegrityError("a public key can't be read") from None
