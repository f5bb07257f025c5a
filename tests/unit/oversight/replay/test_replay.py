"""Recorded decisions made again: what is the same, and what raises an alarm."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import small_policies
from cedar_rules import pair, permit
from in_memory import Tables

from habeas.model.decision import Action, Facts
from habeas.model.errors import IntegrityError, UsageError
from habeas.model.ids import decision_id
from habeas.oversight.replay.replay import Again, FactsAgain, Replayed, Replayer, Rules, tell
from habeas.oversight.replay.selection import count_of_run, of_ids, of_run, sample
from habeas.policy.facts.schema import canonical, facts_digest
from habeas.policy.policy_set import PolicySet, load_policy_set
from habeas.policy.rules.decide import Decider, rule_names
from habeas.warehouse.reader import Row

AS_OF = datetime(2026, 11, 23, tzinfo=UTC)
YES: Facts = {"line_attested": True, "consent": "given", "law_kr": True}
NO: Facts = {"line_attested": True, "consent": "withdrawn"}
UNKNOWN: Facts = {"line_attested": True}
KR = permit("KR-permit", "scan", "embed", obligation="retention_days<=30; log_days>=730")


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    folder = small_policies.write(tmp_path_factory.mktemp("policies"))
    law = folder / "kr-pipa"
    law.mkdir()
    (law / "pack.yaml").write_text("title: Law\nlaw: urn:example:law\napplies_when: law_kr\n")
    (law / "rules.cedar").write_text(KR + pair("KR-1", "consent", 'context.consent == Consent::"refused"'))
    return load_policy_set(folder, ["house", "kr-pipa"])


def recorded(policies: PolicySet, facts: Facts, line: str = "l1", run: str = "first") -> Row:
    """A decision as the night writes it."""
    verdict = Decider(policies.packs).decide(Action.EMBED, facts)
    digest = facts_digest(Action.EMBED, facts)
    return {
        "decision_id": decision_id("embed", "a1", line, "archive_search", digest, policies.digest, AS_OF),
        "action": "embed", "asset_id": "a1", "line_id": line, "purpose": "archive_search",
        "facts_digest": digest, "policy_digest": policies.digest, "as_of": AS_OF, "valid_until": None,
        "effect": str(verdict.effect), "rules": list(rule_names(verdict)), "missing": list(verdict.missing),
        "retention_days": verdict.retention_days, "obligations": list(verdict.obligations),
        "regulator_effect": str(verdict.regulator.effect) if verdict.regulator else None,
        "regulator_rules": list(rule_names(verdict.regulator)) if verdict.regulator else [],
        "run_id": run,
    }  # fmt: skip


def stored(*sets: Facts) -> list[Row]:
    return [
        {"facts_digest": facts_digest(Action.EMBED, each), "action": "embed", "facts": canonical(each)}
        for each in sets
    ]


@pytest.fixture
def tables(policies: PolicySet) -> Tables:
    decisions = [recorded(policies, facts, f"l{n}") for n, facts in enumerate((YES, NO, UNKNOWN))]
    return Tables(decisions=decisions, fact_sets=stored(YES, NO, UNKNOWN))


def rules(policies: PolicySet) -> Rules:
    def load(digest: str) -> PolicySet:
        if digest != policies.digest:
            raise IntegrityError(f"the rules {digest[:12]} are not pinned here")
        return policies

    return load


def test_what_was_decided_is_decided_again_bit_for_bit(tables: Tables, policies: PolicySet) -> None:
    made = Replayer(tables, rules(policies)).replay(tables.tables["decisions"])
    assert ["allow", "deny", "gap"] == [row["effect"] for row in tables.tables["decisions"]]
    assert 30 == tables.tables["decisions"][0]["retention_days"]
    assert [(True, False)] * 3 == [(each.reproduced, each.alarm) for each in made]
    assert tell(made).same


ALTERED: Mapping[str, Any] = {
    "effect": "allow",
    "rules": [],
    "missing": ["consent"],
    "retention_days": 3650,
    "obligations": ["log_days>=1"],
    "regulator_effect": "deny",
    "regulator_rules": ["kr-pipa/KR-1"],
    "purpose": "model_training",
    "asset_id": "a2",
    "line_id": "l9",
    "as_of": datetime(2026, 11, 24, tzinfo=UTC),
    "decision_id": "0" * 32,
}


@pytest.mark.parametrize("name", ALTERED)
def test_one_altered_field_of_a_decision_raises_an_alarm(name: str, policies: PolicySet) -> None:
    row = recorded(policies, NO)
    tables = Tables(decisions=[row | {name: ALTERED[name]}], fact_sets=stored(NO))
    (made,) = Replayer(tables, rules(policies)).replay(tables.tables["decisions"])
    changed = "decision_id" if name in ("purpose", "asset_id", "line_id", "as_of") else name
    assert (changed,) == made.differs
    assert made.alarm


def test_a_decision_that_names_other_facts_is_not_the_one_that_was_made(policies: PolicySet) -> None:
    row = recorded(policies, NO) | {"facts_digest": facts_digest(Action.EMBED, YES)}
    (made,) = Replayer(Tables(fact_sets=stored(YES, NO)), rules(policies)).replay([row])
    assert {"decision_id", "effect"} <= set(made.differs)


@pytest.mark.parametrize(
    ("fact_sets", "why"),
    [
        ([], "not there"),
        ([stored(NO)[0] | {"facts": canonical(YES)}], "altered"),
        ([stored(NO)[0] | {"facts": "{} "}], "altered"),
        ([stored(NO)[0] | {"action": "scan"}], "altered"),
        ([stored(NO)[0] | {"action": "march"}], "altered"),
    ],
)
def test_facts_that_are_gone_or_altered_raise_an_alarm(
    fact_sets: list[Row], why: str, policies: PolicySet
) -> None:
    (made,) = Replayer(Tables(fact_sets=fact_sets), rules(policies)).replay([recorded(policies, NO)])
    assert why in made.why
    assert made.alarm


def test_a_decision_about_another_action_than_its_facts_raises_an_alarm(policies: PolicySet) -> None:
    (made,) = Replayer(Tables(fact_sets=stored(NO)), rules(policies)).replay(
        [recorded(policies, NO) | {"action": "scan"}]
    )
    assert "altered" in made.why


def test_rules_that_are_not_pinned_raise_an_alarm_for_their_decisions_alone(
    tables: Tables, policies: PolicySet
) -> None:
    lost = recorded(policies, NO) | {"policy_digest": "0" * 64}
    made = Replayer(tables, rules(policies)).replay([lost, *tables.tables["decisions"]])
    assert ["the rules 000000000000 are not pinned here", "", "", ""] == [each.why for each in made]


def test_rules_and_facts_are_read_once_however_many_decisions_rest_on_them(
    tables: Tables, policies: PolicySet
) -> None:
    asked: list[str] = []

    def load(digest: str) -> PolicySet:
        asked.append(digest)
        return policies

    replayer = Replayer(tables, load)
    for _ in range(3):
        replayer.replay(tables.tables["decisions"])
    assert [policies.digest] == asked
    assert 1 == tables.reads["fact_sets"]


def test_facts_are_derived_again_only_for_decisions_that_could_be_made_again(
    tables: Tables, policies: PolicySet
) -> None:
    def again(chosen: Sequence[Row], facts: Mapping[str, Facts], load: Rules) -> list[FactsAgain]:
        assert load(policies.digest) is policies
        assert all(facts[row["facts_digest"]] for row in chosen)
        return [FactsAgain(Again.DIFFERS, (row["line_id"],)) for row in chosen]

    lost = recorded(policies, NO) | {"policy_digest": "0" * 64}
    first, last = tables.tables["decisions"][0], tables.tables["decisions"][2]
    made = Replayer(tables, rules(policies), again).replay([first, lost, last])
    assert [("l0",), (), ("l2",)] == [each.facts.names for each in made]
    assert all(each.alarm for each in made)


@pytest.mark.parametrize(
    ("says", "alarm"),
    [
        (Again.SAME, False),
        (Again.ERASED, False),
        (Again.CHANGED, False),
        (Again.UNKNOWN, False),
        (Again.DIFFERS, True),
    ],
)
def test_an_erased_person_explains_a_difference_and_an_unexplained_one_is_an_alarm(
    says: Again, alarm: bool
) -> None:
    made = Replayed("d", "embed", "archive_search", "first", "0" * 64, facts=FactsAgain(says, ("consent",)))
    assert alarm == made.alarm


def test_the_answer_counts_and_names_no_person_and_no_file(tables: Tables, policies: PolicySet) -> None:
    altered = tables.tables["decisions"][1] | {"effect": "allow"}
    told = tell(Replayer(tables, rules(policies)).replay([tables.tables["decisions"][0], altered])).as_dict()
    words = json.loads(json.dumps(told))
    assert (2, 1, {"not compared": 2}) == (words["decisions"], words["reproduced"], words["facts"])
    assert ["effect"] == words["alarms"][0]["differs"]
    assert not {"asset_id", "line_id", "subject_id"} & set(words["alarms"][0])


def many(count: int) -> Tables:
    return Tables(decisions=[{"decision_id": f"{n:032x}", "run_id": f"r{n % 2}"} for n in range(count)])


def test_a_sample_is_chosen_by_its_seed_alone() -> None:
    tables = many(50)
    chosen = sample(tables, 10, "2026-11-23")
    shuffled = Tables(decisions=list(reversed(tables.tables["decisions"])))
    assert (10, chosen) == (len(set(chosen)), sample(shuffled, 10, "2026-11-23"))
    assert chosen != sample(tables, 10, "2026-11-24")
    assert 50 == len(sample(tables, 500, "s"))
    assert [] == sample(Tables(), 500, "s")


LOST = {"decision_id": "d1", "asset_id": "a1", "row_id": "r1"}


@pytest.mark.parametrize(
    "tables",
    [
        Tables(embeddings=[LOST]),
        Tables(work=[LOST]),
        Tables(decisions=[], embeddings=[LOST]),
        Tables(
            runs=[{"run_id": "r1", "task": "decide", "counts": '{"embed_deny": 3, "embed_fact_sets": 1}'}]
        ),
    ],
)
def test_decisions_that_were_made_and_are_gone_are_no_success(tables: Tables) -> None:
    with pytest.raises(IntegrityError, match="decision"):
        sample(tables, 2, "s")


def test_before_anything_was_decided_there_is_nothing_to_alarm_about() -> None:
    """An archive with no file in it has its nights too."""
    nights = [{"run_id": "r1", "task": "decide", "counts": '{"embed_fact_sets": 0, "lines_due": 0}'}]
    assert [] == sample(Tables(runs=nights, embeddings=[], work=[]), 2, "s")


def test_a_run_whose_decisions_are_gone_is_not_called_unknown() -> None:
    with pytest.raises(IntegrityError, match="table decisions is gone"):
        count_of_run(Tables(work=[LOST]), "r1")


def test_a_run_is_read_in_batches_and_an_unknown_one_is_refused() -> None:
    tables = many(10)
    assert 5 == count_of_run(tables, "r1") == sum(map(len, of_run(tables, "r1")))
    assert [3] == [len(batch) for batch in of_ids(tables, [f"{n:032x}" for n in range(3)])]
    with pytest.raises(UsageError, match="no decision"):
        count_of_run(tables, "r9")
