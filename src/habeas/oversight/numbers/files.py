"""What became of every file that is there, each counted once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from habeas.oversight.numbers.tally import Tally
from habeas.policy.rulebook import Rulebook, is_waived
from habeas.warehouse.reader import Row

_REASON_ORDER: Final = (
    "left_out",
    "source_registered",
    "scan_ground",
    "within_retention",
    "purpose_known",
    "purpose_collected",
)
"""When several facts refuse a file, the first of these is the reason that is reported."""

NO_ROSTER: Final = "no_roster"
"""The reason of a file that no roster line is about; the rules give it the same fact as a file in which all listed
people are refused.
"""

_NOBODY_ALLOWED: Final = "line_allowed"
UNREADABLE: Final = "unreadable"


@dataclass(frozen=True, slots=True)
class Files:
    """`asset_id` -> reason for those refused and set aside; the counts follow. `ended`: looked at, and no purpose may
    look at them any more.
    """

    total: int
    looked_at: frozenset[str]
    refused: Mapping[str, str]
    set_aside: Mapping[str, str]
    waiting: frozenset[str]
    ended: frozenset[str]

    @property
    def refused_by(self) -> dict[str, int]:
        """Number of refused files by reason."""
        return dict(sorted(Counter(self.refused.values()).items()))

    @property
    def set_aside_by(self) -> dict[str, int]:
        """Number of files set aside by reason."""
        return dict(sorted(Counter(self.set_aside.values()).items()))


def count_files(tally: Tally, rules: Rulebook) -> Files:
    """Each present file: set aside, looked at, refused, or allowed and not yet looked at."""
    scans: dict[str, list[Row]] = {}
    for row in tally.decisions:
        if row["action"] == "scan":
            scans.setdefault(row["asset_id"], []).append(row)
    listed = {row["asset_id"] for row in tally.rosters}
    aside = _set_aside(tally)
    refused: dict[str, str] = {}
    ended, waiting = set(), set()
    for asset in tally.assets:
        name = asset["asset_id"]
        mine = scans.get(name, [])
        allowed = any(row["effect"] == "allow" for row in mine)
        if name in aside:
            continue
        if name in tally.looked_at:
            if mine and not allowed:
                ended.add(name)
        elif allowed:
            waiting.add(name)
        else:
            refused[name] = _why(mine, rules, name in listed)
    return Files(
        total=len(tally.assets),
        looked_at=tally.looked_at - aside.keys(),
        refused=refused,
        set_aside=aside,
        waiting=frozenset(waiting),
        ended=frozenset(ended),
    )


def _set_aside(tally: Tally) -> dict[str, str]:
    """Present files that can't be read, with the reason that was recorded last."""
    reasons: dict[str, str] = {}
    for row in sorted(tally.quarantine, key=lambda row: row["recorded_at"]):
        if row["item"] == "file" and row["asset_id"]:
            reasons[row["asset_id"]] = row["reason"]
    return {
        row["asset_id"]: reasons.get(row["asset_id"], UNREADABLE)
        for row in tally.assets
        if row["media"] == "unreadable" or _failed(tally.work.get(row["asset_id"]))
    }


def _failed(work: Row | None) -> bool:
    return work is not None and work["state"] == "quarantined"


def _why(scans: list[Row], rules: Rulebook, listed: bool) -> str:
    facts = {rules.fact(rule) for row in scans for rule in row["rules"] if not is_waived(rule)}
    facts |= {fact for row in scans for fact in row["missing"]}
    for fact in _REASON_ORDER:
        if fact in facts:
            return fact
    first = min(facts, default="undecided")
    return NO_ROSTER if first == _NOBODY_ALLOWED and not listed else first
