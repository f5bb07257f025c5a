"""All fact sets that can matter to a rule, tried through Cedar: small, since a rule reads few facts of few values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

import cedarpy
from cedarpy import pst

from habeas.model.decision import Action, FactValue
from habeas.policy.facts.schema import BOOL, Words, cedar_context, fact_named, facts_of
from habeas.policy.rules.cedar_text import SCHEMA, parts_of
from habeas.policy.rules.rules import PackRule

MOST = 20_000
"""More fact sets than this are not tried."""

Values = tuple[FactValue | None, ...]  # one a fact; None = absent


@dataclass(frozen=True, slots=True)
class Firing:
    """When a rule fires: the facts it reads, and every set of their values on which it does."""

    rule: PackRule
    names: tuple[str, ...]
    on: frozenset[Values]
    errs: bool  # on some values Cedar can't evaluate it

    def fires(self, facts: Mapping[str, FactValue | None]) -> bool:
        """True if the rule fires on these facts; a missing fact counts as None."""
        return tuple(facts.get(name) for name in self.names) in self.on


def domain(name: str, rules: Sequence[PackRule]) -> tuple[FactValue, ...]:
    """Values of a fact that some of `rules` may tell apart: words that none mentions are alike to them."""
    fact = fact_named(name)
    if fact is None or fact.type == BOOL:
        return (True, False)
    if not isinstance(fact.type, Words):
        return tuple(range(MOST))  # days: more than can be tried
    if any(_compares_facts(each) for each in rules):
        return fact.type.words
    named = {word for each in rules for kind, word in each.statement.words if kind == fact.type.name}
    others = [word for word in fact.type.words if word not in named]
    return (*(word for word in fact.type.words if word in named), *others[:1])


def fact_sets(names: Sequence[str], rules: Sequence[PackRule]) -> Iterator[Values] | None:
    """Every combination of values, absence included; None where there are too many to try."""
    choices = [(None, *domain(name, rules)) for name in names]
    return product(*choices) if prod(len(each) for each in choices) <= MOST else None


def firing(rule: PackRule, action: Action, among: Sequence[PackRule]) -> Firing | None:
    """When `rule` fires, over values that the rules in `among` tell apart; None where there are too many.

    A rule about several actions may ask for a fact that one of them hasn't: there it is always absent.
    """
    names = tuple(fact.name for fact in facts_of(action) if fact.name in rule.reads)
    tried = fact_sets(names, among)
    if tried is None:
        return None
    sets = list(tried)
    requests = [
        {
            "principal": 'Pipeline::"habeas"',
            "action": f'Action::"{action.value}"',
            "resource": 'Thing::"one"',
            "context": cedar_context({n: v for n, v in zip(names, values, strict=True) if v is not None}),
        }
        for values in sets
    ]
    answers = cedarpy.is_authorized_batch(
        requests, cedarpy.PolicySet.from_str(rule.statement.text), "[]", SCHEMA
    )
    on = frozenset(values for values, answer in zip(sets, answers, strict=True) if answer.diagnostics.reasons)
    return Firing(rule, names, on, errs=any(answer.diagnostics.errors for answer in answers))


def _compares_facts(rule: PackRule) -> bool:
    """Whether two facts are compared with one another, not with words of the rule."""
    return any(
        isinstance(part, pst.BinaryOp)
        and part.op not in ("and", "or")
        and all(
            any(isinstance(each, pst.GetAttr) for each in parts_of(side)) for side in (part.left, part.right)
        )
        for part in parts_of(rule.statement.node.clauses)
    )
