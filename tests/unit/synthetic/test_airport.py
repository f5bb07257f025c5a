from __future__ import annotations

import hashlib
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from habeas.model.installation.resources import PROJECT
from habeas.synthetic.archives.airport import draw_airport
from habeas.synthetic.archives.airport_lists import BORDER, TRAINING, activities, purposes
from habeas.synthetic.archives.airport_people import CAMERAS, NEVER, PHOTOS, travellers
from habeas.synthetic.archives.airport_plan import SOURCES, AirportPlan, Size, plan_airport
from habeas.synthetic.archives.archive_people import residents

NOW = datetime(2026, 11, 23, tzinfo=UTC)
TINY = Size(travellers=6, clips=1, clip_ms=1_500, fps=6)


def draw(folder: Path, seed: int = 1) -> AirportPlan:
    return draw_airport(
        folder / "archive", folder / "lists", folder / "truth.json", seed=seed, now=NOW, size=TINY
    )


def digests(folder: Path) -> dict[str, str]:
    return {
        place.relative_to(folder).as_posix(): hashlib.sha256(place.read_bytes()).hexdigest()
        for place in sorted(folder.rglob("*"))
        if place.is_file()
    }


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("airport")
    draw(folder)
    return folder


@pytest.fixture(scope="module")
def truth(drawn: Path) -> dict[str, Any]:
    return json.loads((drawn / "truth.json").read_text())


def test_the_same_seed_draws_the_same_bytes_and_another_seed_other_people(
    tmp_path: Path, drawn: Path
) -> None:
    draw(tmp_path / "again")
    assert digests(drawn) == digests(tmp_path / "again")
    assert not {p.seed for p in travellers(40, 1)} & {p.seed for p in travellers(40, 2)}
    assert not {p.seed for p in travellers(500, 1)} & {p.seed for p in residents(500, 1)}


def test_most_travellers_were_never_asked_and_the_explanation_counts_them_right() -> None:
    said = Counter(person.answer for person in travellers(40, 1))
    assert Counter(never=28, abroad=4, yes=3, both=1, photos=1, bundled=1, withdrawn=1, no=1) == said
    assert {p.home for p in travellers(40, 1) if p.answer == NEVER} == {None}
    assert {"DE", "US-IL", "JP", "US-TX"} == {p.home for p in travellers(40, 1) if p.answer == "abroad"}
    assert {"KR"} == {p.home for p in travellers(40, 1) if p.allows(PHOTOS)}


def test_everything_was_collected_for_the_border_alone_by_a_public_body() -> None:
    for source in SOURCES:
        assert (BORDER, "public", "KR") == tuple(
            source[name] for name in ("purposes", "controller_kind", "jurisdiction")
        )
    assert {PHOTOS: "register", CAMERAS: "cctv"} == {s["source_id"]: s["medium"] for s in SOURCES}


def test_the_unpublished_vendors_were_never_made_public_and_the_third_before_anybody_was_asked() -> None:
    recorded = {each["purpose"]: each for each in yaml.safe_load(activities(NOW))["activities"]}
    published = [recorded[purpose]["processors"][0]["disclosed_on"] for purpose in TRAINING]
    assert ["never", "never"] == published[:2]
    assert published[2] < NOW.date()
    assert [] == recorded[BORDER]["processors"]


def test_the_shipped_purposes_are_all_still_there() -> None:
    shipped = (PROJECT / "policies" / "purposes.yaml").read_text()
    before = {each["id"] for each in yaml.safe_load(shipped)["purposes"]}
    after = {each["id"] for each in yaml.safe_load(purposes(shipped))["purposes"]}
    assert after - before == {BORDER, *TRAINING}
    assert before < after


def test_at_the_gates_a_face_stays_in_its_lane_and_nearly_everybody_is_listed(truth: dict[str, Any]) -> None:
    plan = plan_airport(TINY, 1, NOW)
    [clip] = [entry for entry in truth["files"] if entry["kind"] == "clip"]
    lanes = {line["subject"]: line for line in plan.roster if line["file"] == clip["file"]}
    seen = {face["badge"] for face in clip["faces"]}
    assert 3 == len(seen)
    assert 1 == len(seen - lanes.keys())
    for face in clip["faces"]:
        middle = (face["box"][0] + face["box"][2]) / 2 / clip["size"][0]
        if line := lanes.get(face["badge"]):
            assert float(line["x0"]) <= middle < float(line["x1"])


def test_the_truth_is_kept_out_of_the_archive_and_its_lists(drawn: Path, truth: dict[str, Any]) -> None:
    assert not list((drawn / "archive").rglob("*.json"))
    assert not [p for p in truth["people"] if any(p["badge"] in name for name in digests(drawn / "archive"))]
