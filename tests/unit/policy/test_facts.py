from __future__ import annotations

import hashlib
import json

import cedarpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from habeas.errors import UsageError
from habeas.model.decision import Action
from habeas.policy.facts import (
    SCHEMA,
    Words,
    canonical,
    cedar_schema,
    fact_named,
    facts_digest,
    facts_of,
    parse,
)

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


def test_facts_of_each_action() -> None:
    scan = "line_allowed purpose_collected purpose_known scan_ground source_registered within_retention"
    embed = (
        "consent consent_covers_source consent_explicit key_open line_attested purpose_collected "
        "purpose_known roster_ground subject_known within_retention"
    )
    assert scan.split() == [fact.name for fact in facts_of(Action.SCAN)]
    assert embed.split() == [fact.name for fact in facts_of(Action.EMBED)]


def test_no_fact_can_hold_an_id_or_an_instant() -> None:
    """Free text would let a name, an id or a date in: every text is one of a closed list of words."""
    for fact in SCHEMA:
        assert isinstance(fact.type, Words) or fact.type in ("Bool", "Long")
        assert fact == fact_named(fact.name)


def test_every_fact_is_optional_in_the_schema() -> None:
    text = cedar_schema()
    cedarpy.Schema.from_str(text)
    for fact in SCHEMA:
        assert text.count(f"{fact.name}?:") == len(fact.actions)
