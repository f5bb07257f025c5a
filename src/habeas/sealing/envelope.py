"""What a sealed vector looks like, and the sealing half of it. Opening lives in `opening`.

    "HBSV" | format version u8 | suite u8 | HPKE output (RFC 9180 single shot: encapsulated key, ciphertext,
    tag)

The plaintext is one fixed length whatever the vector's: dimensions (u16, little-endian), float32
little-endian values, zeros. Base mode HPKE doesn't say who sealed: anyone with the public key can make a row,
none can open one.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from habeas.model.errors import IntegrityError
from habeas.sealing import framing, suites
from habeas.sealing.framing import FORMAT_VERSION

MAGIC = b"HBSV"
TABLE = "embeddings"
NO_TRANSFORM = "none"
PAYLOAD_BYTES = 2112
MAX_DIMENSIONS = (PAYLOAD_BYTES - 2) // 4
NORM_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class SealContext:
    """Everything about a row that never changes; all of it is bound by HPKE's `info`.

    `preprocessing` names how pixels became the model's input, `transform` a turn applied to the vector
    ("none" in storage), `decision_id` the decision it was sealed under. Raises IntegrityError on an empty
    field.
    """

    row_id: str
    key_id: str
    asset_id: str
    line_id: str
    purpose: str
    source_id: str
    model_id: str
    preprocessing: str
    decision_id: str
    transform: str = NO_TRANSFORM
    table: str = TABLE
    format_version: int = FORMAT_VERSION

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            # A missing part would be bound as nothing, and an enum or numpy scalar as something else than its
            # text.
            if type(value) is not (int if item.name == "format_version" else str) or not value:
                raise IntegrityError(f"a row can't be sealed or opened without a plain {item.name}")
        if self.format_version != FORMAT_VERSION:
            raise IntegrityError("unknown sealing format version")

    def info(self, suite: int) -> bytes:
        """Canonical bytes for HPKE's `info`. Raises IntegrityError when a field isn't valid text."""
        try:
            return framing.info(
                MAGIC,
                suite,
                self.format_version,
                self.table,
                self.row_id,
                self.key_id,
                self.asset_id,
                self.line_id,
                self.purpose,
                self.source_id,
                self.model_id,
                self.preprocessing,
                self.transform,
                self.decision_id,
            )
        except UnicodeEncodeError:
            raise IntegrityError("a field of the row isn't valid text") from None


def check_vector(vector: NDArray[np.float32]) -> None:
    """Raise IntegrityError unless `vector` is (D,) float32, finite, of unit length, 1 <= D <= 527."""
    if vector.ndim != 1 or vector.dtype != np.float32 or not 1 <= vector.shape[0] <= MAX_DIMENSIONS:
        raise IntegrityError("only a one-dimensional float32 vector of at most 527 values can be sealed")
    norm = float(np.linalg.norm(vector.astype(np.float64)))
    if not abs(norm - 1.0) <= NORM_TOLERANCE:  # also false for NaN and infinity
        raise IntegrityError("only a finite vector of unit length can be sealed")


def payload(vector: NDArray[np.float32]) -> bytes:
    """Plaintext of one (D,) vector, PAYLOAD_BYTES long. Raises IntegrityError as `check_vector`."""
    check_vector(vector)
    plain = len(vector).to_bytes(2, "little") + vector.astype("<f4").tobytes()
    return plain.ljust(PAYLOAD_BYTES, b"\0")


def seal_to(vector: NDArray[np.float32], context: SealContext, suite: int, key: suites.PublicKey) -> bytes:
    """Like `seal`, with a public key already built. Only for a key whose record was verified.

    `vector`: (D,) float32 of unit length. Raises IntegrityError as `seal`.
    """
    try:
        sealed = suites.hpke(suite).encrypt(payload(vector), key, info=context.info(suite))
    except framing.FAILURES:
        raise IntegrityError("a vector can't be sealed to this key") from None
    return framing.header(MAGIC, suite) + sealed


def seal(vector: NDArray[np.float32], context: SealContext, suite: int, public_key_raw: bytes) -> bytes:
    """Seal one (D,) float32 vector of unit length to a raw public key; 2,166 bytes for suite 1, 3,254 for suite 2.

    Raises IntegrityError for an unknown suite, a bad key, a bad vector or an incomplete context.
    """
    return seal_to(vector, context, suite, suites.public_key(suite, public_key_raw))
