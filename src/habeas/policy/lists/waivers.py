"""Exceptions from house rules, `policies/waivers.yaml`: each with an owner, a reason and an end.

A law can't be waived, and neither can "everything": a waiver names one house rule. It sets the rule aside and its
gap twin with it, is recorded in every decision it touches, and stands on every report, in force or not.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

import yaml

from habeas.model.errors import UsageError
from habeas.policy.lists import strict_yaml

_NEEDED = ("rule", "owner", "reason", "granted_on", "ends_on")
_ROLE = re.compile(r"[a-z][a-z0-9_-]{1,39}")
_HOUSE = re.compile(r"HOUSE-[0-9]+")


@dataclass(frozen=True, slots=True)
class Waiver:
    """One house rule set aside from `granted_on` until the day before `ends_on` (UTC).

    Empty `sources` or `purposes` limit nothing.
    """

    rule: str
    owner: str  # a role
    reason: str
    granted_on: date
    ends_on: date
    sources: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()

    def state(self, today: date) -> str:
        """`in force`, `expired` or `not yet`."""
        if today < self.granted_on:
            return "not yet"
        return "in force" if today < self.ends_on else "expired"

    def fits(self, source: str | None, purpose: str) -> bool:
        """Whether it is about this source (None = no source is known) and purpose."""
        return (not self.sources or source in self.sources) and (
            not self.purposes or purpose in self.purposes
        )

    @property
    def about(self) -> str:
        """What it is about, for people."""
        parts = [f"{name} {', '.join(names)}" for name, names in
                 (("source", self.sources), ("purpose", self.purposes)) if names]  # fmt: skip
        return "; ".join(parts) or "everything"


def waivers_of(
    raw: bytes, file: str, house: Collection[str], purposes: Collection[str]
) -> tuple[Waiver, ...]:
    """All waivers, as they stand in the file. `house`: rules that can be waived. Raises UsageError with the line."""
    return tuple(_waiver(node, file, house, purposes) for node in strict_yaml.entries(raw, file, "waivers"))


def _waiver(node: yaml.Node, file: str, house: Collection[str], purposes: Collection[str]) -> Waiver:
    entry = strict_yaml.fields(node, file, _NEEDED, ("sources", "purposes"))
    place = strict_yaml.place(node, file)
    waiver = Waiver(
        rule=strict_yaml.text(entry["rule"], file),
        owner=strict_yaml.text(entry["owner"], file),
        reason=strict_yaml.text(entry["reason"], file),
        granted_on=strict_yaml.day(entry["granted_on"], file),
        ends_on=strict_yaml.day(entry["ends_on"], file),
        sources=_limit(entry, "sources", file),
        purposes=_limit(entry, "purposes", file),
    )
    _check_rule(waiver.rule, house, strict_yaml.place(entry["rule"], file))
    if not _ROLE.fullmatch(waiver.owner):
        hint = "Write a role such as privacy-office: people leave."
        raise UsageError(f"{place}: the owner must be a role in lower case", hint=hint)
    if waiver.ends_on <= waiver.granted_on:
        raise UsageError(f"{place}: it ends before it begins", hint="ends_on is the first day without it.")
    if strange := set(waiver.purposes) - set(purposes):
        raise UsageError(
            f"{place}: {len(strange)} of its purposes are not in the list of purposes",
            hint="See purposes.yaml.",
        )
    return waiver


def _check_rule(rule: str, house: Collection[str], place: str) -> None:
    if rule in house:
        return
    if _HOUSE.fullmatch(rule):
        hint = "What nothing cures, and what only the person can give, holds without exception."
        raise UsageError(f"{place}: {rule} is no house rule that can be waived", hint=hint)
    raise UsageError(
        f"{place}: only one house rule by its id can be waived, never a law, a gap alone or all rules",
        hint="Name it like HOUSE-9; write one waiver a rule.",
    )


def _limit(entry: Mapping[str, yaml.Node], name: str, file: str) -> tuple[str, ...]:
    """Sources or purposes it is limited to. Written and empty is refused: it could mean all or none."""
    if name not in entry:
        return ()
    values = strict_yaml.texts(entry[name], file)
    if not values or {"*", "any", "all"} & {word.lower() for word in values}:
        hint = f"Leave {name} out where it limits nothing."
        raise UsageError(f"{strict_yaml.place(entry[name], file)}: {name} must name each one", hint=hint)
    return values
