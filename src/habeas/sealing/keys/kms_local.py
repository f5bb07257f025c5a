"""A KMS made of files, for installations without one: one key file an epoch, in a folder no backup may hold.

Wrapping is AES-256-GCM with a random nonce; uri and context are the associated data. A key wraps one epoch
key and its re-wraps, so random nonces are far from any limit (NIST SP 800-38D, 2^32 a key).
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from habeas.model.errors import IntegrityError, KeyUnavailable
from habeas.model.ids import packed
from habeas.sealing.epochs import Random
from habeas.sealing.key_files import check_folder, create_key, destroy_file, make_folder, read_key

KEY_BYTES = 32
NONCE_BYTES = 12
_HEADER = b"HBKW\x01"
_URI = re.compile(r"local-kms:(epoch-[1-9][0-9]{0,8})")


class LocalKms:
    """Implements `habeas.sealing.epochs.Kms` with key files `epoch-N.key` in one folder (0700)."""

    def __init__(self, folder: Path, random: Random = os.urandom) -> None:
        self._folder = folder
        self._random = random

    def create(self, epoch: int) -> str:
        """Make the key file of an epoch, or find the one an unfinished earlier try left; returns its uri."""
        uri = f"local-kms:epoch-{epoch}"
        make_folder(self._folder)
        path = self._path(uri)
        if not path.exists():
            create_key(path, self._random(KEY_BYTES))
        read_key(path, KEY_BYTES)
        return uri

    def wrap(self, uri: str, secret: bytes, context: bytes) -> bytes:
        """Encrypt `secret` under the key file behind `uri` (AES-256-GCM), bound to `uri` and `context`.

        Returns header, nonce and ciphertext with tag. Raises KeyUnavailable, IntegrityError for the key file.
        """
        nonce = self._random(NONCE_BYTES)
        return _HEADER + nonce + self._cipher(uri).encrypt(nonce, secret, packed("habeas kms", uri, context))

    def unwrap(self, uri: str, wrapped: bytes, context: bytes) -> bytes:
        """Raises KeyUnavailable when the key file is gone, IntegrityError when something doesn't fit."""
        cipher = self._cipher(uri)
        start = len(_HEADER)
        try:
            if wrapped[:start] != _HEADER:
                raise InvalidTag
            nonce, output = wrapped[start : start + NONCE_BYTES], wrapped[start + NONCE_BYTES :]
            return cipher.decrypt(nonce, output, packed("habeas kms", uri, context))
        except (InvalidTag, ValueError):
            raise IntegrityError(
                "a wrapped key can't be unwrapped: it was changed or belongs to another key"
            ) from None

    def destroy(self, uri: str) -> None:
        """Overwrite and remove the key file; a second call finds nothing to do."""
        check_folder(self._folder)
        destroy_file(self._path(uri))

    def _cipher(self, uri: str) -> AESGCM:
        check_folder(self._folder)
        return AESGCM(read_key(self._path(uri), KEY_BYTES))

    def _path(self, uri: str) -> Path:
        # The uri comes out of a database: it must not be able to name a file elsewhere.
        match = _URI.fullmatch(uri)
        if match is None:
            raise KeyUnavailable(
                "this key belongs to another KMS", hint="Check `kms` in the custody settings."
            )
        return self._folder / f"{match[1]}.key"
