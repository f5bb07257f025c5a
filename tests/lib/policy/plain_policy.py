"""Deciding done again, slow and plain: no engine, no memory, every rule read as the sentence it is.

Written apart from `habeas.policy.rules.decide`, to be held against it. Also fact sets by chance, for both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

from cedarpy import pst

from habeas.model.decision import Action, FactValue, Rule, Verdict
from habeas.policy.facts.schema import BOOL, WAIVERS, Fact, Words, facts_of
from habeas.policy.rules.packs import Pack

Facts = Mapping[str, FactValue]


class Unreadable(Exception):
    """A fact was read that isn't there."""


OF_THE_PERSON = ("consent", "consent_in_scope", "separate_consent", "purpose_collected", "key_open")


def plain_decide(action: Action, facts: Facts, packs: Sequence[Pack]) -> dict[str, Any]:
    """effect, rules against (a set), missing, waived, and what a regulator reads."""
    asked = [pack for pack in packs if _reaches(pack, action, facts)]
    fired = {
        (pack.name, each.rule.rule_id): each
        for pack in asked
        for each in pack.rules
        if each.rule.kind != "permit" and action in each.actions and _holds(each.statement.node, facts)
    }
    waivers = str(facts.get("waived", "")).split(",")
    waived = {
        key
        for key, each in fired.items()
        if key[0] == "house"
        and key[1].removesuffix("-gap") in waivers
        and each.rule.curable
        and each.rule.fact not in OF_THE_PERSON
    }
    against = {key: each for key, each in fired.items() if key not in waived}
    finding = facts.get("regulator_finding")
    told = {
        key: each
        for key, each in fired.items()
        if key[0] != "house" and not (each.regulator_permits and each.regulator_permits == finding)
    }
    laws = [pack for pack in asked if pack.name != "house"]
    return {
        "effect": _effect(asked, action, against),
        "against": set(against),
        "missing": sorted({each.rule.fact for each in against.values() if each.rule.kind == "gap"}),
        "waived": waived,
        "regulator": _effect(laws, action, told) if laws else None,
        "told": set(told),
    }


def as_plain(verdict: Verdict) -> dict[str, Any]:
    """The engine's verdict in the form of `plain_decide`."""

    def names(rules: tuple[Rule, ...], kinds: tuple[str, ...]) -> set[tuple[str, str]]:
        return {
            (r.pack, r.rule_id) for r in rules if r.kind in kinds and r.rule_id not in ("silent", "no-pack")
        }

    against = ("gap", "deny")
    told = verdict.regulator
    return {
        "effect": verdict.effect.value,
        "against": names(verdict.rules, against),
        "missing": list(verdict.missing),
        "waived": names(verdict.rules, ("waived",)),
        "regulator": told.effect.value if told else None,
        "told": names(told.rules, against) if told else set(),
    }


def _reaches(pack: Pack, action: Action, facts: Facts) -> bool:
    law = pack.meta.applies_when
    if law == "always":
        return True
    return law in {fact.name for fact in facts_of(action)} and not (law in facts and facts[law] is False)


def _effect(asked: Sequence[Pack], action: Action, against: Mapping[Any, Any]) -> str:
    silent = [
        pack
        for pack in asked
        if not any(each.rule.kind == "permit" and action in each.actions for each in pack.rules)
    ]
    if not asked or any(not any(key[0] == pack.name for key in against) for pack in silent):
        return "deny"
    if not against:
        return "allow"
    return "gap" if all(each.rule.kind == "gap" for each in against.values()) else "deny"


def _holds(node: pst.Template, facts: Facts) -> bool:
    return all(_value(clause.expr, facts) is isinstance(clause, pst.When) for clause in node.clauses)


def _value(expr: Any, facts: Facts) -> Any:  # noqa: C901, PLR0911 - one line a kind of node
    match expr:
        case pst.BoolLit(value=value) | pst.LongLit(value=value):
            return value
        case pst.EntityLit(value=uid):
            return uid.id
        case pst.Set(elements=elements):
            return [_value(each, facts) for each in elements]
        case pst.HasAttr(attrs=(name,)):
            return name in facts
        case pst.GetAttr(attr=name):
            if name not in facts:
                raise Unreadable(name)
            return facts[name]
        case pst.UnaryOp(op="not", arg=arg):
            return not _value(arg, facts)
        case pst.BinaryOp(op="and", left=left, right=right):
            return _value(left, facts) and _value(right, facts)
        case pst.BinaryOp(op="or", left=left, right=right):
            return _value(left, facts) or _value(right, facts)
        case pst.BinaryOp(op="eq", left=left, right=right):
            return _value(left, facts) == _value(right, facts)
        case pst.BinaryOp(op="not_eq", left=left, right=right):
            return _value(left, facts) != _value(right, facts)
        case pst.BinaryOp(op="contains", left=left, right=right):
            return _value(right, facts) in _value(left, facts)
    raise NotImplementedError(type(expr).__name__)


# Fact sets by chance.

WAIVED = ("HOUSE-2", "HOUSE-9", "HOUSE-10,HOUSE-9", "HOUSE-17", "KR-29")


def values_of(fact: Fact) -> tuple[FactValue, ...]:
    """Every value a fact may have."""
    if isinstance(fact.type, Words):
        return fact.type.words
    return WAIVED if fact.type == WAIVERS else (True, False) if fact.type == BOOL else (0, 1, 365)


def by_chance(
    seed: int, count: int, bases: Mapping[Action, Facts]
) -> Iterator[tuple[Action, dict[str, FactValue]]]:
    """Fact sets near an innocent one (a few facts changed or missing), so that every answer occurs; some far off."""
    chance = Random(seed)
    for _ in range(count):
        action = chance.choice(tuple(Action))
        known = facts_of(action)
        facts = dict(bases[action])
        changes = len(known) if chance.random() < 0.1 else chance.choice((0, 1, 1, 2, 2, 3, 5, 8))
        for fact in chance.sample(known, min(changes, len(known))):
            if chance.random() < 0.3:
                facts.pop(fact.name, None)
            else:
                facts[fact.name] = chance.choice(values_of(fact))
        yield action, facts
