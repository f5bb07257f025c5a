"""By what decisions are verified: a key that jobs hold, and the rules as they were pinned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Trust:
    """`rules`: policy digest -> the set pinned under it; raises HabeasError where there is none.

    The rules are a policy.policy_set.PolicySet, which the warehouse doesn't know. Workers get the place of the
    installation key and read it themselves.
    """

    installation_key: Path
    rules: Callable[[str], Any]
