"""By what decisions are verified: a key that jobs hold, and the rules as they were pinned."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from habeas.sealing import key_files
from habeas.warehouse.authenticated.mac import KEY_BYTES, MacKey, Use


@cache
def decision_key(installation_key: Path) -> MacKey:
    """Under which decisions are written and verified. Raises KeyUnavailable, IntegrityError."""
    return MacKey.of(key_files.read_key(installation_key, KEY_BYTES), Use.DECISION)
