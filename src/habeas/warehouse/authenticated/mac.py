"""Message authentication codes, HMAC-SHA-256, over what the jobs write for each other to act on.

Each use has a key of its own, derived from the installation key by HKDF (RFC 5869) under the use's label: the jobs hold
that key, and readers of the tables don't. So a record or row that was changed, or made without the key, is detected.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
SHORT = 16
"""Bytes of a code in a table's row: 128 bits."""


class Use(StrEnum):
    """What a key is for. A word is never given a second meaning."""

    RUN_RECORD = "run record"
    DECISION = "decision"


@dataclass(frozen=True, slots=True)
class MacKey:
    """A key for one use."""

    secret: bytes = field(repr=False)

    @classmethod
    def of(cls, installation_key: bytes, use: Use) -> MacKey:
        """Key for one use, derived from the installation key (HKDF-SHA256)."""
        info = f"habeas mac v1: {use.value}".encode()
        return cls(HKDF(SHA256(), KEY_BYTES, None, info).derive(installation_key))

    def code(self, message: bytes) -> bytes:
        """The code of a message, 32 bytes."""
        return hmac.new(self.secret, message, hashlib.sha256).digest()

    def agrees(self, message: bytes, code: object) -> bool:
        """Whether `code` is that of `message`, whole or its first 16 bytes; False for what is no code at all."""
        if not isinstance(code, (bytes, bytearray)) or len(code) not in (SHORT, KEY_BYTES):
            return False
        return hmac.compare_digest(self.code(message)[: len(code)], bytes(code))
