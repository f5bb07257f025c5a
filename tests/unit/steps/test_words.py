from __future__ import annotations

import pytest

from habeas.model.face import BindingReason
from habeas.model.media import MediaReason
from habeas.policy.facts import SCHEMA
from habeas.steps.import_fields import REASONS as IMPORT_REASONS
from habeas.steps.words import REASONS, fact, reason

BINDING = {value for name, value in vars(BindingReason).items() if name.isupper()}


@pytest.mark.parametrize("word", sorted(BINDING | MediaReason.ALL | IMPORT_REASONS))
def test_every_reason_to_refuse_can_be_said_in_words(word: str) -> None:
    assert word in REASONS
    assert "_" not in reason(word)


@pytest.mark.parametrize("known", SCHEMA, ids=lambda known: known.name)
def test_every_missing_fact_can_be_said_in_words(known) -> None:
    assert known.sentence == fact(known.name)


def test_a_word_nobody_knows_yet_is_still_readable() -> None:
    assert "new reason" == reason("new_reason")
