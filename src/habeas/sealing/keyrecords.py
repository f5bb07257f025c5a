"""Public key records, signed by the registrar (Ed25519, RFC 8032) and verified before a key is used.

Without the signature, write access to a table would be enough to swap in another key and read every later row.
`created_at` is not signed: the signature covers exactly what an embed worker is handed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from habeas.model.errors import IntegrityError
from habeas.model.ids import packed
from habeas.model.lines import Grant

RECORD_VERSION = 1


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """The public half of one key: for one subject, one purpose, one generation."""

    key_id: str
    subject_id: str
    purpose: str
    generation: int
    suite: int
    public_key: bytes = field(repr=False)
    created_at: datetime | None = field(default=None, compare=False)
    signature: bytes = field(default=b"", repr=False)


def from_grant(grant: Grant, subject_id: str) -> KeyRecord:
    """The record behind a grant; `subject_id` is the roster line's: another person's key doesn't verify."""
    return KeyRecord(
        key_id=grant.key_id,
        subject_id=subject_id,
        purpose=grant.purpose,
        generation=grant.generation,
        suite=grant.suite,
        public_key=grant.public_key,
        signature=grant.key_signature,
    )


def canonical(record: KeyRecord) -> bytes:
    """Bytes that the registrar signs: record version and every field but `created_at` and the signature."""
    return packed(
        "habeas key record",
        RECORD_VERSION,
        record.key_id,
        record.subject_id,
        record.purpose,
        record.generation,
        record.suite,
        record.public_key,
    )


def sign_bytes(message: bytes, registrar_private: bytes) -> bytes:
    """Ed25519 signature (64 bytes) with the registrar's raw 32-byte private key. Raises IntegrityError for another
    length.
    """
    return _private(registrar_private).sign(message)


def verify_bytes(message: bytes, signature: bytes, registrar_public: bytes) -> None:
    """Raise IntegrityError unless `signature` is the registrar's over `message`."""
    try:
        Ed25519PublicKey.from_public_bytes(registrar_public).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise IntegrityError(
            "a key record isn't signed by this installation's registrar",
            hint="Nothing was sealed to it. Find out who can write the keys table before the next run.",
        ) from None


def sign(record: KeyRecord, registrar_private: bytes) -> KeyRecord:
    """The same record with the registrar's signature (64 bytes). Raises IntegrityError for a bad private key."""
    return replace(record, signature=sign_bytes(canonical(record), registrar_private))


def verify(record: KeyRecord, registrar_public: bytes) -> None:
    """Raise IntegrityError unless the registrar signed exactly this record."""
    verify_bytes(canonical(record), record.signature, registrar_public)


def registrar_public_of(registrar_private: bytes) -> bytes:
    """Raw 32-byte public key of the registrar. Raises IntegrityError if the private key hasn't 32 bytes."""
    return _private(registrar_private).public_key().public_bytes_raw()


def _private(raw: bytes) -> Ed25519PrivateKey:
    try:
        return Ed25519PrivateKey.from_private_bytes(raw)
    except ValueError:
        raise IntegrityError("the registrar's key has the wrong length") from None
