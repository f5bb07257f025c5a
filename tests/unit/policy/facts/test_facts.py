from __future__ import annotations

import hashlib
import json
import re

import cedarpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from habeas.model.decision import Action
from habeas.model.errors import UsageError
from habeas.policy.facts.schema import (
    BOOL,
    DAYS,
    SCHEMA,
    WAIVERS,
    Words,
    _fits,
    canonical,
    cedar_context,
    cedar_schema,
    fact_named,
    facts_digest,
    facts_of,
    odd,
    parse,
)
from habeas.policy.rules.cedar_text import SCHEMA as CEDAR_SCHEMA

FACTS = {"within_retention": True, "consent": "given", "key_open": False}


def test_canonical_is_sorted_json_without_blanks() -> None:
    assert '{"consent":"given","key_open":false,"within_retention":true}' == canonical(FACTS)


def test_the_digest_is_one_an_sql_engine_can_compute() -> None:
    text = "habeas/facts/1\nembed\n" + canonical(FACTS)
    assert hashlib.sha256(text.encode()).hexdigest() == facts_digest(Action.EMBED, FACTS)


def test_the_digest_tells_actions_apart() -> None:
    assert facts_digest(Action.SCAN, FACTS) != facts_digest(Action.EMBED, FACTS)


@pytest.mark.parametrize("value", [None, 0.5, ["given"], {"a": 1}])
def test_a_value_that_is_no_fact_is_refused(value: object) -> None:
    with pytest.raises(UsageError, match="consent"):
        canonical({"consent": value})  # type: ignore[dict-item]


def test_a_number_beyond_json_is_refused() -> None:
    with pytest.raises(UsageError):
        canonical({"days": 2**60})


_NAMES = st.sampled_from([fact.name for fact in SCHEMA])
_VALUES = st.one_of(st.booleans(), st.integers(-1000, 1000), st.sampled_from(["given", "none"]))


@given(st.dictionaries(_NAMES, _VALUES))
def test_canonical_is_what_a_struct_sorted_by_name_gives(facts: dict[str, bool | int | str]) -> None:
    plain = json.dumps(dict(sorted(facts.items())), separators=(",", ":"))
    assert plain == canonical(facts)
    assert facts == parse(canonical(facts))


@pytest.mark.parametrize("text", ['{"a": 1}', '{"b":1,"a":1}', "[]", "", '{"a":1,"a":1}', '{"a":1.0}'])
def test_facts_in_another_spelling_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse(text)


def test_facts_of_an_action_are_sorted_and_its_own() -> None:
    for action in Action:
        names = [fact.name for fact in facts_of(action)]
        assert sorted(names) == names
        assert {fact.name for fact in SCHEMA if action in fact.actions} == set(names)


def test_every_fact_stands_once_and_says_what_it_means() -> None:
    assert len(SCHEMA) == len({fact.name for fact in SCHEMA})
    assert all(fact.sentence and fact.actions for fact in SCHEMA)


def test_one_list_of_words_has_one_name() -> None:
    lists = {fact.type for fact in SCHEMA if isinstance(fact.type, Words)}
    assert len(lists) == len({words.name for words in lists})
    assert all(len(set(words.words)) == len(words.words) for words in lists)


def test_no_fact_can_hold_an_id_or_an_instant() -> None:
    """Free text would let a name, an id or a date in: every text is one of a closed list of words."""
    for fact in SCHEMA:
        assert isinstance(fact.type, Words) or fact.type in (BOOL, DAYS, WAIVERS)
        assert fact == fact_named(fact.name)


def test_every_fact_is_optional_in_the_schema() -> None:
    text = cedar_schema()
    cedarpy.Schema.from_str(text)
    for fact in SCHEMA:
        shown = 0 if fact.type == WAIVERS else len(fact.actions)
        assert shown == len(re.findall(rf"\b{fact.name}\?:", text))


def test_waivers_are_never_shown_to_cedar() -> None:
    assert {"key_open": True} == cedar_context({"waived": "HOUSE-9", "key_open": True})


def _cedar_refuses(action: Action, facts: dict[str, object]) -> bool:
    """What Cedar's own schema check says of a request."""
    request = {
        "principal": 'Pipeline::"habeas"',
        "action": f'Action::"{action.value}"',
        "resource": 'Thing::"one"',
        "context": cedar_context(facts),  # type: ignore[arg-type]
    }
    try:
        answer = cedarpy.is_authorized(request, "permit (principal, action, resource);", [], CEDAR_SCHEMA)
    except (TypeError, ValueError):
        return True
    return answer.decision is cedarpy.Decision.NoDecision


@pytest.mark.parametrize("action", list(Action))
def test_a_fact_is_odd_exactly_where_cedar_refuses_it(action: Action) -> None:
    for fact in SCHEMA:
        if fact.type == WAIVERS:
            continue
        right = fact.type.words[0] if isinstance(fact.type, Words) else {BOOL: True, DAYS: 3}[fact.type]
        for value in (right, "true", "Given", 1, 1.5, None, [], ""):
            facts: dict[str, object] = {fact.name: value}
            expected = (
                ()
                if value == right and type(value) is type(right) and action in fact.actions
                else (fact.name,)
            )
            assert expected == odd(action, facts), (fact.name, value)  # type: ignore[arg-type]
            assert bool(expected) == _cedar_refuses(action, facts), (fact.name, value)


def test_a_fact_that_is_none_is_not_repeated() -> None:
    assert ("(no fact)", "consent") == odd(
        Action.EMBED, {"Hong Gil-dong": True, "consent": "yes", "key_open": True}
    )


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        (0, True),
        (3, True),
        (-3, True),
        (10**6, True),
        (10**6 + 1, False),
        (True, False),
        (1.5, False),
        ("3", False),
    ],
)
def test_days_are_whole_numbers_of_a_sane_size(value: object, fits: bool) -> None:
    """No fact is a number of days now; Cedar's overflow must stay out of reach for the first that is."""
    assert fits == _fits(DAYS, value)
