"""Default deny: nothing but an Allow without an error, by every pack, is an allowance."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import combinations
from typing import Any

import cedarpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ordinary import day

from habeas.errors import UsageError
from habeas.model.decision import Action, Decision, Effect
from habeas.policy.decide import Decider, decide, replay, rule_names
from habeas.policy.facts import Words, facts_digest, facts_of
from habeas.policy.packs import Pack, pack_of, policy_digest

EMBED: dict[str, Any] = {
    "consent": "given",
    "consent_covers_source": True,
    "consent_explicit": True,
    "key_open": True,
    "line_attested": True,
    "purpose_collected": True,
    "purpose_known": True,
    "roster_ground": "LegitimateInterest",
    "subject_known": True,
    "within_retention": True,
}
SCAN: dict[str, Any] = {
    "line_allowed": True,
    "purpose_collected": True,
    "purpose_known": True,
    "scan_ground": "LegitimateInterest",
    "source_registered": True,
    "within_retention": True,
}
GOOD = {Action.EMBED: EMBED, Action.SCAN: SCAN}


def permits(name: str, action: str = "embed", days: int | None = None) -> Pack:
    duty = f'@obligation("retention_days<={days}")' if days else ""
    text = (
        f'@id("P-{action}") @sentence("s") @citation("c") {duty}\n'
        f'permit (principal, action == Action::"{action}", resource);'
    )
    return pack_of(name, {"a.cedar": text})


def test_all_facts_in_favour_allow(house: tuple[Pack, ...]) -> None:
    embed, scan = (decide(action, GOOD[action], house) for action in (Action.EMBED, Action.SCAN))
    assert (Effect.ALLOW, ("house/HOUSE-embed",), (), 3650) == (
        embed.effect,
        rule_names(embed),
        embed.missing,
        embed.retention_days,
    )
    assert (Effect.ALLOW, ("house/HOUSE-scan",), (), None) == (
        scan.effect,
        rule_names(scan),
        scan.missing,
        scan.retention_days,
    )


@pytest.mark.parametrize("action", list(Action))
def test_no_set_of_facts_with_a_missing_one_is_allowed(action: Action, house: tuple[Pack, ...]) -> None:
    """Every subset: 2^10 and 2^6 of them."""
    names = sorted(GOOD[action])
    for size in range(len(names)):
        for kept in combinations(names, size):
            verdict = decide(action, {name: GOOD[action][name] for name in kept}, house)
            assert (Effect.GAP, tuple(n for n in names if n not in kept)) == (verdict.effect, verdict.missing)


def _values(fact_type: object) -> st.SearchStrategy[Any]:
    return st.sampled_from(fact_type.words) if isinstance(fact_type, Words) else st.booleans()


@settings(deadline=None)
@given(
    st.sampled_from(list(Action)).flatmap(
        lambda action: st.tuples(
            st.just(action),
            st.fixed_dictionaries({}, optional={f.name: _values(f.type) for f in facts_of(action)}),
        )
    )
)
def test_only_the_facts_in_favour_are_ever_allowed(
    house: tuple[Pack, ...], drawn: tuple[Action, dict[str, Any]]
) -> None:
    action, facts = drawn
    in_favour = all(name in facts and _favours(facts[name]) for name in GOOD[action])
    verdict = decide(action, facts, house)
    assert in_favour == (verdict.effect is Effect.ALLOW)
    if not in_favour:
        only_gaps = all(_favours(value) for value in facts.values())
        assert only_gaps == (verdict.effect is Effect.GAP)
    assert sorted(set(GOOD[action]) - set(facts)) == list(verdict.missing)


def _favours(value: bool | str) -> bool:
    return value not in (False, "none", "refused", "withdrawn", "expired", "future")


@pytest.mark.parametrize(
    "odd",
    [
        {"consent": "Given"},
        {"consent": True},
        {"consent": "given "},
        {"key_open": "true"},
        {"key_open": 1},
        {"key_open": None},
        {"key_open": 0.5},
        {"key_open": {"a": []}},
        {"key_open": object()},
        {"roster_ground": "VitalInterest"},
        {"subject_name": "somebody"},
        {"scan_ground": "Consent"},
    ],
)
def test_facts_that_are_not_understood_are_denied(odd: dict[str, Any], house: tuple[Pack, ...]) -> None:
    verdict = decide(Action.EMBED, EMBED | odd, house)
    assert (Effect.DENY, ("house/not-understood",)) == (verdict.effect, rule_names(verdict))


# Cedar skips a policy that errors; what remains says Allow. Proven first, then that we don't.
ERRING = "context has key_open && 9223372036854775807 + 1 > 0"
ERRING_PACK = f"""
@id("T-embed") @sentence("s") @citation("c")
permit (principal, action == Action::"embed", resource);
@id("T-1-gap") @kind("gap") @fact("key_open") @sentence("s") @citation("c")
forbid (principal, action == Action::"embed", resource) unless {{ context has key_open }};
@id("T-1") @kind("deny") @fact("key_open") @sentence("s") @citation("c")
forbid (principal, action == Action::"embed", resource) when {{ {ERRING} }};
"""


def test_cedar_alone_allows_where_a_policy_errors() -> None:
    request = {
        "principal": 'Pipeline::"p"',
        "action": 'Action::"embed"',
        "resource": 'Thing::"t"',
        "context": {"key_open": True},
    }
    answer = cedarpy.is_authorized(request, ERRING_PACK, [])
    assert cedarpy.Decision.Allow == answer.decision
    assert 1 == len(answer.diagnostics.errors)


def test_a_policy_that_errors_never_allows(house: tuple[Pack, ...]) -> None:
    erring = pack_of("t", {"a.cedar": ERRING_PACK})
    for packs in ([erring], [erring, *house], [*house, erring]):
        verdict = decide(Action.EMBED, EMBED, packs)
        assert (Effect.DENY, ("t/not-understood",)) == (verdict.effect, rule_names(verdict))


def test_a_policy_that_would_error_on_a_missing_fact_is_not_even_read() -> None:
    bare = ERRING_PACK.replace(ERRING, "context.key_open == false")
    with pytest.raises(UsageError, match=r"t/a\.cedar:6"):
        pack_of("t", {"a.cedar": bare})


def test_no_pack_allows_nothing() -> None:
    assert Effect.DENY == decide(Action.EMBED, EMBED, []).effect


def test_a_pack_that_is_silent_about_the_action_denies() -> None:
    verdict = decide(Action.EMBED, EMBED, [permits("t", "scan")])
    assert (Effect.DENY, ("t/silent",)) == (verdict.effect, rule_names(verdict))


def test_one_packs_permit_does_not_cover_anothers_silence(house: tuple[Pack, ...]) -> None:
    verdict = decide(Action.EMBED, EMBED, [*house, permits("t", "scan")])
    assert (Effect.DENY, ("t/silent",)) == (verdict.effect, rule_names(verdict))


def test_one_packs_permit_does_not_cover_anothers_denial(house: tuple[Pack, ...]) -> None:
    verdict = decide(Action.EMBED, EMBED | {"consent": "withdrawn"}, [*house, permits("t")])
    assert (Effect.DENY, ("house/HOUSE-10",)) == (verdict.effect, rule_names(verdict))


def test_a_gap_beside_a_denial_is_a_denial(house: tuple[Pack, ...]) -> None:
    facts = {name: value for name, value in EMBED.items() if name != "key_open"} | {"consent": "refused"}
    verdict = decide(Action.EMBED, facts, house)
    assert (Effect.DENY, ("key_open",), ("house/HOUSE-10", "house/HOUSE-13-gap")) == (
        verdict.effect,
        verdict.missing,
        rule_names(verdict),
    )


def test_every_rule_that_fired_is_named_with_a_sentence_and_a_citation(house: tuple[Pack, ...]) -> None:
    facts = EMBED | {"consent": "refused", "key_open": False}
    rules = decide(Action.EMBED, facts, house).rules
    assert ["HOUSE-10", "HOUSE-13"] == [rule.rule_id for rule in rules]
    assert all(rule.sentence and rule.citation and rule.fact for rule in rules)


def test_the_shortest_retention_of_all_packs_holds(house: tuple[Pack, ...]) -> None:
    for packs in (
        [permits("a", days=30), *house, permits("b")],
        [*house, permits("b"), permits("a", days=30)],
    ):
        assert 30 == decide(Action.EMBED, EMBED, packs).retention_days
    assert None is decide(Action.EMBED, EMBED, [permits("b")]).retention_days


def test_a_denial_obliges_to_no_retention(house: tuple[Pack, ...]) -> None:
    assert (
        None
        is decide(Action.EMBED, EMBED | {"key_open": False}, [*house, permits("a", days=30)]).retention_days
    )


def test_the_order_of_packs_changes_nothing(house: tuple[Pack, ...]) -> None:
    packs = [*house, permits("a", "scan"), permits("z", "scan")]
    facts = EMBED | {"key_open": False}
    assert decide(Action.EMBED, facts, packs) == decide(Action.EMBED, facts, packs[::-1])
    assert policy_digest(packs) == policy_digest(packs[::-1])


def test_the_decider_answers_as_decide_does(house: tuple[Pack, ...]) -> None:
    decider = Decider(house)
    for facts in (EMBED, {}, EMBED | {"consent": "expired"}, EMBED):
        assert decide(Action.EMBED, facts, house) == decider.decide(Action.EMBED, facts)
    assert policy_digest(house) == decider.policy_digest


def test_the_decider_keeps_actions_apart(house: tuple[Pack, ...]) -> None:
    decider = Decider(house)
    assert "consent" in decider.decide(Action.EMBED, {}).missing
    assert "consent" not in decider.decide(Action.SCAN, {}).missing


def test_a_pack_named_twice_is_refused(house: tuple[Pack, ...]) -> None:
    with pytest.raises(UsageError):
        Decider([*house, *house])


def _decision(facts: dict[str, Any], packs: tuple[Pack, ...], as_of: datetime) -> Decision:
    verdict = decide(Action.EMBED, facts, packs)
    return Decision(
        decision_id="d",
        action=Action.EMBED,
        asset_id="a",
        line_id="l",
        purpose="archive_search",
        facts_digest=facts_digest(Action.EMBED, facts),
        policy_digest=policy_digest(packs),
        as_of=as_of,
        valid_until=None,
        effect=verdict.effect,
        rules=rule_names(verdict),
        missing=verdict.missing,
        retention_days=verdict.retention_days,
    )


def test_a_decision_can_be_replayed(house: tuple[Pack, ...]) -> None:
    for facts in (EMBED, {}, EMBED | {"consent": "withdrawn"}):
        assert () == replay(_decision(facts, house, day("2026-06-01")), facts, house)


def test_a_forged_decision_is_found_by_replaying_it(house: tuple[Pack, ...]) -> None:
    refused = EMBED | {"consent": "refused"}
    forged = replace(_decision(refused, house, day("2026-06-01")), effect=Effect.ALLOW)
    assert ("effect",) == replay(forged, refused, house)
    assert ("facts_digest", "effect", "rules", "retention_days") == replay(
        _decision(refused, house, day("2026-06-01")), EMBED, house
    )
    assert "policy_digest" in replay(
        _decision(refused, house, day("2026-06-01")), refused, (*house, permits("a"))
    )
