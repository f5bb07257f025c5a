"""Fact sets by the thousand: the engine and a plain reading of the rules give the same answers, and more packs, a fact
less or a consent less never open anything.
"""

from __future__ import annotations

import random
from collections import Counter
from itertools import combinations

import pytest
from plain_policy import as_plain, by_chance, plain_decide

from habeas.model.decision import Action, Effect
from habeas.model.installation.resources import PROJECT
from habeas.policy.cases.files import read_bases
from habeas.policy.rules.decide import Decider
from habeas.policy.rules.packs import load_packs, pack_names

COUNTS = pytest.mark.parametrize(
    ("count", "seed"), [(10_000, 20261124), pytest.param(100_000, 20261123, marks=pytest.mark.battery)]
)
PACKS = load_packs(PROJECT / "policies", pack_names(PROJECT / "policies"))
BASES = read_bases(PROJECT / "tests" / "policy")


@pytest.mark.slow
@pytest.mark.timeout(1800)
@COUNTS
def test_the_same_answers_on_thousands_of_fact_sets(count: int, seed: int) -> None:
    decider = Decider(PACKS)
    seen: Counter[Effect] = Counter()
    for action, facts in by_chance(seed, count, BASES):
        verdict = decider.decide(action, facts)
        seen[verdict.effect] += 1
        assert plain_decide(action, facts, PACKS) == as_plain(verdict), (action, facts)
    assert sum(seen.values()) == count
    assert min(seen[effect] for effect in Effect) > count // 50


@pytest.mark.slow
@pytest.mark.timeout(1800)
@COUNTS
def test_nothing_opens_by_more_packs_fewer_facts_or_less_consent_on_thousands_of_fact_sets(
    count: int, seed: int
) -> None:
    chance, every = random.Random(seed), Decider(PACKS)
    fewer = [(chosen, Decider(chosen)) for size in (1, 3, 6) for chosen in combinations(PACKS, size)]
    held: Counter[str] = Counter()
    for action, facts in by_chance(seed, count, BASES):
        allowed = every.decide(action, facts).effect is Effect.ALLOW
        chosen, decider = chance.choice(fewer)
        if any(pack.applies(action, facts) for pack in chosen):
            few = decider.decide(action, facts).effect is Effect.ALLOW
            held["fewer packs refuse"] += not few
            assert few or not allowed, (action, facts)
        name = chance.choice(sorted(facts) or [""])
        bare = {each: value for each, value in facts.items() if each != name}
        if every.decide(action, bare).effect is Effect.ALLOW:
            held["allowed without a fact"] += 1
            assert allowed, f"{action}: allowed without {name}, refused with it: {facts}"
        if facts.get("consent") == "given":
            less = {"separate_consent": False} if action is Action.EMBED else {}
            withdrawn = every.decide(action, {**facts, **less, "consent": "withdrawn"}).effect
            held["withdrawn"] += 1
            assert allowed or withdrawn is not Effect.ALLOW, (action, facts)
    assert min(held.values()) > count // 100 and len(held) == 3, held
