"""Closed lists of words that records and facts share. Words follow W3C DPV 2 where it has one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """A closed list of words; `name` is its entity type in Cedar."""

    name: str
    words: tuple[str, ...]


GROUND = Words(
    "Ground",
    (
        "Consent",
        "LegitimateInterest",
        "LegalObligation",
        "PublicInterest",
        "OfficialAuthorityOfController",
        "VitalInterest",
        "Contract",
        "none",
    ),
)
"""Legal grounds: local names of W3C DPV 2 legal bases, and `none` = there is no ground."""


MEDIUM = Words("Medium", ("studio", "event", "register", "broadcast", "cctv", "web", "other"))
"""How a source's footage came about."""


AGE = Words("Age", ("under_14", "under_16", "under_18", "adult"))
"""A person's age band when it was last stated; a band never rises by itself."""
