"""The key a person signs with: an Ed25519 key in PEM files, as any other tool writes them too (PKCS 8, RFC 8410)."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from habeas.model.errors import IntegrityError, UsageError
from habeas.sealing import key_files

_LARGEST = 8192


def create(path: Path, passphrase: bytes | None) -> Path:
    """Write a new private key (0600) and its public half beside it (`.pub`, 0644); the public file's path.

    Raises UsageError when one of the names is taken: a key is never overwritten.
    """
    public = path.with_name(f"{path.name}.pub")
    for taken in (path, public):
        if os.path.lexists(taken):
            raise UsageError(
                f"there is a file {taken.name!a} already; it is never overwritten",
                hint="Choose another name for the new key: --out FILE",
            )
    key = Ed25519PrivateKey.generate()
    hidden: serialization.KeySerializationEncryption = (
        serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    )
    encoding, public_key = serialization.Encoding.PEM, key.public_key()
    key_files.create_key(path, key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, hidden))
    shown = public_key.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
    key_files.create_key(public, shown, public=True)
    return public


def read_public(path: Path) -> bytes:
    """Raw 32 bytes of a public key file. Raises UsageError when it is none, or holds a private key."""
    content = _content(path, private=False)
    if b"PRIVATE" in content:
        raise UsageError(
            f"{path.name!a} holds a private key",
            hint="Hand over the file that ends in .pub, and make a new key: this one has been shown.",
        )
    try:
        key = serialization.load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError(
            f"{path.name!a} is no public key file", hint="habeas people key makes one."
        ) from None
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError(f"{path.name!a} is no Ed25519 key", hint="habeas people key makes one.")
    return key.public_bytes_raw()


def signer(path: Path, passphrase: Callable[[], bytes]) -> Callable[[bytes], bytes]:
    """Signs with a private key file. `passphrase` is asked only if the file is locked.

    Raises IntegrityError when others may read the file, UsageError when it is no such key or stays locked.
    """
    content = _content(path, private=True)
    locked = b"ENCRYPTED" in content
    try:
        key = serialization.load_pem_private_key(content, passphrase() if locked else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        why = "doesn't open with this passphrase" if locked else "is no private key file"
        raise UsageError(f"{path.name!a} {why}", hint="habeas people key makes one.") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"{path.name!a} is no Ed25519 key", hint="habeas people key makes one.")
    return key.sign


def _content(path: Path, *, private: bool) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise UsageError(f"the key file {path.name!a} can't be read ({error.strerror})") from None
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            raise UsageError(f"{path.name!a} is no plain file")
        if private and mode & 0o077:
            raise IntegrityError(
                f"the key file {path.name!a} may be read by others",
                hint="If it may have leaked, have the registrar remove you and make a new key. Else: chmod 600 FILE",
            )
        return os.read(handle, _LARGEST)
    finally:
        os.close(handle)
