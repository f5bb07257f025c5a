"""The airport case, everything real but Airflow: what is stored, under which key, and what is told of it."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from installations import Installed, import_lists

from habeas.cli.demo import airport as demo_airport
from habeas.cli.operate.setup import make
from habeas.oversight.explain.explain import explain
from habeas.sealing import open_rows as opening
from habeas.synthetic.archives.airport import draw_airport
from habeas.synthetic.archives.airport_lists import TRAINING, A, B, C
from habeas.synthetic.archives.airport_plan import Size

pytestmark = [pytest.mark.spark, pytest.mark.timeout(600)]

SIZE = Size(travellers=14, clips=3, clip_ms=3_000, fps=6)
STRICT = {"kr-pipa/KR-18-1", "kr-pipa/KR-23-1", "house/HOUSE-2", "house/HOUSE-3"}
NOW = datetime.now(UTC)  # one reading of the clock: consents and retentions count from it


@pytest.fixture(scope="module")
def airport(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """After its first night. Read it; don't change it."""
    home = tmp_path_factory.mktemp("airport")
    demo_airport.prepare(home, NOW)
    place = make(home, None, demo_airport.PURPOSES, "synthetic")[0]
    draw_airport(
        place.settings.archive, home / "lists", home / "truth.json", seed=1, now=NOW, size=SIZE, workers=2
    )
    installed = Installed(place, home / "lists", home / "truth.json")
    import_lists(installed, NOW)
    installed.night("first")
    return installed


@pytest.fixture(scope="module")
def told(airport: Installed) -> dict[str, Any]:
    return demo_airport.tell(airport.place, "first")


def willing(installed: Installed) -> dict[str, set[str]]:
    """Subject -> sources in which they said yes to vendor C."""
    found = {
        installed.place.subject_of(person["badge"]): {
            s for s, purposes in person["allows"].items() if purposes
        }
        for person in installed.truth["people"]
        if person["said"] != "never"
    }
    return {subject: sources for subject, sources in found.items() if sources}


def test_only_those_who_consented_are_stored_and_for_that_vendor_alone(airport: Installed) -> None:
    yes, rows = willing(airport), airport.rows("embeddings")
    assert {C} == {row["purpose"] for row in rows}
    assert set(yes) == {row["subject_id"] for row in rows}
    assert all(row["source_id"] in yes[row["subject_id"]] for row in rows)


def test_every_other_request_is_refused_by_law_and_house(airport: Installed) -> None:
    subjects = {line["line_id"]: line["subject_id"] for line in airport.rows("rosters")}
    asked = [row for row in airport.rows("decisions") if row["action"] == "embed"]
    assert {purpose: len(subjects) for purpose in TRAINING} == dict(Counter(row["purpose"] for row in asked))
    both = {airport.place.subject_of(p["badge"]) for p in airport.truth["people"] if p["said"] == "both"}
    for row in asked:
        rules, unpublished = set(row["rules"]), row["purpose"] in (A, B)
        if row["effect"] == "allow":
            assert row["purpose"] == C
        elif row["purpose"] == A and subjects[row["line_id"]] in both:
            assert rules == {"kr-pipa/KR-26-2"}
        else:
            assert rules >= STRICT
            assert ("kr-pipa/KR-26-2" in rules) == unpublished
        if unpublished:
            assert row["regulator_effect"] == "deny"
            assert "kr-pipa/KR-26-2" in row["regulator_rules"]


def test_nobody_looked_into_a_file_in_which_nobody_consented(airport: Installed) -> None:
    yes = willing(airport)
    files = {asset["asset_id"]: asset["source_id"] for asset in airport.rows("assets")}
    may = {
        line["asset_id"]
        for line in airport.rows("rosters")
        if files[line["asset_id"]] in yes.get(line["subject_id"], ())
    }
    worked = {row["asset_id"] for row in airport.rows("work")}
    assert may == worked
    assert len(worked) < len(files) / 2


def test_a_key_of_one_vendors_purpose_opens_nothing_of_another_vendors(airport: Installed) -> None:
    """The traveller who said yes to A and to C has a key for each; C's rows open with C's alone."""
    custodian, status = airport.place.custodian, airport.rows("row_status")
    keys = {(key["subject_id"], key["purpose"]): key["key_id"] for key in airport.rows("keys")}
    tried = 0
    for row in airport.rows("embeddings"):
        opened, _ = opening._vectors([row], status, custodian, now=NOW + timedelta(days=1))
        assert set(opened) == {row["row_id"]}
        if other := keys.get((row["subject_id"], A)):
            for changed in ({"key_id": other}, {"key_id": other, "purpose": A}):
                shut, why = opening._vectors([row | changed], status, custodian, now=NOW + timedelta(days=1))
                assert ({}, {row["row_id"]: "does_not_open"}) == (shut, dict(why))
            tried += 1
    assert tried


def test_the_case_says_in_json_what_the_tables_hold(airport: Installed, told: dict[str, Any]) -> None:
    answer = json.loads(json.dumps(told["answer"]))
    stored = Counter(row["purpose"] for row in airport.rows("embeddings"))
    assert {p: each["rows"] for p, each in answer["purposes"].items()} == {p: stored[p] for p in TRAINING}
    assert 0 == answer["rows_under_a_key_of_another"]
    for purpose in (A, B):
        said = answer["purposes"][purpose]
        assert (0, said["requests"]) == (said["allowed"], said["by_rule"]["kr-pipa/KR-26-2"])
        assert (0, said["requests"]) == (said["regulator"]["allowed"], said["regulator"]["refused"])
        assert said["regulator"]["by_rule"]["kr-pipa/KR-26-2"] == said["requests"]
    assert answer["files_opened"] == len(airport.rows("work"))


def test_the_page_stands_beside_that_of_the_run_and_its_questions_have_answers(
    airport: Installed, told: dict[str, Any]
) -> None:
    page = Path(told["page"])
    assert "The refusal table" in page.read_text(encoding="utf-8")
    assert (page.parent / "index.html").is_file()
    assert 3 == len(told["examples"])
    answers = [explain(airport.place.reader, id_, rules=airport.place.rules) for _, id_ in told["examples"]]
    assert "made public" in str(answers[1])
