"""What a privacy officer reads when a rule or a list can't be used: where, what is wrong, what to do. Word by word."""

from __future__ import annotations

import re

import pytest
from cedar_rules import a_pack, pair, permit

from habeas.model.errors import UsageError
from habeas.policy.facts.schema import canonical, parse, waived_in
from habeas.policy.lists.waivers import waivers_of
from habeas.policy.rules.decide import Decider

PAIR = pair("T-1", "consent_explicit", "!context.consent_explicit")
GAP, DENY = PAIR.split("\n@id", 1)[0] + "\n", "@id" + PAIR.split("\n@id", 1)[1]
OTHER = "@id" + pair("T-1", "consent_written", "!context.consent_written").split("\n@id", 1)[1]
WAIVER = """\
waivers:
  - rule: HOUSE-9
    owner: privacy-office
    reason: The desk's books were lost
    granted_on: 2026-11-01
    ends_on: 2027-02-01
    sources: [studio]
"""
SHAPE = "One `when { … }` may stand before it, the same in both rules of the pair: where they apply."
FLAWED = [
    (PAIR.replace(' @citation("Art 1")', ""), "t/a.cedar:3: the rule lacks @citation",
     "policies/README.md says what each one is for."),
    (PAIR.replace(' @citation("Art 1") @source("example.org/art-1")', ""),
     "t/a.cedar:3: the rule lacks @citation, @source", "policies/README.md says what each one is for."),
    (PAIR.replace("@kind", '@mood("x") @note("x") @kind'), "t/a.cedar:3: @mood, @note means nothing on a forbid",
     "Take it out, or mend its name."),
    (PAIR.replace("Because.", "Be\\u{200b}cause."),
     "t/a.cedar:3: @sentence holds a character that is not drawn or changes direction",
     "Write it anew, as it is seen."),
    (PAIR.replace("T-1-gap", "t 1"), "t/a.cedar:3: @id must look like HOUSE-1 or HOUSE-1-gap",
     "Plain letters, digits and dashes."),
    (PAIR.replace("2024-01-01", "2024-1-1"), "t/a.cedar:3: @effective_from is no day", 'Write it like "2026-01-31".'),
    (PAIR.replace('@enacted("true")', '@enacted("false")'), "t/a.cedar:3: an unenacted rule is marked active",
     'Write @effective_from("pending") until it is enacted.'),
    (PAIR.replace('@enacted("true")', '@enacted("soon")'), 't/a.cedar:3: @enacted must be "true" or "false"',
     "Mend the word."),
    (PAIR.replace("(principal,", '(principal == Pipeline::"habeas",'),
     "t/a.cedar:3: principal and resource must stay open", "Facts hold no id: name no one thing."),
    (PAIR.replace('action == Action::"embed"', "action"), "t/a.cedar:3: the rule must name its action or actions",
     'Write action == Action::"embed".'),
    (pair("T-1", "line_allowed", "!context.line_allowed"), 't/a.cedar:3: @fact("line_allowed") is no fact of embed',
     "The facts of each action stand in docs/reference/rules.md."),
    (GAP.replace("unless { context has consent_explicit }", "when { false }") + DENY,
     "t/a.cedar:3: a gap rule about consent_explicit must read `unless { context has consent_explicit }`", SHAPE),
    (GAP + DENY.replace("context has consent_explicit && !context.consent_explicit", "true"),
     "t/a.cedar:5: a deny rule about consent_explicit must read `when { context has consent_explicit && … }`", SHAPE),
    (permit("T-2", "embed").replace(";\n", " when { true };\n"), "t/a.cedar:3: a permit must be unconditional",
     "Write the condition as a gap/deny pair."),
    (PAIR + PAIR, "t/a.cedar:7: @id T-1-gap stands already at t/a.cedar:3",
     "An id names one rule for ever: take a new one."),
    (GAP.replace("T-1-gap", "T-1") + DENY.replace("T-1", "T-1-gap"),
     "t/a.cedar:3: ids of gap rules, and only theirs, end in -gap", "A pair is called X and X-gap."),
    (GAP, "t/a.cedar:3: T-1-gap has no partner T-1", "Rules come in gap/deny pairs: write the other one."),
    (GAP + OTHER.replace("@fact", '@curable("false") @fact'),
     "t/a.cedar:3: T-1-gap and T-1 differ in fact and @curable", "Both rules of a pair must say the same there."),
    (GAP + DENY.replace('"2024-01-01") @enacted("true")', '"pending") @enacted("false")'),
     "t/a.cedar:3: T-1-gap and T-1 differ in @enacted", "Both rules of a pair must say the same there."),
    (pair("T-1", "consent_explicit", "!context.consent_explicit", "keep"),
     't/a.cedar:3: @fact("consent_explicit") is no fact of keep',
     "The facts of each action stand in docs/reference/rules.md."),
    (pair("T-1", "consent_explicit", "context has self_published && !context.self_published"),
     "t/a.cedar:5: reads self_published so that the rule is silent while self_published is missing",
     "Write !(context has self_published && …), or give self_published a gap rule of its own for embed that applies "
     "everywhere."),
]  # fmt: skip


def named(value: object) -> str:
    """A case's part of its test's name, without what some tools trip over."""
    return re.sub(r"\W+", "-", str(value))[-40:]


@pytest.mark.parametrize(("rules", "says", "hint"), FLAWED, ids=named)
def test_a_flawed_rule_is_refused_word_by_word(rules: str, says: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        a_pack("t", rules)
    assert (says, hint) == (caught.value.message, caught.value.hint)


@pytest.mark.parametrize(
    ("permits", "rules", "says"),
    [
        ("", "", "t: the pack permits no scan and no embed"),
        (permit("T-0", "scan"), "", "t: the pack permits no embed"),
        (permit("T-0", "scan", "embed"), pair("T-1", "statute_named", "!context.statute_named", "keep"),
         "t/a.cedar:3: speaks about keep, which the pack never permits"),
    ],
    ids=named,
)  # fmt: skip
def test_what_nobody_permits_is_said_word_by_word(permits: str, rules: str, says: str) -> None:
    hint = "What nobody permits is refused, whatever the facts: write one unconditional permit an action."
    with pytest.raises(UsageError) as caught:
        a_pack("t", rules, permits=permits)
    assert (says, hint) == (caught.value.message, caught.value.hint)


def test_a_set_says_that_a_pack_is_there_twice() -> None:
    with pytest.raises(UsageError) as caught:
        Decider((a_pack("t"), a_pack("t")))
    assert ("a policy pack is there twice", "Name each pack once.") == (
        caught.value.message,
        caught.value.hint,
    )


def test_facts_that_can_not_be_read_are_refused_word_by_word() -> None:
    with pytest.raises(UsageError) as caught:
        parse("[")
    says = "a fact set is not in canonical JSON (RFC 8785)"
    assert (says, "Write it with canonical().") == (caught.value.message, caught.value.hint)
    with pytest.raises(UsageError) as caught:
        canonical({"age": None})  # type: ignore[dict-item]
    says = "fact age is a NoneType"
    assert (says, "Leave out a fact nobody supplied.") == (caught.value.message, caught.value.hint)


@pytest.mark.parametrize(
    ("old", "new", "says", "hint"),
    [
        ("HOUSE-9", "KR-1",
         "w.yaml:2: only one house rule by its id can be waived, never a law, a gap alone or all rules",
         "Name it like HOUSE-9; write one waiver a rule."),
        ("HOUSE-9", "HOUSE-1", "w.yaml:2: HOUSE-1 is no house rule that can be waived",
         "What nothing cures, and what only the person can give, holds without exception."),
        ("privacy-office", "Mrs Kim", "w.yaml:2: the owner must be a role in lower case",
            "Write a role such as privacy-office: people leave."),
        ("2027-02-01", "2026-10-01", "w.yaml:2: it ends before it begins", "ends_on is the first day without it."),
        ("[studio]", "[All]", "w.yaml:7: sources must name each one", "Leave sources out where it limits nothing."),
    ],
    ids=named,
)  # fmt: skip
def test_a_flawed_waiver_is_refused_word_by_word(old: str, new: str, says: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        waivers_of(WAIVER.replace(old, new).encode(), "w.yaml", {"HOUSE-9"}, {"archive_search"})
    assert (says, hint) == (caught.value.message, caught.value.hint)


def test_a_rule_keeps_its_citation_for_whoever_is_refused_by_it() -> None:
    assert {"Art 1"} == {each.rule.citation for each in a_pack("t", PAIR).rules}


def test_of_two_waivers_at_once_both_are_read() -> None:
    assert {"HOUSE-16", "HOUSE-9"} == waived_in({"waived": "HOUSE-16,HOUSE-9"})
