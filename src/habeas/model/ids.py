"""Deterministic ids: the same input always gets the same id, so that a retry finds its own rows.

Every id is a SHA-256 (or HMAC-SHA-256 where the input could be guessed) over length-prefixed parts
behind a label, cut to 128 bits for ids and whole for digests.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

import rfc8785

_ID = 32  # letters of 128 bits
_KEPT = 100_000

Part = str | int | bytes | float | bool | datetime | None


def _bytes(part: Part) -> bytes:
    if part is None:
        return b"n"
    if isinstance(part, bool):  # before int, which a bool is too
        return b"?1" if part else b"?0"
    if isinstance(part, bytes):
        return b"b" + part
    if isinstance(part, datetime):
        if part.tzinfo is None:
            raise ValueError("a time without a zone can't go into an id")
        return b"t" + str(int(part.timestamp() * 1_000_000)).encode()
    return type(part).__name__[0].encode() + str(part).encode()


def packed(*parts: Part) -> bytes:
    """Length-prefixed, type-tagged concatenation: no two different part lists give the same bytes."""
    coded = [_bytes(part) for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in coded)


def digest(label: str, *parts: Part) -> str:
    """Whole SHA-256, hex."""
    return hashlib.sha256(packed("habeas", label, *parts)).hexdigest()


def new_id(label: str, *parts: Part) -> str:
    """128-bit id, hex."""
    return digest(label, *parts)[:_ID]


def json_digest(label: str, value: Mapping[str, object]) -> str:
    """Digest of a JSON object in its canonical form (RFC 8785)."""
    return digest(label, rfc8785.dumps(value))  # type: ignore[arg-type]


def asset_id(installation_key: bytes, source_id: str, content_sha256: bytes) -> str:
    """Names content inside a source; without the key it can't be tested whether a photo is in the source."""
    return hmac.new(installation_key, packed("asset", source_id, content_sha256), "sha256").hexdigest()[:32]


def place_id(installation_key: bytes, source_id: str, location: str) -> str:
    """Names something that has no readable content (a FIFO, a link, a folder called x.jpg)."""
    return hmac.new(installation_key, packed("place", source_id, location), "sha256").hexdigest()[:32]


def alike_place_id(installation_key: bytes, source_id: str, location: str) -> str:
    """Names every place whose path is written like this one, in whichever form of the same letters. For noes alone."""
    return hmac.new(installation_key, packed("places alike", source_id, location), "sha256").hexdigest()[:32]


def row_id(line: str, key: str, model: str, rank: int) -> str:
    """Whole SHA-256: roster line, key, model identity, rank of the frame."""
    return digest("row", line, key, model, rank)


def decision_id(
    action: str,
    asset: str,
    line: str | None,
    purpose: str,
    facts: str,
    policy: str,
    as_of: datetime,
    pack: str = "",
) -> str:
    """Names a decision by everything it was about and rests on; `facts`, `policy` and `pack` are digests.

    Decisions of versions before 1.4.0 of their table name no model pack.
    """
    return DecisionNames(action, policy, as_of, pack).name(asset, line, purpose, facts)


class DecisionNames:
    """`decision_id` of many decisions: what they share is packed once, and so is each set of facts."""

    def __init__(self, action: str, policy: str, as_of: datetime, pack: str = "") -> None:
        # str: a word of an enumeration is packed under another tag than the same word as text.
        self._before = packed("habeas", "decision", str(action))
        self._after = packed(policy, as_of, *([pack] if pack else []))
        self._facts: dict[str, bytes] = {}

    def name(self, asset: str, line: str | None, purpose: str, facts: str) -> str:
        """Id of the decision about an asset or one of its roster lines, lower-case hex.

        `facts`: digest of its fact set.
        """
        ending = self._facts.get(facts)
        if ending is None:
            self._facts = {} if len(self._facts) > _KEPT else self._facts
            ending = self._facts[facts] = packed(facts) + self._after
        whole = self._before + packed(asset, line or "", purpose) + ending
        return hashlib.sha256(whole).hexdigest()[:_ID]
