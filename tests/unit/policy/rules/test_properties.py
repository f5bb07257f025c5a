"""Promises that hold for every fact set: by chance, from a seed that is an argument, against all shipped packs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

import pytest
from plain_policy import as_plain, by_chance, plain_decide, values_of

from habeas.model.decision import Action, Effect, FactValue
from habeas.policy.cases.files import read_bases
from habeas.policy.facts.schema import WAIVERS, fact_named, facts_of
from habeas.policy.rules.decide import Decider, decide
from habeas.policy.rules.packs import Pack, load_packs, pack_names

PROJECT = Path(__file__).resolve().parents[4]
PACKS = load_packs(PROJECT / "policies", pack_names(PROJECT / "policies"))
BASES = read_bases(PROJECT / "tests" / "policy")
ALL = Decider(PACKS)

SEEDS = (1, 2, 3)
COUNT = 150
EACH_SEED = pytest.mark.parametrize(
    "seed", [SEEDS[0], *(pytest.param(seed, marks=pytest.mark.battery) for seed in SEEDS[1:])]
)


def some(seed: int) -> list[tuple[Action, dict[str, FactValue]]]:
    return list(by_chance(seed, COUNT, BASES))


def test_chance_finds_every_answer() -> None:
    seen = Counter(
        (action, ALL.decide(action, facts).effect) for seed in SEEDS for action, facts in some(seed)
    )
    for action in Action:
        for effect in Effect:
            assert seen[action, effect] >= 3, seen


@EACH_SEED
def test_the_engine_answers_as_a_plain_reading_of_the_rules_does(seed: int) -> None:
    for action, facts in some(seed):
        assert plain_decide(action, facts, PACKS) == as_plain(ALL.decide(action, facts)), (action, facts)


@EACH_SEED
def test_what_is_remembered_is_what_is_decided_anew(seed: int) -> None:
    for action, facts in some(seed)[:60]:
        assert decide(action, facts, PACKS) == ALL.decide(action, facts)


@EACH_SEED
def test_adding_a_pack_never_turns_a_refusal_into_an_allowance(seed: int) -> None:
    some_packs = [chosen for size in (1, 2, 6) for chosen in combinations(PACKS, size)]
    deciders = [(chosen, Decider(chosen)) for chosen in some_packs]
    for action, facts in some(seed):
        allowed = ALL.decide(action, facts).effect is Effect.ALLOW
        for chosen, fewer in deciders if allowed else ():
            if _asked(chosen, action, facts):
                assert fewer.decide(action, facts).effect is Effect.ALLOW


def _asked(packs: tuple[Pack, ...], action: Action, facts: Mapping[str, FactValue]) -> bool:
    """Where none of the packs applies the refusal says nothing about the rules: it says that there are none."""
    return any(pack.applies(action, facts) for pack in packs)


@EACH_SEED
def test_leaving_out_a_fact_never_allows_what_some_value_of_it_would_deny(seed: int) -> None:
    for action, facts in some(seed):
        for fact in facts_of(action):
            bare = {name: value for name, value in facts.items() if name != fact.name}
            if ALL.decide(action, bare).effect is Effect.ALLOW:
                for value in values_of(fact):
                    denied = ALL.decide(action, bare | {fact.name: value}).effect is not Effect.ALLOW
                    assert not denied, f"{action}: allowed without {fact.name}, denied with {value}"


@EACH_SEED
@pytest.mark.parametrize("said", ["withdrawn", "refused", "expired", "future"])
def test_withdrawing_never_turns_a_refusal_into_an_allowance(seed: int, said: str) -> None:
    consent = fact_named("consent")
    assert consent is not None
    allowed = 0
    for action, facts in some(seed):
        if action not in consent.actions:
            continue
        before = ALL.decide(action, facts).effect
        more: dict[str, FactValue] = {"separate_consent": False} if action is Action.EMBED else {}
        after = ALL.decide(action, facts | more | {"consent": said}).effect
        if facts.get("consent") == "given" and before is not Effect.ALLOW:
            assert after is not Effect.ALLOW, facts
        if action is Action.EMBED and "HOUSE-10" not in str(facts.get("waived")):
            allowed += after is Effect.ALLOW
    assert 0 == allowed, "nobody is embedded on a consent that doesn't stand"


@EACH_SEED
def test_a_waiver_only_ever_sets_house_rules_aside(seed: int) -> None:
    laws = tuple(pack for pack in PACKS if pack.name != "house")
    without = Decider(laws)
    for action, facts in some(seed):
        if action not in _waivable():
            continue
        waived = ALL.decide(action, facts | {"waived": "HOUSE-10,HOUSE-17,HOUSE-2,HOUSE-4,HOUSE-9,KR-29"})
        assert all(rule.pack == "house" and rule.curable for rule in waived.rules if rule.kind == "waived")
        if without.decide(action, facts).effect is not Effect.ALLOW and _asked(laws, action, facts):
            assert waived.effect is not Effect.ALLOW


def _waivable() -> tuple[Action, ...]:
    return next(fact.actions for action in Action for fact in facts_of(action) if fact.type == WAIVERS)


@EACH_SEED
def test_a_refusal_names_its_rules_and_an_allowance_its_permits(seed: int) -> None:
    for action, facts in some(seed):
        verdict = ALL.decide(action, facts)
        kinds = {rule.kind for rule in verdict.rules} - {"waived"}
        expected = {Effect.ALLOW: {"permit"}, Effect.GAP: {"gap"}, Effect.DENY: (kinds & {"gap"}) | {"deny"}}
        assert expected[verdict.effect] == kinds
        assert all(rule.sentence for rule in verdict.rules)
        curable = [rule.curable for rule in verdict.rules if rule.kind in ("gap", "deny")]
        assert sorted(curable) == curable
