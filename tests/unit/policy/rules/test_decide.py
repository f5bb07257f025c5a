"""Default deny: nothing but an Allow without an error, by every pack that applies, is an allowance."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import cedarpy
import pytest
from cedar_rules import a_pack, pair, permit
from ordinary import day

from habeas.model.decision import Action, Decision, Effect, Facts, Verdict
from habeas.model.errors import UsageError
from habeas.policy.facts.schema import canonical, facts_digest
from habeas.policy.rules.decide import Decider, decide, replay, rule_names
from habeas.policy.rules.packs import Pack, policy_digest

CONSENT = pair("H-1", "consent", 'context.consent != Consent::"given"')
KEY = pair("H-2", "line_attested", "!context.line_attested")
SOLD = pair("L-1", "sold", "context.sold", more='@curable("false")')
HOUSE = a_pack(
    "house", CONSENT, KEY, permits=permit("H-permit", "scan", "embed", obligation="retention_days<=3650")
)
LAW = a_pack("eu", SOLD, applies_when="law_eu")
GOOD: dict[str, Any] = {"consent": "given", "line_attested": True, "law_eu": True, "sold": False}
PACKS = (HOUSE, LAW)


def embed(facts: Facts, packs: Any = PACKS) -> Verdict:
    return decide(Action.EMBED, facts, packs)


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in GOOD.items() if name not in names}


def test_all_facts_in_favour_allow_and_name_the_permits() -> None:
    verdict = embed(GOOD)
    assert (Effect.ALLOW, ("eu/T-permit", "house/H-permit"), ()) == (
        verdict.effect,
        rule_names(verdict),
        verdict.missing,
    )
    assert 3650 == verdict.retention_days


@pytest.mark.parametrize(
    "missing", [("consent",), ("line_attested", "sold"), ("consent", "line_attested", "sold")]
)
def test_a_missing_fact_is_a_gap_and_counts_as_no(missing: tuple[str, ...]) -> None:
    verdict = embed(without(*missing))
    assert (Effect.GAP, missing) == (verdict.effect, verdict.missing)
    assert all(rule.kind == "gap" for rule in verdict.rules)


def test_a_gap_beside_a_denial_is_a_denial_and_still_named() -> None:
    verdict = embed(without("line_attested") | {"consent": "refused"})
    assert (Effect.DENY, ("line_attested",), ("house/H-1", "house/H-2-gap")) == (
        verdict.effect,
        verdict.missing,
        rule_names(verdict),
    )


def test_what_consent_cannot_cure_comes_first() -> None:
    verdict = embed(GOOD | {"consent": "refused", "sold": True}, (a_pack("a", CONSENT), *PACKS))
    assert ("eu/L-1", "a/H-1", "house/H-1") == rule_names(verdict)


# Which packs are asked.


@pytest.mark.parametrize(("law", "asked"), [(True, True), (None, True), (False, False)])
def test_a_law_is_asked_unless_it_is_known_not_to_reach(law: bool | None, asked: bool) -> None:
    facts = without("law_eu") | {"sold": True} | ({} if law is None else {"law_eu": law})
    assert asked == (embed(facts).effect is Effect.DENY)


def test_a_pack_is_not_asked_about_an_action_its_law_fact_is_not_about() -> None:
    house = a_pack("house", permits=permit("H-permit", "scan", "embed", "certify"))
    assert Effect.ALLOW == decide(Action.CERTIFY, {}, (house, LAW)).effect


def test_where_no_pack_applies_nothing_is_allowed() -> None:
    assert Effect.DENY == embed(GOOD, []).effect
    assert ("habeas/no-pack",) == rule_names(embed(GOOD | {"law_eu": False}, [LAW]))


def test_a_pack_that_is_silent_about_the_action_denies() -> None:
    facts = {"law_eu": True}
    verdict = decide(Action.MATCH, facts, [LAW])
    assert (Effect.DENY, ("eu/silent",)) == (verdict.effect, rule_names(verdict))


def test_one_packs_permit_does_not_cover_anothers_silence_or_denial() -> None:
    also = a_pack("a", permits=permit("A-permit", "scan", "embed", "match"))
    assert ("eu/silent",) == rule_names(decide(Action.MATCH, {}, [also, LAW]))
    assert ("house/H-1",) == rule_names(embed(GOOD | {"consent": "withdrawn"}, [also, *PACKS]))


def test_the_order_of_packs_changes_nothing() -> None:
    for facts in (GOOD, {}, GOOD | {"consent": "refused", "sold": True}):
        assert embed(facts) == embed(facts, PACKS[::-1])
    assert policy_digest(PACKS) == policy_digest(PACKS[::-1])


# Facts that can't be read.


@pytest.mark.parametrize(
    ("odd", "name"),
    [
        ({"consent": "Given"}, "consent"),
        ({"consent": True}, "consent"),
        ({"consent": "given "}, "consent"),
        ({"line_attested": "true"}, "line_attested"),
        ({"line_attested": 1}, "line_attested"),
        ({"line_attested": None}, "line_attested"),
        ({"line_attested": 0.5}, "line_attested"),
        ({"line_attested": {"a": []}}, "line_attested"),
        ({"line_attested": object()}, "line_attested"),
        ({"law_eu": "no"}, "law_eu"),
        ({"law_eu": 0}, "law_eu"),
        ({"medium": "film"}, "medium"),  # no rule reads it
        ({"subject_name": "somebody"}, "(no fact)"),
        ({"scan_ground": "Consent"}, "scan_ground"),  # of another action
        ({"waived": ""}, "waived"),
        ({"waived": True}, "waived"),
        ({"waived": "B,A"}, "waived"),
        ({"waived": "A,A"}, "waived"),
        ({"waived": "A,"}, "waived"),
        ({"waived": ",A"}, "waived"),
    ],
)
def test_a_fact_that_cannot_be_read_is_denied_by_name(odd: dict[str, Any], name: str) -> None:
    verdict = embed(GOOD | odd)
    assert (Effect.DENY, ("habeas/not-understood",)) == (verdict.effect, rule_names(verdict))
    assert [name] == [rule.fact for rule in verdict.rules]
    assert verdict.regulator is not None and Effect.DENY == verdict.regulator.effect


def test_two_facts_that_cannot_be_read_are_both_named() -> None:
    assert ["consent", "sold"] == [rule.fact for rule in embed(GOOD | {"sold": "no", "consent": "yes"}).rules]


def test_the_engines_own_refusals_are_denials_that_name_no_missing_fact() -> None:
    """Under the pack that they concern, with a sentence, and never curable by supplying something."""
    silent = decide(Action.MATCH, {"law_eu": True}, [LAW]).rules
    unread = embed(GOOD | {"consent": "yes"}).rules
    nobody = embed(GOOD, []).rules
    assert [("eu", "deny", "", ""), ("habeas", "deny", "", "consent"), ("habeas", "deny", "", "")] == [
        (rule.pack, rule.kind, rule.citation, rule.fact) for rule in (*silent, *unread, *nobody)
    ]
    assert all(rule.sentence.endswith(".") for rule in (*silent, *unread, *nobody))


# Cedar skips a policy that errors; what remains says Allow. Proven first, then that we don't.
ERRING = pair("T-1", "line_attested", "9223372036854775807 + 1 > 0")


def test_cedar_alone_allows_where_a_policy_errors() -> None:
    request = {
        "principal": 'Pipeline::"p"',
        "action": 'Action::"embed"',
        "resource": 'Thing::"t"',
        "context": {"line_attested": True},
    }
    answer = cedarpy.is_authorized(request, permit("T-permit") + ERRING, [])
    assert cedarpy.Decision.Allow == answer.decision
    assert 1 == len(answer.diagnostics.errors)


def test_a_policy_that_errors_never_allows() -> None:
    erring = a_pack("t", ERRING)
    for packs in ([erring], [erring, *PACKS], [*PACKS, erring]):
        verdict = embed(GOOD, packs)
        assert (Effect.DENY, ("t/not-understood",)) == (verdict.effect, rule_names(verdict))


def test_a_policy_that_errors_denies_under_the_regulators_profile_too() -> None:
    told = embed(GOOD, [a_pack("t", ERRING)]).regulator
    assert told is not None and (Effect.DENY, ("t/not-understood",)) == (told.effect, rule_names(told))


class _Answer:
    """What Cedar might say that it should not."""

    def __init__(self, decision: cedarpy.Decision, reasons: list[str]) -> None:
        self.decision = decision
        self.diagnostics = cedarpy.Diagnostics({"reason": reasons, "errors": []})


@pytest.mark.parametrize(
    ("decision", "reasons"),
    [
        (cedarpy.Decision.NoDecision, []),
        (cedarpy.Decision.Deny, []),  # nothing fired, and yet
        (cedarpy.Decision.Allow, ["policy1"]),  # a forbid fired, and yet
    ],
)
def test_where_cedar_and_we_differ_nothing_is_allowed(
    monkeypatch: pytest.MonkeyPatch, decision: cedarpy.Decision, reasons: list[str]
) -> None:
    monkeypatch.setattr(cedarpy, "is_authorized", lambda *args: _Answer(decision, reasons))
    verdict = embed(GOOD, [HOUSE])
    assert Effect.DENY == verdict.effect
    assert "house/not-understood" in rule_names(verdict)


@pytest.mark.parametrize("error", [ValueError, TypeError])
def test_where_cedar_cannot_answer_nothing_is_allowed(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def fails(*args: object) -> None:
        raise error

    monkeypatch.setattr(cedarpy, "is_authorized", fails)
    assert ("house/not-understood",) == rule_names(embed(GOOD, [HOUSE]))


# Waivers.

TAINT = pair("H-3", "model_tainted", "context.model_tainted", more='@curable("false")')
STRICT = a_pack("house", CONSENT, KEY, TAINT)


def test_a_waived_house_rule_is_set_aside_and_reported() -> None:
    facts = GOOD | {"model_tainted": False, "line_attested": False, "waived": "H-2"}
    verdict = embed(facts, [STRICT])
    assert (Effect.ALLOW, ("house/T-permit", "waived:house/H-2")) == (verdict.effect, rule_names(verdict))


def test_a_waiver_sets_the_gap_aside_too() -> None:
    facts = without("line_attested") | {"model_tainted": False, "waived": "H-2"}
    verdict = embed(facts, [STRICT])
    assert (Effect.ALLOW, (), ("house/T-permit", "waived:house/H-2-gap")) == (
        verdict.effect,
        verdict.missing,
        rule_names(verdict),
    )


def test_a_waiver_covers_the_rule_it_names_and_no_other() -> None:
    facts = {"consent": "refused", "line_attested": False, "model_tainted": False, "waived": "H-2"}
    verdict = embed(facts, [STRICT])
    assert (Effect.DENY, ("house/H-1", "waived:house/H-2")) == (verdict.effect, rule_names(verdict))
    assert Effect.DENY == embed(facts | {"waived": "H"}, [STRICT]).effect
    assert Effect.DENY == embed(facts | {"waived": "H-2-gap"}, [STRICT]).effect


def test_a_law_is_never_waived() -> None:
    verdict = embed(GOOD | {"sold": True, "waived": "L-1"})
    assert (Effect.DENY, ("eu/L-1",)) == (verdict.effect, rule_names(verdict))
    assert (
        Effect.DENY == embed(GOOD | {"consent": "refused", "waived": "H-1"}, [a_pack("kr", CONSENT)]).effect
    )


def test_what_nothing_cures_is_never_waived() -> None:
    verdict = embed(GOOD | {"model_tainted": True, "waived": "H-3"}, [STRICT])
    assert (Effect.DENY, ("house/H-3",)) == (verdict.effect, rule_names(verdict))


def test_no_waiver_covers_a_rule_that_cannot_be_evaluated() -> None:
    erring = a_pack("house", ERRING)
    assert Effect.DENY == embed(GOOD | {"waived": "T-1"}, [erring]).effect
    assert Effect.DENY == embed(GOOD | {"waived": "not-understood"}, [erring]).effect


# Obligations.


def test_obligations_unite_over_the_packs_that_apply() -> None:
    one = a_pack(
        "a", permits=permit("A-p", "scan", "embed", obligation="log_days>=184; destroy_days<=5; human_review")
    )
    two = a_pack("b", permits=permit("B-p", "scan", "embed", obligation="log_days>=730; destroy_days<=28"))
    far = a_pack(
        "c", permits=permit("C-p", "scan", "embed", obligation="destroy_days<=1"), applies_when="law_us_wa"
    )
    for packs in ([one, two, far], [far, two, one]):
        verdict = embed({"law_us_wa": False}, packs)
        assert ("destroy_days<=5", "human_review", "log_days>=730") == verdict.obligations
    assert "destroy_days<=1" in embed({}, [one, far]).obligations


def test_a_refusal_still_has_duties_but_no_time_to_keep() -> None:
    verdict = embed(GOOD | {"consent": "withdrawn"})
    assert (None, ("retention_days<=3650",)) == (verdict.retention_days, verdict.obligations)


def test_the_shortest_retention_of_all_packs_holds() -> None:
    short = a_pack("a", permits=permit("A-p", "scan", "embed", obligation="retention_days<=30"))
    assert 30 == embed(GOOD, [short, *PACKS]).retention_days
    assert None is embed(GOOD, [LAW]).retention_days


# The regulator's reading.

KR = a_pack(
    "kr",
    pair("K-1", "separate_consent", "!context.separate_consent", more='@regulator_permits("PIPC-2022")'),
    pair("K-2", "processor_disclosed", "!context.processor_disclosed"),
    applies_when="law_kr",
)
CASE = {**GOOD, "law_kr": True, "law_eu": False, "separate_consent": False, "processor_disclosed": False}


def informed(facts: Facts) -> tuple[Effect, tuple[str, ...]]:
    told = embed(facts, [*PACKS, KR]).regulator
    assert told is not None
    return told.effect, rule_names(told)


def test_the_regulator_reads_the_laws_without_the_house() -> None:
    assert (Effect.DENY, ("kr/K-1", "kr/K-2")) == informed(CASE | {"consent": "refused"})


def test_a_finding_sets_aside_what_it_permits_and_nothing_else() -> None:
    assert (Effect.DENY, ("kr/K-2",)) == informed(CASE | {"regulator_finding": "PIPC-2022"})
    assert (Effect.DENY, ("kr/K-1", "kr/K-2")) == informed(CASE | {"regulator_finding": "none"})


def test_a_finding_opens_nothing() -> None:
    facts = CASE | {"regulator_finding": "PIPC-2022", "processor_disclosed": True}
    assert (Effect.ALLOW, ("kr/T-permit",)) == informed(facts)
    verdict = embed(facts, [*PACKS, KR])
    assert (Effect.DENY, ("kr/K-1",)) == (verdict.effect, rule_names(verdict))


def test_where_no_law_applies_the_regulator_has_nothing_to_read() -> None:
    assert None is embed(GOOD | {"law_eu": False}).regulator


# The decider.


def test_the_decider_answers_as_decide_does() -> None:
    decider = Decider(PACKS)
    for facts in (
        GOOD,
        {},
        GOOD | {"consent": "expired"},
        GOOD | {"medium": "web"},
        GOOD | {"medium": "studio"},
        GOOD,
    ):
        answer = decide(Action.EMBED, facts, PACKS)
        assert answer == decider.decide(Action.EMBED, facts)
        assert answer == Decider(PACKS).decide_text(Action.EMBED, canonical(facts))
    assert policy_digest(PACKS) == decider.policy_digest


def test_the_decider_asks_a_pack_once_about_the_facts_it_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    ask = cedarpy.is_authorized
    monkeypatch.setattr(cedarpy, "is_authorized", lambda *args: asked.append(args) or ask(*args))
    decider = Decider(PACKS)
    for medium in ("web", "studio", "cctv"):
        assert Effect.ALLOW == decider.decide(Action.EMBED, GOOD | {"medium": medium}).effect
    assert 2 == len(asked)
    assert (
        Effect.DENY == decider.decide(Action.EMBED, GOOD | {"medium": "web", "line_attested": False}).effect
    )
    assert 3 == len(asked)


def test_the_decider_keeps_actions_apart() -> None:
    decider = Decider(PACKS)
    assert "consent" in decider.decide(Action.EMBED, {}).missing
    assert "consent" not in decider.decide(Action.SCAN, {}).missing


def test_the_decider_refuses_what_is_no_fact() -> None:
    with pytest.raises(UsageError, match="line_attested"):
        Decider(PACKS).decide(Action.EMBED, GOOD | {"line_attested": None})


def test_the_decider_reads_no_text_but_canonical_json() -> None:
    with pytest.raises(UsageError, match="canonical"):
        Decider(PACKS).decide_text(Action.EMBED, json.dumps(GOOD, indent=1))


def test_true_is_not_one() -> None:
    decider = Decider(PACKS)
    assert Effect.ALLOW == decider.decide(Action.EMBED, GOOD).effect
    assert Effect.DENY == decider.decide(Action.EMBED, GOOD | {"line_attested": 1}).effect


def test_a_pack_named_twice_is_refused() -> None:
    with pytest.raises(UsageError):
        Decider([HOUSE, HOUSE])


# Replay.


def _decision(facts: dict[str, Any], packs: tuple[Pack, ...], as_of: datetime) -> Decision:
    verdict = embed(facts, packs)
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
        obligations=verdict.obligations,
        regulator_effect=verdict.regulator.effect if verdict.regulator else None,
        regulator_rules=rule_names(verdict.regulator) if verdict.regulator else (),
    )


def test_a_decision_can_be_replayed() -> None:
    for facts in (GOOD, {}, GOOD | {"consent": "withdrawn"}, GOOD | {"law_eu": False}):
        assert () == replay(_decision(facts, PACKS, day("2026-06-01")), facts, PACKS)


@pytest.mark.parametrize(
    "forged",
    [
        {"effect": Effect.ALLOW},
        {"rules": ("house/H-permit",)},
        {"missing": ("sold",)},
        {"retention_days": 9999},
        {"obligations": ()},
        {"regulator_effect": None},
        {"regulator_rules": ()},
        {"policy_digest": "0" * 64},
        {"facts_digest": "0" * 64},
    ],
)
def test_a_forged_decision_is_found_by_replaying_it(forged: dict[str, Any]) -> None:
    refused = GOOD | {"consent": "refused"}
    decision = replace(_decision(refused, PACKS, day("2026-06-01")), **forged)
    assert tuple(forged) == replay(decision, refused, PACKS)


def test_other_facts_or_packs_are_found_by_replaying() -> None:
    refused = GOOD | {"consent": "refused"}
    decision = _decision(refused, PACKS, day("2026-06-01"))
    assert ("facts_digest", "effect", "rules", "retention_days") == replay(decision, GOOD, PACKS)
    assert "policy_digest" in replay(decision, refused, (*PACKS, KR))
    assert ("policy_digest",) == replay(decision, refused, PACKS, policy="another set")
