from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import small_warehouse as story

from habeas.adapters.delta_reader import DeltaReader
from habeas.policy.waivers import Waiver
from habeas.report.detail import Bin, bins, describe
from habeas.report.summary import flow, read_tally, summarise
from habeas.steps.rulebook import Rulebook, RuleText

RULES = Rulebook(
    story.POLICY,
    {
        story.RULE_WITHDRAWN: RuleText("They withdrew"),
        story.RULE_SCAN: RuleText("No ground", fact="scan_ground"),
    },
    (
        Waiver("HOUSE-9", "privacy-office", "books lost", date(2026, 11, 1), date(2027, 2, 1)),
        Waiver("HOUSE-7", "privacy-office", "an old one", date(2025, 1, 1), date(2026, 1, 1), ("studio",)),
        Waiver("HOUSE-7", "privacy-office", "one to come", date(2027, 1, 1), date(2028, 1, 1)),
    ),
)


def test_the_summary_counts_what_the_tables_hold(small_warehouse: Path) -> None:
    tally = read_tally(DeltaReader(small_warehouse), story.RUN)
    told = summarise(
        tally, story.RUN, {"embeddings": "warehouse/embeddings"}, Rulebook(story.POLICY, RULES.rules)
    )
    assert {
        "run_id": story.RUN,
        "assets": 3,
        "assets_refused": {"scan_ground": 1},
        "quarantined": 1,
        "faces_detected": 4,
        "faces_refused": {"not_allowed": 2, "unbound": 1},
        "embeddings": 1,
        "subjects": 1,
        "seconds": {"catalog": 1.5, "decide": 1.5, "embed": 1.5, "check": 1.5, "publish": 1.5},
        "waivers": [],
        "tables": {"embeddings": "warehouse/embeddings"},
    } == told


def test_the_flow_only_ever_loses(small_warehouse: Path) -> None:
    counts = flow(read_tally(DeltaReader(small_warehouse), story.RUN))
    assert {
        "assets": 3,
        "scanned": 1,
        "faces": 4,
        "bound": 3,
        "allowed": 1,
        "embedded": 1,
        "templates": 1,
    } == counts


def test_refusals_of_an_asset_done_again_are_not_counted_twice(tmp_path: Path) -> None:
    refusal = {
        "asset_id": story.GROUP,
        "source_id": "studio",
        "purpose": "",
        "reason": "unbound",
        "run_id": "r",
    }
    work = {"asset_id": story.GROUP, "state": "done", "run_id": "r"}
    story.write(tmp_path, "decisions", [])
    for digest, count, day in (("old", 5, 20), ("new", 2, 21)):
        story.write(tmp_path, "refusals", [
            {**refusal, "work_digest": digest, "count": count, "recorded_at": story.at(day)}])  # fmt: skip
        story.write(tmp_path, "work", [{**work, "work_digest": digest, "recorded_at": story.at(day)}])
    tally = read_tally(DeltaReader(tmp_path), "r")
    assert {"unbound": 2} == summarise(tally, "r", {}, RULES)["faces_refused"]


def test_a_face_refused_for_one_purpose_and_stored_for_another_is_one_face(tmp_path: Path) -> None:
    story.fill(tmp_path)
    before = flow(read_tally(DeltaReader(tmp_path), story.RUN))
    story.write(tmp_path, "refusals", [
        {"asset_id": story.GROUP, "source_id": "studio", "purpose": "model_training", "reason": "not_allowed",
         "count": 3, "work_digest": "w1", "run_id": story.RUN, "recorded_at": story.at(20)}])  # fmt: skip
    assert before == flow(read_tally(DeltaReader(tmp_path), story.RUN))


def test_a_face_of_poor_quality_was_bound_and_allowed(tmp_path: Path) -> None:
    story.fill(tmp_path)
    before = flow(read_tally(DeltaReader(tmp_path), story.RUN))
    poor = {"asset_id": story.GROUP, "source_id": "studio", "purpose": "", "reason": "low_quality", "count": 2,
            "work_digest": "w1", "run_id": story.RUN, "recorded_at": story.at(20)}  # fmt: skip
    story.write(tmp_path, "refusals", [poor])
    after = flow(read_tally(DeltaReader(tmp_path), story.RUN))
    grown = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    assert {"faces": 2, "bound": 2, "allowed": 2} == grown


def test_an_empty_warehouse_has_an_empty_summary(tmp_path: Path) -> None:
    told = summarise(read_tally(DeltaReader(tmp_path), "r"), "r", {}, RULES)
    assert 0 == told["assets"] + told["embeddings"] + told["faces_detected"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], ()),
        ([0.5], (Bin(0.0, 1.0, 1),)),
        ([float("nan"), 0.5], (Bin(0.0, 1.0, 1),)),
    ],
)
def test_bins_of_few_values(values: list[float], expected: tuple[Bin, ...]) -> None:
    assert expected == bins(values)


def test_bins_have_round_borders_and_lose_nothing() -> None:
    values = [float(v) for v in range(24, 401)]
    found = bins(values)
    assert len(values) == sum(item.count for item in found)
    assert {50.0} == {item.high - item.low for item in found}
    assert found[0].low <= 24 and found[-1].high >= 400


def test_details_tell_source_by_source(small_warehouse: Path) -> None:
    detail = describe(read_tally(DeltaReader(small_warehouse), story.RUN), RULES)
    lines = {line.source_id: line for line in detail.sources}
    assert (
        lines["studio"].assets, lines["studio"].refused, lines["studio"].scanned,
        lines["studio"].quarantined, lines["studio"].faces_refused, lines["studio"].templates,
    ) == (2, 0, 1, 1, 3, 1)  # fmt: skip
    assert (lines["street"].assets, lines["street"].refused, lines["street"].scanned) == (1, 1, 0)
    assert ("They withdrew", 1) in detail.rules
    assert story.POLICY == detail.policy_digest


def test_every_waiver_shows_in_every_summary_in_force_or_not(small_warehouse: Path) -> None:
    told = summarise(read_tally(DeltaReader(small_warehouse), story.RUN), story.RUN, {}, RULES)["waivers"]
    assert [("HOUSE-9", "in force", 1), ("HOUSE-7", "expired", 0), ("HOUSE-7", "not yet", 0)] == [
        (each["rule"], each["state"], each["used"]) for each in told
    ]
    assert ("source studio", "2026-01-01") == (told[1]["about"], told[1]["ends_on"])
    assert {"privacy-office"} == {each["owner"] for each in told}


def test_a_waived_rule_spoke_against_nobody(small_warehouse: Path) -> None:
    detail = describe(read_tally(DeltaReader(small_warehouse), story.RUN), RULES)
    assert not [sentence for sentence, _ in detail.rules if "HOUSE-9" in sentence]
    assert ("They withdrew", 1) in detail.rules


def test_what_is_allowed_shows_what_it_obliges_to(small_warehouse: Path) -> None:
    detail = describe(read_tally(DeltaReader(small_warehouse), story.RUN), RULES)
    assert ("destroy within 5 days once it must go", "keep logs of access for 730 days") == detail.obligations


def test_the_regulators_reading_is_counted_apart(small_warehouse: Path) -> None:
    detail = describe(read_tally(DeltaReader(small_warehouse), story.RUN), RULES)
    line = next(line for line in detail.purposes if line.purpose == "archive_search")
    assert {"allow": 1, "deny": 1, "gap": 0} == line.regulator
