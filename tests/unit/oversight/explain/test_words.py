from __future__ import annotations

import re

import pytest

from habeas.faces.values import BindingReason
from habeas.media.values import MediaReason
from habeas.model.decision import Action
from habeas.model.installation.limits import BindingRules, FaceRules
from habeas.model.installation.resources import POLICIES as SHIPPED_POLICIES
from habeas.model.installation.settings import ALL_PACKS
from habeas.oversight.explain.wording import REASONS, fact, obligation, reason, remedy
from habeas.policy.facts.schema import SCHEMA
from habeas.policy.rules.obligations import AT_LEAST, AT_MOST, WORDS
from habeas.policy.rules.packs import load_packs
from habeas.records.readers.fields import REASONS as IMPORT_REASONS

BINDING = {value for name, value in vars(BindingReason).items() if name.isupper()}


@pytest.mark.parametrize("word", sorted(BINDING | MediaReason.ALL | IMPORT_REASONS))
def test_every_reason_to_refuse_can_be_said_in_words(word: str) -> None:
    assert word in REASONS
    assert "_" not in reason(word)


@pytest.mark.parametrize("word", sorted(BINDING))
def test_what_a_refused_face_needs_is_said(word: str) -> None:
    assert remedy(word)


def test_settings_named_to_people_who_are_refused_exist() -> None:
    named = {word for each in BINDING for word in re.findall(r"(binding|faces)\.([a-z_]+)", remedy(each))}
    assert {("binding", "max_outside"), ("faces", "min_sharpness")} <= named
    known = {"binding": BindingRules(), "faces": FaceRules()}
    assert [] == [each for each in named if not hasattr(known[each[0]], each[1])]


@pytest.mark.parametrize("known", SCHEMA, ids=lambda known: known.name)
def test_every_missing_fact_can_be_said_in_words(known) -> None:
    assert known.sentence == fact(known.name)


def test_every_rule_about_a_file_can_be_said_in_words() -> None:
    """What refused a file is told by the fact its rule is about."""
    packs = load_packs(SHIPPED_POLICIES, ALL_PACKS)
    facts = {each.rule.fact for pack in packs for each in pack.rules if Action.SCAN in each.actions}
    assert [] == sorted(facts - {""} - set(REASONS))


@pytest.mark.parametrize("duty", [*(f"{n}<=5" for n in AT_MOST), *(f"{n}>=5" for n in AT_LEAST), *WORDS])
def test_every_obligation_can_be_said_in_words(duty: str) -> None:
    told = obligation(duty)
    assert "_" not in told and "=" not in told and "{" not in told
    assert ("5" in told) is ("=" in duty)


def test_a_word_nobody_knows_yet_is_still_readable() -> None:
    assert "new reason" == reason("new_reason")
