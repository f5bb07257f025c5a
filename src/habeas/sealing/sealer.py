"""Seals vectors to verified keys: what an embed worker holds. It can't open anything."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from habeas.model.errors import IntegrityError
from habeas.sealing import envelope, suites
from habeas.sealing.envelope import SealContext
from habeas.sealing.keyrecords import KeyRecord, verify

_KEPT = 4096  # built hybrid keys take some kilobytes each


class Sealer:
    """Verifies each key record once, builds its public key once, seals many vectors to it.

    Pickles as the registrar's public key alone: key objects are built anew in each worker.
    """

    def __init__(self, registrar_public: bytes) -> None:
        self._registrar_public = registrar_public
        # Keyed by the whole record: a swapped record with a known key_id is a new one and is verified.
        self._built: dict[KeyRecord, suites.PublicKey] = {}

    def __reduce__(self) -> tuple[type[Sealer], tuple[bytes]]:
        return (Sealer, (self._registrar_public,))

    def check(self, record: KeyRecord) -> None:
        """Raise IntegrityError unless the registrar signed `record` and its key can be used."""
        self._key(record)

    def seal(self, vector: NDArray[np.float32], context: SealContext, record: KeyRecord) -> bytes:
        """Seal one (D,) float32 unit vector to `record`'s key.

        Raises IntegrityError when the record's signature is wrong, when the row is about another key or
        purpose, or when the vector isn't finite and of unit length.
        """
        key = self._key(record)
        if (context.key_id, context.purpose) != (record.key_id, record.purpose):
            raise IntegrityError("a row was about to be sealed to the key of another row or purpose")
        return envelope.seal_to(vector, context, record.suite, key)

    def _key(self, record: KeyRecord) -> suites.PublicKey:
        key = self._built.get(record)
        if key is None:
            verify(record, self._registrar_public)
            key = suites.public_key(record.suite, record.public_key)
            if len(self._built) >= _KEPT:
                self._built.clear()
            self._built[record] = key
        return key
