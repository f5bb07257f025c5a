"""By what decisions are verified: a key that jobs hold, and the rules as they were pinned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from habeas.policy.policy_set import PolicySet
from habeas.sealing import key_files
from habeas.warehouse.authenticated.mac import KEY_BYTES, MacKey, Use


@dataclass(frozen=True)
class Trust:
    """`rules`: policy digest -> the set pinned under it; raises HabeasError where there is none.

    Workers get the place of the installation key and read it themselves.
    """

    installation_key: Path
    rules: Callable[[str], PolicySet]


@cache
def decision_key(installation_key: Path) -> MacKey:
    """Under which decisions are written and verified. Raises KeyUnavailable, IntegrityError."""
    return MacKey.of(key_files.read_key(installation_key, KEY_BYTES), Use.DECISION)
