"""The opening half of the envelope: for the custodian, out of reach of the embed path."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from habeas.model.errors import IntegrityError
from habeas.sealing import framing
from habeas.sealing.envelope import MAGIC, PAYLOAD_BYTES, SealContext, check_vector
from habeas.sealing.keypairs import private_key


def open_sealed(sealed: bytes, context: SealContext, suite: int, private_raw: bytes) -> NDArray[np.float32]:
    """Open one sealed vector: (D,) float32. `suite` is what the key's own record says, not what the row says.

    Raises IntegrityError, always with the same words, when header, key, context or content don't fit.
    """
    hpke, output = framing.body(MAGIC, suite, sealed, plain_bytes=PAYLOAD_BYTES)
    try:
        plain = hpke.decrypt(output, private_key(suite, private_raw), info=context.info(suite))
    except framing.FAILURES:
        raise framing.refused() from None
    return _vector(plain)


def _vector(plain: bytes) -> NDArray[np.float32]:
    end = 2 + 4 * int.from_bytes(plain[:2], "little")
    if end > PAYLOAD_BYTES or any(plain[end:]):
        raise framing.refused()
    vector = np.frombuffer(plain[2:end], dtype="<f4").astype(np.float32)
    try:
        check_vector(vector)
    except IntegrityError:
        raise framing.refused() from None
    return vector
