"""What the rules of one pack mean together: never firing, shadowed, silent where a fact is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from habeas.model.decision import Action
from habeas.policy.rules.domains import Firing, fact_sets, firing
from habeas.policy.rules.pairs import partner_id
from habeas.policy.rules.rules import PackRule


class Found(NamedTuple):
    """Severity, place and id of a rule, what it is, and what to do."""

    severity: str
    place: str
    rule: str
    says: str
    mend: str


def meaning(rules: Sequence[PackRule]) -> tuple[Found, ...]:
    """Every finding about the forbids among `rules`, which are those of one pack."""
    forbids = [each for each in rules if each.rule.kind != "permit"]
    findings: dict[Found, None] = {}
    by_action: dict[Action, dict[str, Firing]] = {}
    for action in Action:
        among = [each for each in forbids if action in each.actions]
        by_action[action] = {}
        for each in among:
            tested = firing(each, action, among)
            if tested is not None:
                by_action[action][each.rule.rule_id] = tested
            findings |= dict.fromkeys(_alone(each, action, tested))
        findings |= dict.fromkeys(_open(by_action[action], among))
    return (*findings, *_shadowed(by_action, forbids))


def _alone(pack_rule: PackRule, action: Action, tested: Firing | None) -> Iterator[Found]:
    name = pack_rule.rule.rule_id
    if tested is None:
        mend = "Read fewer facts in one rule, or split it."
        yield Found("info", pack_rule.place, name, "reads too many facts to be tried on all of them", mend)
    elif tested.errs:
        mend = "Write it so that it can always be evaluated: what can't be is refused."
        yield Found("error", pack_rule.place, name, "can't be evaluated on some facts", mend)
    elif not tested.on:
        mend = "Its conditions exclude one another: mend them, or take the pair or the action out."
        yield Found("error", pack_rule.place, name, f"can never fire for {action}", mend)


def _shadowed(
    by_action: Mapping[Action, Mapping[str, Firing]], forbids: Sequence[PackRule]
) -> Iterator[Found]:
    """Deny rules that never decide alone: whenever they fire, one other fires as well."""
    denies = [each for each in forbids if each.rule.kind == "deny"]
    reported: set[str] = set()
    for one in denies:
        for other in denies:
            name, more = one.rule.rule_id, other.rule.rule_id
            if one is other or more in reported or not set(one.actions) <= set(other.actions):
                continue
            if all(_covered(name, more, by_action[action], action, forbids) for action in one.actions):
                reported.add(name)
                mend = "Keep it if the law says it twice; else narrow one of them."
                yield Found(
                    "warning", one.place, name, f"never decides alone: {more} fires whenever it does", mend
                )
                break


def _covered(
    name: str, other: str, firings: Mapping[str, Firing], action: Action, forbids: Sequence[PackRule]
) -> bool:
    among = [each for each in forbids if action in each.actions]
    return name in firings and other in firings and _implies(firings[name], firings[other], among)


def _implies(one: Firing, other: Firing, among: Sequence[PackRule]) -> bool:
    """Whether `other` fires on every fact set on which `one` does, and `one` does on some."""
    more = [name for name in other.names if name not in one.names]
    added = [dict(zip(more, values, strict=True)) for values in fact_sets(more, among) or ()]
    if not one.on or not added:
        return False
    for values in one.on:
        facts = dict(zip(one.names, values, strict=True))
        if not all(other.fires(facts | each) for each in added):
            return False
    return True


def _open(firings: Mapping[str, Firing], among: Sequence[PackRule]) -> Iterator[Found]:
    """Deny rules that a missing fact would silence, with no gap rule to speak for it."""
    for pack_rule in among:
        name, denying = pack_rule.rule.rule_id, firings.get(pack_rule.rule.rule_id)
        if pack_rule.rule.kind != "deny" or denying is None:
            continue
        guards = [
            firings[other.rule.rule_id]
            for other in among
            if other.rule.rule_id in firings
            and (
                other.rule.rule_id in (name, partner_id(name))
                or (other.rule.kind == "gap" and not other.applies)
            )
        ]
        for fact in sorted(_silencing(denying, guards)):
            says = f"denies for some value of {fact}, and could allow where {fact} is missing"
            mend = f"Write !(context has {fact} && …), or give {fact} a gap rule that applies everywhere."
            yield Found("error", pack_rule.place, name, says, mend)


def _silencing(denying: Firing, guards: Sequence[Firing]) -> set[str]:
    """Facts without which none of the guards fires, though the rule does with them."""
    missing_facts = set()
    for values in denying.on:
        facts = dict(zip(denying.names, values, strict=True))
        for fact, value in facts.items():
            if value is not None and not any(each.fires(facts | {fact: None}) for each in guards):
                missing_facts.add(fact)
    return missing_facts
