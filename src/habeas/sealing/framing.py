"""The six bytes before every HPKE output: magic (4), format version (1), suite (1).

The header also goes into `info`, so that a changed header can't be made to fit by changing what the reader
expects.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hpke import Suite

from habeas.model.errors import IntegrityError
from habeas.model.ids import Part, packed
from habeas.sealing import suites

FORMAT_VERSION = 1
HEADER_BYTES = 6


def header(magic: bytes, suite: int) -> bytes:
    """First bytes of a sealed value: magic, format version, suite."""
    return magic + bytes([FORMAT_VERSION, suite])


def info(magic: bytes, suite: int, *parts: Part) -> bytes:
    """Canonical bytes of everything bound: label, header, then the parts, each with length and type."""
    return packed("habeas sealing", header(magic, suite), *parts)


def body(magic: bytes, suite: int, sealed: bytes, *, plain_bytes: int) -> tuple[Suite, bytes]:
    """HPKE output behind the header. Raises IntegrityError unless header and length are what they must be."""
    expected = HEADER_BYTES + suites.overhead(suite) + plain_bytes
    if len(sealed) != expected or sealed[:HEADER_BYTES] != header(magic, suite):
        raise refused()
    return suites.hpke(suite), sealed[HEADER_BYTES:]


def refused() -> IntegrityError:
    """One answer for every cause: which check failed is not disclosed, to avoid an oracle."""
    return IntegrityError(
        "a sealed value can't be opened",
        hint="It was changed, belongs to another row or key, or was sealed with other settings.",
    )


FAILURES = (InvalidTag, ValueError, TypeError)
"""Errors of the library for a wrong key, tag or length."""
