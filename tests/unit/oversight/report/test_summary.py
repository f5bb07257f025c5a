from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import small_warehouse as story

from habeas.model.installation.steps import NIGHTLY
from habeas.oversight.numbers.numbers import count
from habeas.oversight.numbers.tally import Tally, read_tally
from habeas.oversight.report.detail import Bin, RuleLine, bins, describe
from habeas.oversight.report.summary import status, summarise
from habeas.policy.lists.waivers import Waiver
from habeas.policy.rulebook import Rulebook, RuleText
from habeas.warehouse.delta.delta_reader import DeltaReader
from habeas.warehouse.reader import rows

STEP_NAMES = [step.name for step in NIGHTLY]

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


NOW = story.at(25)


def told(warehouse: Path, rules: Rulebook = RULES) -> dict[str, Any]:
    tally = tallied(warehouse)
    return summarise(tally, count(tally, rules, NOW), story.RUN, {"embeddings": "there"}, rules, NOW)


def tallied(warehouse: Path) -> Tally:
    reader = DeltaReader(warehouse)
    return read_tally(reader, rows(reader, "runs", ("run_id", "=", story.RUN)))


def test_the_summary_counts_what_the_tables_hold(small_warehouse: Path) -> None:
    assert {
        "run_id": story.RUN,
        "status": "done",
        "finished_at": story.at(20, 4).isoformat(),
        "counted_at": NOW.isoformat(),
        "files": {
            "found": 3,
            "looked_at": 1,
            "refused": {"scan_ground": 1},
            "set_aside": {"truncated": 1},
            "waiting": 0,
            "looked_at_and_refused_since": 0,
        },
        "faces": {
            "found": 4,
            "bound": 3,
            "allowed": 1,
            "embedded": 1,
            "refused": {"not_allowed": 2, "unbound": 1},
            "refused_for": {"archive_search": 2},
        },
        "lines": {
            "listed": 3,
            "allowed": 1,
            "refused": 2,
            "undecided": 0,
            "with_template": 1,
            "without_template": {},
        },
        "templates": {
            "stored": 1,
            "open": 1,
            "expired": 0,
            "closed": 0,
            "frozen": 0,
            "held": 0,
            "due": 0,
            "late": 0,
            "erase_by": None,
            "people": 1,
            "made_by_this_run": 1,
        },
        "waivers": [],
        "seconds": {"catalog": 1.5, "decide": 1.5, "embed": 1.5, "check": 1.5, "publish": 1.5},
        "tables": {"embeddings": "there"},
    } == told(small_warehouse, Rulebook(story.POLICY, RULES.rules))


@pytest.mark.parametrize(
    ("tasks", "word"),
    [
        ({}, "unfinished"),
        (dict.fromkeys(STEP_NAMES, "done"), "done"),
        (dict.fromkeys(STEP_NAMES[:3], "done"), "unfinished"),
        (dict.fromkeys(STEP_NAMES[:2], "done") | {"embed": "halted"}, "halted"),
        ({"catalog": "done", "decide": "refused"}, "refused"),
        ({"catalog": "failed"}, "failed"),
    ],
)
def test_a_run_is_done_only_when_all_its_steps_are(tasks: dict[str, str], word: str) -> None:
    assert word == status([{"task": task, "status": how} for task, how in tasks.items()])


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
    detail = describe(tallied(small_warehouse), RULES, NOW)
    lines = {line.source_id: line for line in detail.sources}
    studio, street = lines["studio"].numbers, lines["street"].numbers
    assert (2, 1, 1, 4, 1) == (studio.files.total, len(studio.files.looked_at), len(studio.files.set_aside),
                               studio.faces.total, studio.templates.open)  # fmt: skip
    assert (1, 1, 0) == (street.files.total, len(street.files.refused), len(street.files.looked_at))
    assert RuleLine(story.RULE_WITHDRAWN, "They withdrew", "", 1) in detail.rules
    assert story.POLICY == detail.policy_digest


def test_every_waiver_shows_in_every_summary_in_force_or_not(small_warehouse: Path) -> None:
    listed = told(small_warehouse)["waivers"]
    assert [("HOUSE-9", "in force", 1), ("HOUSE-7", "expired", 0), ("HOUSE-7", "not yet", 0)] == [
        (each["rule"], each["state"], each["used"]) for each in listed
    ]
    assert ("source studio", "2026-01-01") == (listed[1]["about"], listed[1]["ends_on"])
    assert {"privacy-office"} == {each["owner"] for each in listed}


def test_a_waived_rule_spoke_against_nobody(small_warehouse: Path) -> None:
    detail = describe(tallied(small_warehouse), RULES, NOW)
    assert not [rule for rule in detail.rules if "HOUSE-9" in rule.name]
    assert story.RULE_WITHDRAWN in [rule.name for rule in detail.rules]


def test_what_is_allowed_shows_what_it_obliges_to(small_warehouse: Path) -> None:
    detail = describe(tallied(small_warehouse), RULES, NOW)
    assert ("destroy within 5 days once it must go", "keep logs of access for 730 days") == detail.obligations


def test_the_regulators_reading_is_counted_apart(small_warehouse: Path) -> None:
    detail = describe(tallied(small_warehouse), RULES, NOW)
    line = next(line for line in detail.purposes if line.purpose == "archive_search")
    assert {"allow": 1, "deny": 1, "gap": 0} == line.regulator
