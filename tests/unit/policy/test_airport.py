"""The case this exists for: a ministry, its travellers, vendors who train, and hardly anybody who was asked."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from airport_case import Asked, Case, decided, rules

from habeas.faces.model_packs import registry as packs
from habeas.model.decision import Effect
from habeas.model.installation.resources import PROJECT
from habeas.synthetic.archives.airport_lists import BORDER, TRAINING, VENDORS, A, B, C
from habeas.synthetic.archives.airport_people import CAMERAS, NEVER, PHOTOS

WILLING = ("yes", "both", "photos")
STRICT = {"KR-18-1", "KR-23-1", "HOUSE-2", "HOUSE-3"}


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return decided(tmp_path_factory.mktemp("lists"))


def agreed(case: Case, asked: Asked) -> bool:
    """Did the person say yes, separately, to exactly this purpose and about this source?"""
    person = next(p for p in case.plan.people if p.badge == asked.badge)
    return asked.purpose in person.allows(asked.source) or (person.answer == "both" and asked.purpose == A)


def test_whoever_did_not_consent_is_refused_to_every_vendor_by_law_and_house(case: Case) -> None:
    without = [asked for asked in case.asked if not agreed(case, asked)]
    assert len(without) > 120
    for asked in without:
        assert asked.verdict.effect is Effect.DENY
        assert STRICT <= asked.rules
        assert ("KR-26-2" in asked.rules) == (asked.purpose in (A, B))


def test_the_regulator_profile_refuses_the_unpublished_vendors_too(case: Case) -> None:
    for asked in case.asked:
        if asked.purpose in (A, B):
            assert asked.verdict.regulator.effect is Effect.DENY
            assert "KR-26-2" in asked.read_by_regulator
            assert not asked.read_by_regulator & {"KR-18-1", "KR-23-1"}


def test_where_only_korean_law_applies_the_regulator_profile_refuses_by_article_26_2_alone(
    case: Case,
) -> None:
    koreans = {person.badge for person in case.plan.people if person.home == "KR"}
    read = [a.read_by_regulator for a in case.asked if a.badge in koreans and a.purpose in (A, B)]
    assert read
    assert all(rules == {"KR-26-2"} for rules in read)


def test_a_consent_does_not_mend_an_outsourcing_that_nobody_was_told_of(case: Case) -> None:
    """Everything else was in order with vendor A, and the person said yes to it, separately and in writing."""
    asked = case.of("both", A)
    assert len(asked) == 2
    assert all(a.rules == {"KR-26-2"} and not a.verdict.rules[0].curable for a in asked)


def test_the_few_who_consented_are_embedded_for_vendor_c_and_for_no_other(case: Case) -> None:
    allowed = Counter((a.badge, a.purpose) for a in case.asked if a.verdict.effect is Effect.ALLOW)
    willing = {person.badge for person in case.plan.people if person.answer in WILLING}
    assert {badge for badge, _ in allowed} == willing
    assert {purpose for _, purpose in allowed} == {C}
    assert 0 < len(willing) < len(case.plan.people) / 5


@pytest.mark.parametrize("said", ["bundled", "withdrawn", "no", "abroad", NEVER])
def test_what_is_no_separate_standing_consent_opens_nothing(case: Case, said: str) -> None:
    asked = case.of(said)
    assert asked
    assert all(a.verdict.effect is Effect.DENY for a in asked)


def test_a_consent_about_photos_does_not_reach_the_cameras(case: Case) -> None:
    found = {a.source: a for a in case.of("photos", C)}
    assert found[PHOTOS].verdict.effect is Effect.ALLOW
    assert {"HOUSE-12", *STRICT} == found[CAMERAS].rules


def test_nobody_looks_at_a_file_for_a_vendor_who_may_embed_nobody_in_it(case: Case) -> None:
    for (file, purpose), verdict in case.scans.items():
        allowed = any(
            a.verdict.effect is Effect.ALLOW for a in case.asked if (a.file, a.purpose) == (file, purpose)
        )
        assert (verdict.effect is Effect.ALLOW) == allowed
        assert allowed or "HOUSE-5" in {rule.rule_id for rule in verdict.rules}


def test_had_it_been_made_public_the_regulator_profile_would_allow_what_is_still_refused(
    tmp_path: Path,
) -> None:
    """KR-26-2 is not what everything hangs on: it is refused by our reading of 18 and 23, and by the house."""
    public = decided(tmp_path, policy=rules(published=True))
    koreans = {person.badge for person in public.plan.people if person.home == "KR"}
    without = [
        a for a in public.asked if a.badge in koreans and a.purpose in (A, B) and not agreed(public, a)
    ]
    assert without
    for asked in without:
        assert asked.verdict.regulator.effect is Effect.ALLOW
        assert asked.verdict.effect is Effect.DENY
        assert STRICT <= asked.rules
        assert "KR-26-2" not in asked.rules
    assert {Effect.ALLOW} == {a.verdict.effect for a in public.of("both", A)}


def test_the_ministrys_own_border_control_is_not_something_habeas_embeds_for(tmp_path: Path) -> None:
    """It asks for consent whatever the ground; so the case asks it nothing about the border."""
    border = decided(tmp_path, wanted=[BORDER])
    assert {Effect.DENY} == {asked.verdict.effect for asked in border.asked}


def test_the_model_that_the_demo_uses_may_be_used_for_these_purposes() -> None:
    policy = rules()
    pack = packs.read(PROJECT / "models" / "synthetic")
    packs.permit(pack, {purpose: policy.purposes[purpose].commercial for purpose in TRAINING})
    assert all(
        policy.purposes[purpose].commercial and policy.purposes[purpose].training for purpose in VENDORS
    )
