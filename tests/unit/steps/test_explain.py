from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import small_warehouse as story

from habeas.adapters.delta_reader import DeltaReader
from habeas.errors import UsageError
from habeas.policy.waivers import Waiver
from habeas.steps.explain import Explanation, explain
from habeas.steps.rulebook import Rulebook, RuleText

RULES = Rulebook(
    story.POLICY,
    {
        story.RULE_WITHDRAWN: RuleText("The person withdrew their consent to this purpose", "GDPR Art 7(3)"),
        story.RULE_CONSENT_GAP: RuleText("Nobody recorded what the person said about this purpose"),
        story.RULE_SCAN: RuleText("The source states no ground for looking for faces", curable=False),
        story.RULE_LAW: RuleText(
            "Faces need consent of their own", "PIPA Art 23(1)", effective_from=date(2027, 1, 1)
        ),
        story.RULE_PERMIT: RuleText("The person consented"),
        "house/HOUSE-9": RuleText("Nobody vouches for the roster line"),
    },
    (Waiver("HOUSE-9", "privacy-office", "The books were lost", date(2026, 11, 1), date(2027, 2, 1)),),
)


@pytest.fixture
def reader(small_warehouse: Path) -> DeltaReader:
    return DeltaReader(small_warehouse)


def says(explanation: Explanation) -> dict[str, str]:
    return {link.step: link.says for link in explanation.links}


def test_a_template_is_explained_down_to_file_consent_rule_and_key(reader: DeltaReader) -> None:
    told = explain(reader, story.ROW_ANA[:10], rules=RULES, key_status=lambda _: "open")
    assert "embedding" == told.kind
    assert [
        "file",
        "frame",
        "quality",
        "roster line",
        "consent",
        "decision",
        "waived HOUSE-9",
        "rests on",
        "obliges to",
        "regulator",
        "policy",
        "run",
        "model",
        "key",
        "status",
    ] == [link.step for link in told.links]
    text = says(told)
    assert "day%201.jpg" in text["file"]
    assert "clerk 7" in text["roster line"]
    assert "said yes" in text["consent"]
    assert "allowed" in text["decision"]
    assert "in force now" in text["policy"]
    assert story.RUN in text["run"]
    assert story.MODEL in text["model"]
    assert "the key is open" in text["key"]


def test_what_was_said_after_the_decision_is_told_apart(reader: DeltaReader) -> None:
    consent = says(explain(reader, story.ROW_ANA))["consent"]
    before, after = consent.split("Recorded since:")
    assert "said yes" in before and "withdrew" not in before
    assert "withdrew" in after


def test_without_the_key_store_the_key_is_not_called_open(reader: DeltaReader) -> None:
    assert "open" not in says(explain(reader, story.ROW_ANA))["key"]


def test_a_refusal_names_the_rule_in_a_sentence(reader: DeltaReader) -> None:
    told = explain(reader, story.WITHDRAWN, rules=RULES)
    assert "refusal" == told.kind
    assert [
        "file",
        "source",
        "roster line",
        "consent",
        "decision",
        "rule HOUSE-10",
        "rule KR-23-1",
        "regulator",
        "policy",
        "run",
    ] == [x.step for x in told.links]
    assert "The person withdrew their consent to this purpose. (GDPR Art 7(3))" == says(told)["rule HOUSE-10"]
    assert "withdrew their consent" in says(told)["consent"]


def test_every_rule_that_fired_is_told_with_where_it_comes_from(reader: DeltaReader) -> None:
    """A lawyer needs all of them, not the first."""
    told = says(explain(reader, story.WITHDRAWN, rules=RULES))
    assert "2 rules spoke against it" in told["decision"]
    assert ["rule HOUSE-10", "rule KR-23-1"] == [step for step in told if step.startswith("rule ")]
    assert "(PIPA Art 23(1)) In force from 2027-01-01; applied already." in told["rule KR-23-1"]
    assert "No consent mends this." in says(explain(reader, story.NO_SCAN, rules=RULES))["rule HOUSE-16"]


def test_a_waived_rule_says_who_waived_it_and_until_when(reader: DeltaReader) -> None:
    told = says(explain(reader, story.ALLOWED, rules=RULES))
    assert (
        "Nobody vouches for the roster line. "
        "Waived until 2027-02-01 by privacy-office: The books were lost." == told["waived HOUSE-9"]
    )


def test_an_allowance_says_what_it_rests_on_and_obliges_to(reader: DeltaReader) -> None:
    told = says(explain(reader, story.ALLOWED, rules=RULES))
    assert "HOUSE-embed: The person consented." == told["rests on"]
    assert "Destroy within 5 days once it must go; keep logs of access for 730 days." == told["obliges to"]


def test_a_regulators_reading_is_information(reader: DeltaReader) -> None:
    told = says(explain(reader, story.WITHDRAWN, rules=RULES))["regulator"]
    assert told.startswith("For information: The laws alone, without house rules, would say denied.")
    assert "KR-23-1: Faces need consent of their own." in told and "HOUSE" not in told
    assert "regulator" not in says(explain(reader, story.NO_SCAN, rules=RULES))  # no law was asked


def test_each_link_says_since_when_it_is_known(reader: DeltaReader) -> None:
    told = says(explain(reader, story.WITHDRAWN, rules=RULES))
    assert "known since 20" in told["file"] and "registered 20" in told["source"]
    assert "recorded 20" in told["consent"] and "decided 20" in told["decision"]


def test_a_decision_is_explained_by_the_rules_it_was_made_by(reader: DeltaReader) -> None:
    """A rule that was reworded since must not speak for the old one."""
    now = Rulebook("1" * 64, {story.RULE_WITHDRAWN: RuleText("Another sentence")},
                   older={story.POLICY: RULES}.get)  # fmt: skip
    told = says(explain(reader, story.WITHDRAWN, rules=now))
    assert told["rule HOUSE-10"].startswith("The person withdrew")
    assert "changed to 111111111111" in told["policy"]
    kept_nowhere = Rulebook("1" * 64)
    assert "house/HOUSE-10." == says(explain(reader, story.WITHDRAWN, rules=kept_nowhere))["rule HOUSE-10"]


def test_a_gap_names_the_missing_fact(reader: DeltaReader) -> None:
    told = explain(reader, story.NEVER_ASKED, rules=RULES)
    assert "Nobody supplied: “where the person's consent to this purpose stands”." in says(told)["decision"]
    assert "never asked" in says(told)["consent"]


def test_a_photo_nobody_may_scan_is_explained_by_its_asset(reader: DeltaReader) -> None:
    told = explain(reader, story.STREET, rules=RULES)
    assert "refusal" == told.kind
    assert says(told)["rule HOUSE-16"].startswith("The source states no ground for looking for faces.")


def test_a_roster_line_tells_its_newest_decision(reader: DeltaReader) -> None:
    told = explain(reader, story.LINE_BEN, rules=RULES)
    assert "refusal" == told.kind
    assert "denied" in told.headline


def test_an_asset_tells_refused_faces_by_reason_and_count_only(reader: DeltaReader) -> None:
    told = explain(reader, story.GROUP, rules=RULES)
    refused = [link for link in told.links if link.step == "refused faces"]
    assert {("not_allowed", 2), ("unbound", 1)} == {(x.fields["reason"], x.fields["count"]) for x in refused}
    assert all({"reason", "count", "purpose", "run_id"} == set(link.fields) for link in refused)


def test_a_broken_file_is_explained(reader: DeltaReader) -> None:
    assert "quarantine" == explain(reader, "7c7c7c").kind


def test_rules_that_changed_since_are_said_to_have_changed(reader: DeltaReader) -> None:
    told = explain(reader, story.WITHDRAWN, rules=Rulebook(digest="1" * 64))
    assert "changed to 111111111111" in says(told)["policy"]


def test_an_ambiguous_beginning_lists_what_it_fits(reader: DeltaReader) -> None:
    with pytest.raises(UsageError, match="fits 2 ids") as caught:
        explain(reader, "0000")
    assert story.GROUP in str(caught.value)


def test_an_unknown_id_says_where_to_find_ids(reader: DeltaReader) -> None:
    with pytest.raises(UsageError, match="habeas log decisions"):
        explain(reader, "123456")


@pytest.mark.parametrize("given", ["", "a", "../../etc", "Ana Example", "%", "a1a1' or '1'='1"])
def test_what_is_no_id_is_refused_before_any_table_is_read(given: str) -> None:
    class Closed:
        def exists(self, table: str) -> bool:
            raise AssertionError("a table was read")

        read = exists

    with pytest.raises(UsageError):
        explain(Closed(), given)  # type: ignore[arg-type]


def test_an_explanation_is_json(reader: DeltaReader) -> None:
    told = json.loads(json.dumps(explain(reader, story.ROW_ANA, rules=RULES).as_dict()))
    assert story.ROW_ANA == told["id"]
    assert all({"step", "says"} <= set(link) for link in told["links"])


def test_an_empty_warehouse_explains_nothing_and_does_not_break(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing has an id"):
        explain(DeltaReader(tmp_path), "abcd")
