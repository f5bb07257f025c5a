from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import pytest
import small_warehouse as story
from in_memory import Tables

from habeas.model.errors import IntegrityError, UsageError
from habeas.model.people import Place
from habeas.oversight.explain.consent import consent_step as say
from habeas.oversight.explain.explain import Explanation, explain
from habeas.oversight.explanation_step import ExplanationStep
from habeas.policy.lists.waivers import Waiver
from habeas.policy.rulebook import Rulebook, RuleText
from habeas.warehouse.delta.delta_reader import DeltaReader
from habeas.warehouse.reader import Row

RULES = Rulebook(
    story.POLICY,
    {
        story.RULE_WITHDRAWN: RuleText("The person withdrew their consent to this purpose", "GDPR Art 7(3)"),
        story.RULE_CONSENT_GAP: RuleText("Nobody recorded what the person said about this purpose"),
        story.RULE_SCAN: RuleText("The source states no ground for looking for faces", curable=False),
        story.RULE_LAW: RuleText(
            "Faces need consent of their own", "PIPA Art 23(1)", effective_from=date(2027, 1, 1)
        ),
        story.RULE_PERMIT: RuleText("The person consented", "House rule 4"),
        "house/HOUSE-9": RuleText("Nobody vouches for the roster line", "House rule 9"),
    },
    (Waiver("HOUSE-9", "privacy-office", "The books were lost", date(2026, 11, 1), date(2027, 2, 1)),),
)


@pytest.fixture
def reader(small_warehouse: Path) -> DeltaReader:
    return DeltaReader(small_warehouse)


def says(explanation: Explanation) -> dict[str, str]:
    return {link.step: link.says for link in explanation.links}


def said(**parts: object) -> Row:
    """A yes as the ledger holds it; `parts` in place of what is unknown or everything."""
    unknown = dict.fromkeys(("explicit", "separate", "written", "guardian", "from_at", "to_at", "expires_at"))
    return {
        **unknown, **{name: [] for name in story.LISTS}, "consent_id": "c1", "subject_id": story.ANA,
        "purpose": "archive_search", "status": "ConsentGiven", "given_at": story.at(5), "recorded_at": story.at(5),
        "notice_version": "n1", "method": "form", "evidence_digest": "0" * 64, **parts,
    }  # fmt: skip


def consent(statements: list[Row], place: Place | None = None) -> ExplanationStep:
    return say(statements, "archive_search", story.at(20), place)


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
    assert text["frame"] == "The photo as a whole: it has one picture."
    assert "day 1.jpg" in text["file"]
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
        "Nobody vouches for the roster line. (House rule 9) "
        "Waived until 2027-02-01 by privacy-office: The books were lost." == told["waived HOUSE-9"]
    )


def test_an_allowance_says_what_it_rests_on_and_obliges_to(reader: DeltaReader) -> None:
    told = says(explain(reader, story.ALLOWED, rules=RULES))
    assert "HOUSE-embed: The person consented. (House rule 4)" == told["rests on"]
    assert "Destroy within 5 days once it must go; keep logs of access for 730 days." == told["obliges to"]


def test_a_regulators_reading_is_information(reader: DeltaReader) -> None:
    told = says(explain(reader, story.WITHDRAWN, rules=RULES))["regulator"]
    assert told.startswith("For information: The laws alone, without house rules, would say denied.")
    assert "KR-23-1: Faces need consent of their own. (PIPA Art 23(1))" in told and "HOUSE" not in told
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
    missing = "Nobody supplied: “where the person's consent to this purpose stands” (write into the list of consents"
    assert missing in says(told)["decision"]


def test_a_person_nobody_asked_is_said_to_have_been_asked_by_nobody(reader: DeltaReader) -> None:
    told = says(explain(reader, story.NEVER_ASKED, rules=RULES))["consent"]
    assert "nobody ever asked this person for archive_search" in told


def test_a_no_that_came_after_the_decision_is_not_called_never_asked() -> None:
    late = said() | {"status": "ConsentRefused", "recorded_at": story.at(21)}
    told = consent([late])
    assert "nobody ever" not in told.says and "When this was decided, nobody had recorded" in told.says
    assert "Recorded since: On 2026-11-05 00:00 UTC said no to archive_search for all footage" in told.says


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
    assert all({"reason", "count", "purposes"} >= set(link.fields) for link in refused)
    assert "One file: 4 faces found, 1 embedded, 3 refused; 1 templates open." == told.headline


def test_a_clip_worked_on_again_tells_each_refused_face_once(tmp_path: Path) -> None:
    """It said 11 faces refused where there were 5: older work and a second purpose were added to them."""
    story.fill(tmp_path)
    refused = {"asset_id": story.GROUP, "source_id": "studio", "work_digest": "w2", "run_id": "nightly-2",
               "recorded_at": story.at(21)}  # fmt: skip
    story.write(tmp_path, "work", [
        {"asset_id": story.GROUP, "work_digest": "w2", "state": "done", "run_id": "nightly-2", "faces": 4,
         "faces_embedded": 0, "recorded_at": story.at(21)}])  # fmt: skip
    story.write(tmp_path, "refusals", [
        {**refused, "purpose": "", "reason": "unbound", "count": 1},
        {**refused, "purpose": "archive_search", "reason": "not_allowed", "count": 3},
        {**refused, "purpose": "model_training", "reason": "not_allowed", "count": 3}])  # fmt: skip
    told = explain(DeltaReader(tmp_path), story.GROUP, rules=RULES)
    assert told.headline.startswith("One file: 4 faces found, 0 embedded, 4 refused;")
    denied = next(link for link in told.links if link.fields.get("reason") == "not_allowed")
    assert {"reason": "not_allowed", "count": 3,
            "purposes": {"archive_search": 3, "model_training": 3}} == denied.fields  # fmt: skip


def test_an_allowed_person_without_a_template_is_told_why(tmp_path: Path) -> None:
    story.fill(tmp_path)
    story.write(tmp_path, "row_status", [
        {"row_id": story.ROW_ANA, "status": "closed", "decision_id": story.ALLOWED, "reason": "key_closed",
         "erase_by": story.at(27), "recorded_at": story.at(22), "run_id": "import"}])  # fmt: skip
    assert (
        "and it is shut" in says(explain(DeltaReader(tmp_path), story.LINE_ANA, rules=RULES))["no template"]
    )


def test_a_file_that_nobody_is_listed_in_says_so(reader: DeltaReader) -> None:
    assert "No roster line" in says(explain(reader, story.STREET))["roster"]
    assert "roster" not in says(explain(reader, story.GROUP))


def test_what_an_explanation_prints_can_be_explained(reader: DeltaReader) -> None:
    """Every id that stands in an explanation, and every path."""
    person = explain(reader, story.ANA[:8])
    assert ("person", story.ANA) == (person.kind, person.id)
    assert "1 in 1 files" in says(person)["roster lines"]
    key = explain(reader, story.KEY_ANA)
    assert ("key", f"A key of person {story.ANA[:8]} for archive_search.") == (key.kind, key.headline)
    assert "1 open" in says(key)["templates"]
    run = explain(reader, story.RUN)
    assert ("run", f"Run {story.RUN}: 5 tasks done.") == (run.kind, run.headline)
    assert [story.ROW_ANA] == next(link for link in run.links if link.step == "templates").fields["row_ids"]
    location = explain(reader, story.GROUP).links[0].fields["location"]
    for path in (location, f"studio/{location}"):
        assert story.GROUP == explain(reader, path).id


def test_a_path_on_this_machine_is_the_file_of_the_archive(
    reader: DeltaReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "archive" / "studio" / "day 1.jpg"
    for given in (place, str(place)):
        assert story.GROUP == explain(reader, str(given), archive=tmp_path / "archive").id
    place.parent.mkdir(parents=True)
    monkeypatch.chdir(place.parent)
    assert story.STREET == explain(reader, "../street/x.jpg", archive=tmp_path / "archive").id
    with pytest.raises(UsageError):
        explain(reader, "../../../day 1.jpg", archive=tmp_path / "archive")


def test_a_run_that_failed_is_explained_by_the_records_it_left(reader: DeltaReader) -> None:
    left = [{"run_id": "nightly-9", "task": "decide", "status": "failed", "started_at": story.at(24),
             "finished_at": story.at(24), "seconds": 2.0}]  # fmt: skip
    told = explain(reader, "nightly-9", left=left)
    assert "Run nightly-9: failed." == told.headline and "Decide failed" in says(told)["task"]


def test_a_broken_file_is_explained(reader: DeltaReader) -> None:
    assert "quarantine" == explain(reader, "7c7c7c").kind


def test_rules_that_changed_since_are_said_to_have_changed(reader: DeltaReader) -> None:
    told = explain(reader, story.WITHDRAWN, rules=Rulebook(digest="1" * 64))
    assert "changed to 111111111111" in says(told)["policy"]


def test_an_ambiguous_beginning_lists_what_it_fits(reader: DeltaReader) -> None:
    with pytest.raises(UsageError, match="fits 2 things") as caught:
        explain(reader, "0000")
    assert story.GROUP in str(caught.value)


def test_an_unknown_id_says_where_to_find_ids(reader: DeltaReader) -> None:
    with pytest.raises(UsageError, match="habeas log decisions"):
        explain(reader, "123456")


@pytest.mark.parametrize(
    "given", ["", "a", "../../etc", "Ana Example", "840229", "nul\0", "%", "a1a1' or '1'='1"]
)
def test_what_names_nothing_is_refused_and_not_repeated(reader: DeltaReader, given: str) -> None:
    """It may be a name or a real id, typed where a random one belongs."""
    with pytest.raises(UsageError) as caught:
        explain(reader, given)
    assert len(given) < 2 or given not in str(caught.value)


def test_an_explanation_is_json(reader: DeltaReader) -> None:
    told = json.loads(json.dumps(explain(reader, story.ROW_ANA, rules=RULES).as_dict()))
    assert story.ROW_ANA == told["id"]
    assert all({"step", "says"} <= set(link) for link in told["links"])


def test_an_empty_warehouse_explains_nothing_and_does_not_break(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing here has that id"):
        explain(DeltaReader(tmp_path), "abcd")


def test_a_consent_says_which_footage_it_covers_and_whether_this_file_is_part_of_it() -> None:
    """Else "said yes" beside "the consent does not cover this footage" reads like a contradiction."""
    scope = {
        "sources": ["studio"],
        "events": ["press-day", "open-day"],
        "folders": ["f0" * 16],
        "to_at": story.at(3),
    }
    row = said(**scope, sites=["north"], lots=["tape 7"], assets=[story.GROUP], from_at=story.at(1))
    elsewhere = consent([row], Place("street", story.STREET, captured_at=story.at(2)))
    assert (
        "said yes to archive_search for footage of source studio and site north and event press-day or open-day and "
        "lot tape 7 and folder f0f0f0f0f0f0 and file 00001aaaaaaa captured from 2026-11-01 00:00 UTC on and before "
        "2026-11-03 00:00 UTC (this file is not part of it)" in elsewhere.says
    )
    (told,) = elsewhere.fields["statements"]
    assert {**scope, "to_at": "2026-11-03T00:00:00+00:00"}.items() <= told.items()
    assert told["about_this_file"] is False
    inside = consent([said(sources=["studio"])], Place("studio"))
    assert "not part of it" not in inside.says and inside.fields["statements"][0]["about_this_file"] is True
    assert "for all footage" in consent([said()]).says


def test_a_consent_says_how_it_was_given_and_what_nobody_wrote_down() -> None:
    known = consent([said(explicit=True, separate=False, written=True, guardian=True)])
    assert (
        "said in so many words, bundled with something else, in writing, by a guardian; recorded"
        in known.says
    )
    partly = consent([said(explicit=False, separate=True, recipients=["vendor"], countries=["US-IL"])])
    assert "said not in so many words, asked apart from everything else" in partly.says
    assert "nobody recorded whether in writing or whether by a guardian" in partly.says
    assert "vendor may get templates; they may go to US-IL" in partly.says
    (told,) = partly.fields["statements"]
    names = ("purpose", "explicit", "separate", "written", "guardian", "recipients")
    assert ["archive_search", False, True, None, None, ["vendor"]] == [told[name] for name in names]


def test_each_statement_names_its_purpose(reader: DeltaReader) -> None:
    assert "said yes to archive_search" in says(explain(reader, story.LINE_ANA))["consent"]
    assert "withdrew their consent to archive_search" in says(explain(reader, story.LINE_BEN))["consent"]


def test_a_file_that_was_set_aside_says_why(reader: DeltaReader) -> None:
    told = explain(reader, story.BROKEN)
    assert "One file that was set aside: the file ends too early." == told.headline
    assert "the file ends too early. In detail: ends inside a picture." in says(told)["quarantine"]


def test_a_file_no_source_holds_is_found_and_said_never_to_have_been_catalogued() -> None:
    aside = {"quarantine_id": "5c" * 16, "item": "file", "asset_id": "9c" * 16, "reason": "unregistered_source",
             "detail": None, "source_id": None, "run_id": story.RUN, "recorded_at": story.at(20)}  # fmt: skip
    for id_prefix in ("9c9c9c", "5c5c5c"):
        told = explain(Tables(quarantine=[aside]), id_prefix)
        assert "The file was never catalogued: it lies in no registered source." == says(told)["file"]
        assert "it lies in no registered source" in says(told)["quarantine"]


@pytest.mark.parametrize(
    ("reason", "expires_at", "why"),
    [
        ("key_closed", story.at(29), "its key was closed, because the person said no or is left out"),
        ("decision_ended", story.at(29), f"decision {story.WITHDRAWN[:12]} no longer allows it"),
        ("decision_ended", story.at(21), "its permission ran out on 2026-11-21 00:00 UTC"),
        ("roster_replaced", story.at(29), "a newer list of its file replaced the line it was made for"),
        ("file_replaced", story.at(29), "another picture or clip took the place of its file"),
        ("superseded", story.at(29), "the newest work on its file no longer makes it"),
    ],
)
def test_a_closed_template_says_when_and_why_and_by_when_it_is_erased(
    reason: str, expires_at: datetime, why: str, reader: DeltaReader
) -> None:
    """After a withdrawal nobody may read that there is a permission."""
    status = {"row_id": story.ROW_ANA, "status": "closed", "decision_id": story.WITHDRAWN, "reason": reason,
              "expires_at": expires_at, "erase_by": story.at(27), "recorded_at": story.at(22)}  # fmt: skip
    names = (
        "embeddings",
        "decisions",
        "fact_sets",
        "assets",
        "rosters",
        "consents",
        "subjects",
        "keys",
        "sources",
    )
    tables = Tables(row_status=[status], **{name: reader.read(name).to_pylist() for name in names})
    told = explain(tables, story.ROW_ANA).links[-1]
    assert (
        f"Closed 2026-11-22 00:00 UTC: {why}. Nobody may open it. It is to be erased by 2026-11-27 00:00 UTC."
        == told.says
    )
    assert "expires_at" not in told.fields and reason == told.fields["reason"]


def test_a_template_without_its_decision_is_an_alarm(reader: DeltaReader) -> None:
    names = (
        "embeddings",
        "decisions",
        "fact_sets",
        "assets",
        "rosters",
        "consents",
        "subjects",
        "keys",
        "sources",
    )
    tables = Tables(**{name: reader.read(name).to_pylist() for name in names})
    assert not explain(tables, story.ROW_ANA).alarm
    tables.tables["decisions"] = []
    told = explain(tables, story.ROW_ANA)
    assert "should not be here" in told.alarm and told.as_dict()["alarm"] == told.alarm


def test_a_lost_table_does_not_explain_anything(reader: DeltaReader) -> None:
    tables = Tables(embeddings=reader.read("embeddings").to_pylist())
    with pytest.raises(IntegrityError, match="table decisions is gone, and embeddings holds rows"):
        explain(tables, story.ROW_ANA)


def test_a_line_that_a_newer_list_replaced_says_so(reader: DeltaReader) -> None:
    names = (
        "embeddings",
        "decisions",
        "fact_sets",
        "assets",
        "rosters",
        "consents",
        "subjects",
        "keys",
        "sources",
    )
    tables = Tables(**{name: reader.read(name).to_pylist() for name in names})
    lines = {link.step: link.says for link in explain(tables, story.LINE_ANA).links}
    assert "replaced" not in lines["roster line"]
    line = next(row for row in tables.tables["rosters"] if row["line_id"] == story.LINE_BEN)
    later = {"line_id": "9e" * 16, "attested_at": story.at(25), "recorded_at": story.at(25)}
    tables.tables["rosters"].append(line | later)
    lines = {link.step: link.says for link in explain(tables, story.LINE_ANA).links}
    assert lines["roster line"].endswith("A newer list of the file replaced it.")
