"""The decision tables of tests/policy, one test a row; and that every rule of a shipped pack is shown to matter."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from habeas.model.decision import Action, Effect, FactValue
from habeas.policy.cases.files import read_bases
from habeas.policy.cases.run import Result, read_tables, run_case
from habeas.policy.rules.decide import decide
from habeas.policy.rules.domains import domain
from habeas.policy.rules.packs import Pack, PackRule, load_packs, pack_names

PROJECT = Path(__file__).resolve().parents[4]
TABLES = PROJECT / "tests" / "policy"
PACKS = load_packs(PROJECT / "policies", pack_names(PROJECT / "policies"))
CASES = read_tables(TABLES, PACKS)
BASES = read_bases(TABLES)


@cache
def result_of(number: int) -> Result:
    return run_case(CASES[number], PACKS)


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{case.place} {case.name}" for case in CASES])
def test_case(number: int) -> None:
    assert () == result_of(number).differs


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 225


def test_every_family_has_a_name_of_its_own() -> None:
    families = {(case.place.split(":")[0], case.family) for case in CASES}
    assert len(families) == len({family for _, family in families})


@pytest.mark.parametrize("action", list(Action))
def test_nothing_speaks_against_a_base(action: Action) -> None:
    verdict = decide(action, BASES[action], PACKS)
    assert (Effect.ALLOW, ()) == (verdict.effect, verdict.missing), verdict.rules


RULES = {f"{pack.name}/{each.rule.rule_id}": (pack, each) for pack in PACKS for each in pack.rules}
DENIES = sorted(name for name, (_, each) in RULES.items() if each.rule.kind == "deny")
GAPS = sorted(name for name, (_, each) in RULES.items() if each.rule.kind == "gap")


@pytest.mark.parametrize("name", DENIES)
def test_a_case_shows_where_this_rule_alone_decides(name: str) -> None:
    alone = [case for case in CASES if case.effect is Effect.DENY and case.by == (name,)]
    assert alone, f"no case in tests/policy is denied by {name} alone"


@pytest.mark.parametrize("name", GAPS)
def test_a_missing_fact_alone_is_a_gap_that_names_it(name: str) -> None:
    """In its own pack, from an innocent fact set; gap rules about the same fact fire beside it."""
    pack, each = RULES[name]
    for action in each.actions:
        verdict = decide(action, _applying(pack, each, action), [pack])
        assert (Effect.GAP, (each.rule.fact,)) == (verdict.effect, verdict.missing)
        assert name in {f"{rule.pack}/{rule.rule_id}" for rule in verdict.rules}


def _applying(pack: Pack, each: PackRule, action: Action) -> Mapping[str, FactValue]:
    """The base without the fact; where the rule does not apply there, with a fact or two changed."""
    bare = {name: value for name, value in BASES[action].items() if name != each.rule.fact}
    others = sorted(each.reads - {each.rule.fact})
    choices: list[list[Any]] = [
        [bare.get(name), *(value for value in domain(name, [each]) if value != bare.get(name))]
        for name in others
    ]
    for values in sorted(
        product(*choices), key=lambda row: sum(a != b[0] for a, b in zip(row, choices, strict=True))
    ):
        changed = dict(zip(others, values, strict=True))
        facts = {name: value for name, value in (bare | changed).items() if value is not None}
        verdict = decide(action, facts, [pack])
        fired = {rule.rule_id for rule in verdict.rules}
        if (
            each.rule.rule_id in fired
            and verdict.missing == (each.rule.fact,)
            and verdict.effect is Effect.GAP
        ):
            return facts
    return bare


def test_a_case_is_a_case_of_its_packs() -> None:
    for case in CASES:
        assert set(case.packs) <= {pack.name for pack in PACKS}
