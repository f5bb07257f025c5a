from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image, ImageOps

from habeas.model.errors import BadInput
from habeas.model.installation.resources import PROJECT
from habeas.policy.lists.purposes import load_purposes
from habeas.records.imports.pipeline import (
    import_consents,
    import_leave_outs,
    import_occasions,
    import_rosters,
    import_sources,
)
from habeas.records.parsing.scope import Places
from habeas.synthetic.archives.archive import Drawn, draw_archive
from habeas.synthetic.archives.archive_people import (
    ACCESS,
    COUNCIL,
    SEARCH,
    STANDINGS,
    STUDIO,
    leave_outs,
    residents,
)
from habeas.synthetic.archives.archive_plan import (
    OCCASIONS,
    SOURCES,
    STREET,
    UNREGISTERED,
    Size,
    plan_archive,
)

NOW = datetime(2026, 11, 23, tzinfo=UTC)
TINY = Size(people=6, portraits=4, groups=2, street=1, unregistered=1, clips=1, clip_ms=3_000, fps=6)
PHOTOS_ONLY = Size(people=3, portraits=2, groups=1, street=0, unregistered=0, clips=0)


def draw(folder: Path, size: Size = TINY, seed: int = 1) -> Drawn:
    return draw_archive(
        folder / "archive", folder / "lists", folder / "truth.json", seed=seed, now=NOW, size=size
    )


def digests(folder: Path) -> dict[str, str]:
    return {
        place.relative_to(folder).as_posix(): hashlib.sha256(place.read_bytes()).hexdigest()
        for place in sorted(folder.rglob("*"))
        if place.is_file()
    }


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn")
    draw(folder)
    return folder


@pytest.fixture(scope="module")
def truth(tiny: Path) -> dict[str, Any]:
    return json.loads((tiny / "truth.json").read_text())


def test_the_same_seed_draws_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        draw(tmp_path / name, PHOTOS_ONLY)
    draw(tmp_path / "other", PHOTOS_ONLY, seed=2)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    assert not set(digests(tmp_path / "one" / "archive").values()) & (
        set(digests(tmp_path / "other" / "archive").values()) - _broken_digests(tmp_path / "one" / "archive")
    )


def _broken_digests(archive: Path) -> set[str]:
    names = ("upload_empty.jpg", "notes.jpg", "recorder_stopped.mp4")
    return {digest for file, digest in digests(archive).items() if file.endswith(names)}


def test_two_archives_share_no_person() -> None:
    assert not {p.seed for p in residents(60, 1)} & {p.seed for p in residents(60, 2)}


def test_the_demo_has_every_way_a_consent_can_stand() -> None:
    standings = Counter(person.standing for person in residents(60, 1))
    assert set(STANDINGS) == set(standings)
    assert min(standings.values()) >= 2


def test_the_demo_has_the_promised_number_of_files() -> None:
    kinds = Counter(shot.kind == "clip" for shot in plan_archive(Size(), 1, NOW).shots)
    assert {False: 110, True: 8} == dict(kinds)


def test_the_lists_can_be_imported_without_a_single_record_set_aside(tiny: Path) -> None:
    purposes = load_purposes(PROJECT / "policies" / "purposes.yaml")
    found = {place.relative_to(tiny / "archive").as_posix() for place in (tiny / "archive").rglob("*")}

    def asset_of(source: str, file: str) -> str:
        if f"{source}/{file}" not in found:
            raise BadInput("roster_asset_missing")
        return hashlib.sha256(f"{source}/{file}".encode()).hexdigest()[:32]

    def subject_of(real: str) -> str:
        return hashlib.sha256(real.encode()).hexdigest()[:32]

    lists = tiny / "lists"
    sources = import_sources(lists / "sources.csv", purposes=purposes, recorded_at=NOW)
    consents = import_consents(
        lists / "consents.csv", purposes=purposes, recorded_at=NOW, subject_of=subject_of
    )
    rosters = import_rosters(lists / "rosters.csv", recorded_at=NOW, subject_of=subject_of, asset_of=asset_of)
    places = Places(asset_of, asset_of)  # a folder is found like a file
    occasions = import_occasions(lists / "occasions.csv", recorded_at=NOW, places=places)
    out = import_leave_outs(
        lists / "leave_outs.csv", purposes=purposes, recorded_at=NOW, subject_of=subject_of, places=places
    )
    read = (sources, occasions, consents, out, rosters)
    assert [(), (), (), (), ()] == [each.set_aside for each in read]
    assert (3, len(OCCASIONS)) == (len(sources.records), len(occasions.records))
    assert consents.records and rosters.records


def test_nothing_lies_in_the_archive_but_folders_of_sources_and_one_stranger(tiny: Path) -> None:
    roots = {source["root"] for source in SOURCES} | {UNREGISTERED}
    assert roots == {place.name for place in (tiny / "archive").iterdir()}
    assert UNREGISTERED not in (tiny / "lists" / "sources.csv").read_text()


def test_the_truth_is_kept_out_of_the_archive_and_its_lists(tiny: Path, truth: dict[str, Any]) -> None:
    assert not list((tiny / "archive").rglob("*.json"))
    names = set(digests(tiny / "archive"))
    assert not [person for person in truth["people"] if any(person["badge"] in name for name in names)]


def test_faces_lie_inside_their_pictures_where_the_roster_says(tiny: Path, truth: dict[str, Any]) -> None:
    with (tiny / "lists" / "rosters.csv").open() as file:
        lines = list(csv.DictReader(file))
    files = {(entry["source"], entry["file"]): entry for entry in truth["files"]}
    for line in lines:
        entry = files[line["source"], line["file"]]
        mine = [face for face in entry["faces"] if face["badge"] == line["subject"]]
        assert mine, "a listed person is not in the picture"
        for face in mine if line["x0"] else ():
            middle = (face["box"][0] + face["box"][2]) / 2 / entry["size"][0]
            if line["from_ms"] and not int(line["from_ms"]) <= face["at_ms"] < int(line["to_ms"]):
                continue
            assert float(line["x0"]) <= middle <= float(line["x1"])


def test_photos_can_be_read_upright_and_say_when_they_were_taken(tiny: Path, truth: dict[str, Any]) -> None:
    for entry in truth["files"]:
        if entry["kind"] == "clip":
            continue
        with Image.open(tiny / "archive" / entry["source"] / entry["file"]) as image:
            assert tuple(entry["size"]) == ImageOps.exif_transpose(image).size
            assert "+00:00" == image.getexif().get_ifd(0x8769)[0x9011]


def test_clips_are_h264_with_people_in_them(tiny: Path, truth: dict[str, Any]) -> None:
    clips = [entry for entry in truth["files"] if entry["kind"] == "clip"]
    for entry in clips:
        with av.open(str(tiny / "archive" / entry["source"] / entry["file"])) as film:
            assert "h264" == film.streams.video[0].codec_context.name
            assert TINY.clip_ms // 1000 * TINY.fps == sum(1 for _ in film.decode(video=0))
        assert len({face["badge"] for face in entry["faces"]}) >= 3


def test_people_and_one_picture_are_left_alone() -> None:
    whole = plan_archive(Size(), 1, NOW)
    rows = leave_outs(whole.people, NOW, whole.left_alone)
    assert {"family_asked": 2, "objected_by_letter": 2, "shown_by_mistake": 1} == Counter(
        r["reason"] for r in rows
    )
    assert whole.left_alone in {f"{shot.source_id}/{shot.file}" for shot in whole.shots}
    assert None is plan_archive(TINY, 1, NOW).left_alone


def test_a_release_for_one_event_opens_that_events_files_alone() -> None:
    one = next(person for person in residents(60, 1) if person.standing == "one_event")
    assert ((), (SEARCH,), ()) == (
        one.allows(COUNCIL),
        one.allows(COUNCIL, "press/group_001.jpg"),
        one.allows(COUNCIL, "sessions/session_01.mp4"),
    )
    assert () == one.allows(STUDIO, "press/portrait.jpg")


def test_the_one_who_consented_to_one_purpose_of_two_allows_only_that() -> None:
    one = next(person for person in residents(60, 1) if person.standing == "one")
    limited = next(person for person in residents(60, 1) if person.standing == "one_source")
    assert (SEARCH,) == one.allows(STUDIO)
    assert (ACCESS, SEARCH) == limited.allows(STUDIO)
    assert () == limited.allows(COUNCIL)


def test_nobody_is_listed_in_footage_nobody_may_scan() -> None:
    assert not [
        line for line in plan_archive(Size(), 1, NOW).roster if line["source"] in (STREET, UNREGISTERED)
    ]


def test_broken_files_are_broken_in_the_way_they_say(tiny: Path, truth: dict[str, Any]) -> None:
    sizes = {b["file"]: (tiny / "archive" / b["source"] / b["file"]).stat().st_size for b in truth["broken"]}
    assert 4 == len(sizes)
    assert 0 == sizes["upload_empty.jpg"]
    with (
        pytest.raises(OSError, match="truncated"),
        Image.open(tiny / "archive" / STUDIO / "upload_broken.jpg") as image,
    ):
        image.load()
