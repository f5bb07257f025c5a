"""Fact sets by the thousand: the engine and a plain reading of the rules give the same answers."""

from __future__ import annotations

from collections import Counter

import pytest
from plain_policy import as_plain, by_chance, plain_decide

from habeas.model.decision import Effect
from habeas.policy.decide import Decider
from habeas.policy.packs import load_packs, pack_names
from habeas.policy.table_files import read_bases
from habeas.settings import PROJECT


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("count", "seed"), [(10_000, 20261124), pytest.param(100_000, 20261123, marks=pytest.mark.battery)]
)
def test_the_same_answers_on_thousands_of_fact_sets(count: int, seed: int) -> None:
    packs = load_packs(PROJECT / "policies", pack_names(PROJECT / "policies"))
    bases = read_bases(PROJECT / "tests" / "policy")
    decider = Decider(packs)
    seen: Counter[Effect] = Counter()
    for action, facts in by_chance(seed, count, bases):
        verdict = decider.decide(action, facts)
        seen[verdict.effect] += 1
        assert plain_decide(action, facts, packs) == as_plain(verdict), (action, facts)
    assert sum(seen.values()) == count
    assert min(seen[effect] for effect in Effect) > count // 50
