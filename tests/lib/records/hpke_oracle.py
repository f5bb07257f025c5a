"""A slow, clear reading of RFC 9180 base mode and X-Wing: is what the library sealed standard HPKE?

Only opens, only the two suites of this project, HKDF-SHA256 and AES-256-GCM. Sections are those of RFC 9180.
"""

from __future__ import annotations

import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEM_ID = {1: 0x0020, 2: 0x647A}
ENC_BYTES = {1: 32, 2: 1120}


def open_single_shot(suite: int, seed: bytes, output: bytes, info: bytes) -> bytes:
    """Section 6.1, empty associated data."""
    enc, ciphertext = output[: ENC_BYTES[suite]], output[ENC_BYTES[suite] :]
    shared = _dhkem(seed, enc) if suite == 1 else _xwing(seed, enc)
    key, nonce = _schedule(suite, shared, info)
    return AESGCM(key).decrypt(nonce, ciphertext, b"")


def _schedule(suite: int, shared: bytes, info: bytes) -> tuple[bytes, bytes]:
    """Section 5.1, mode 0x00: no pre-shared key."""
    suite_id = b"HPKE" + KEM_ID[suite].to_bytes(2, "big") + b"\x00\x01" + b"\x00\x02"
    context = (
        b"\x00" + _extract(suite_id, b"", b"psk_id_hash", b"") + _extract(suite_id, b"", b"info_hash", info)
    )
    secret = _extract(suite_id, shared, b"secret", b"")
    return _expand(suite_id, secret, b"key", context, 32), _expand(
        suite_id, secret, b"base_nonce", context, 12
    )


def _dhkem(seed: bytes, enc: bytes) -> bytes:
    """Section 4.1."""
    key = X25519PrivateKey.from_private_bytes(seed)
    suite_id = b"KEM" + KEM_ID[1].to_bytes(2, "big")
    secret = _extract(suite_id, b"", b"eae_prk", key.exchange(X25519PublicKey.from_public_bytes(enc)))
    return _expand(suite_id, secret, b"shared_secret", enc + key.public_key().public_bytes_raw(), 32)


def _xwing(seed: bytes, enc: bytes) -> bytes:
    """draft-connolly-cfrg-xwing-kem, section 5.4."""
    expanded = hashlib.shake_256(seed).digest(96)
    x25519 = X25519PrivateKey.from_private_bytes(expanded[64:])
    of_mlkem = MLKEM768PrivateKey.from_seed_bytes(expanded[:64]).decapsulate(enc[:1088])
    of_x25519 = x25519.exchange(X25519PublicKey.from_public_bytes(enc[1088:]))
    public = x25519.public_key().public_bytes_raw()
    return hashlib.sha3_256(of_mlkem + of_x25519 + enc[1088:] + public + rb"\.//^\ "[:-1]).digest()


def _extract(suite_id: bytes, salt: bytes, label: bytes, secret: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite_id + label + secret, "sha256")


def _expand(suite_id: bytes, secret: bytes, label: bytes, info: bytes, length: int) -> bytes:
    labelled = length.to_bytes(2, "big") + b"HPKE-v1" + suite_id + label + info
    return hmac.digest(secret, labelled + b"\x01", "sha256")[:length]  # one block is enough here
