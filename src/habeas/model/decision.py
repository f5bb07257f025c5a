"""Facts, decisions and what follows from them. Facts hold no id and no instant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

FactValue = bool | int | str
Facts = Mapping[str, FactValue]
"""Fact name -> boolean, whole number of days, or enum word. A fact nobody supplied is absent."""


class Action(StrEnum):
    SCAN = "scan"  # may we look for faces in this asset at all?
    EMBED = "embed"  # may this roster line's face become a template for this purpose?


class Effect(StrEnum):
    ALLOW = "allow"
    DENY = "deny"
    GAP = "gap"  # only missing facts spoke against it; counts as deny


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that fired: pack and id name it, `sentence` says it to a person, `citation` where it comes from."""

    pack: str
    rule_id: str
    kind: str  # "gap" | "deny"
    sentence: str
    citation: str
    fact: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the packs say about one fact set. Pure: same facts and packs, same verdict."""

    effect: Effect
    rules: tuple[Rule, ...]
    missing: tuple[str, ...]  # names of the missing facts, sorted
    retention_days: int | None  # shortest over the packs that allow


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict about one thing at one time. `line_id` is None for a scan decision."""

    decision_id: str
    action: Action
    asset_id: str
    line_id: str | None
    purpose: str
    facts_digest: str
    policy_digest: str
    as_of: datetime
    valid_until: datetime | None
    effect: Effect
    rules: tuple[str, ...]  # "pack/rule_id"
    missing: tuple[str, ...]
    retention_days: int | None
