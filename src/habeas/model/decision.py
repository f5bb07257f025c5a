"""Facts, decisions and what follows from them. Facts hold no id and no instant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

FactValue = bool | int | str
Facts = Mapping[str, FactValue]
"""Fact name -> boolean, whole number of days, or enum word. A fact that wasn't supplied is absent."""


class Action(StrEnum):
    """What a decision permits or refuses."""

    SCAN = "scan"  # may we look for faces in this asset at all?
    EMBED = "embed"  # may this roster line's face become a template for this purpose?
    MATCH = "match"  # may a probe be searched for among the consenting? (1:N; no step does it yet)
    KEEP = "keep"  # may what is stored stay as it is, or is a duty overdue?
    CERTIFY = "certify"  # may an erasure be called proven?


class Effect(StrEnum):
    """Outcome of a decision."""

    ALLOW = "allow"
    DENY = "deny"
    GAP = "gap"  # only missing facts spoke against it; counts as deny


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that fired: pack and id name it, `sentence` says it to a person, `citation` where it comes from.

    `kind`: "gap", "deny", "permit", or "waived" = a house rule that fired and was set aside by a waiver.
    """

    pack: str
    rule_id: str
    kind: str
    sentence: str
    citation: str
    fact: str
    curable: bool = True  # False: no consent mends it; such rules come first

    @property
    def name(self) -> str:
        """As tables hold it: pack/id, and `waived:` before it where it was waived."""
        return f"{'waived:' if self.kind == 'waived' else ''}{self.pack}/{self.rule_id}"


@dataclass(frozen=True, slots=True)
class Informed:
    """How a profile that only informs reads the same facts: the laws as a regulator read them, no house rules."""

    effect: Effect
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the packs say about one fact set. Pure: same facts and packs, same verdict.

    `effect` and `rules` are the strict profile, which gates. `regulator` informs and opens nothing.
    """

    effect: Effect
    rules: tuple[Rule, ...]
    missing: tuple[str, ...]  # names of the missing facts, sorted
    retention_days: int | None  # shortest over the packs that allow
    obligations: tuple[str, ...] = ()  # united: shortest deadline, longest log; sorted, like "log_days>=730"
    regulator: Informed | None = None


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
    rules: tuple[str, ...]  # Rule.name
    missing: tuple[str, ...]
    retention_days: int | None
    obligations: tuple[str, ...] = ()
    regulator_effect: Effect | None = None
    regulator_rules: tuple[str, ...] = ()
