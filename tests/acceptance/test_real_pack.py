"""Real photos and a real pack, where somebody has them: set HABEAS_REAL_DATA to the folder that holds them.

Wanted there: models/real_small/*.onnx, photos/, people.csv (file,person,faces). Nothing of it is copied into the
repository, and nothing but counts leaves this test.
"""

from __future__ import annotations

import csv
import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from installations import Installed, import_lists

from habeas.adapters import insightface_pack, media
from habeas.cli.bootstrap import installation
from habeas.cli.setup import make
from habeas.errors import RefusedByPolicy
from habeas.model.limits import MediaLimits
from habeas.steps import packs
from habeas.synthetic.activities import activities
from habeas.synthetic.archive_people import CONSENT_COLUMNS
from habeas.synthetic.archive_plan import ROSTER_COLUMNS

pytestmark = pytest.mark.skipif(
    not os.environ.get("HABEAS_REAL_DATA"),
    reason="HABEAS_REAL_DATA names no folder with a real pack and photos",
)
NETWORKS = {"detector": "det_500m.onnx", "recogniser": "rec_mbf128.onnx"}
PACK = """format = 1
name = "real_small"
version = "1"
licence = "non-commercial research"
licence_source = "https://github.com/deepinsight/insightface#license"
permitted_purposes = ["archive_search"]
commercial_use = false
training_data = "not stated"
[detector]
file = "det_500m.onnx"
sha256 = "{detector}"
input_size = "auto"
threshold = 0.5
candidate_threshold = 0.3
nms = 0.4
[recogniser]
file = "rec_mbf128.onnx"
sha256 = "{recogniser}"
dimensions = 128
input_size = [112, 112]
preprocessing = "rgb (x-127.5)/127.5, arcface 112 five-point alignment"
same_person_score = 0.30
"""


@pytest.fixture(scope="module")
def real() -> Path:
    return Path(os.environ["HABEAS_REAL_DATA"])


@pytest.fixture(scope="module")
def folder(real: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("packs") / "real_small"
    made.mkdir()
    digests = {}
    for part, name in NETWORKS.items():
        shutil.copyfile(real / "models" / "real_small" / name, made / name)
        digests[part] = hashlib.sha256((made / name).read_bytes()).hexdigest()
    (made / "pack.toml").write_text(PACK.format(**digests))
    return made


def test_every_face_of_every_photo_is_counted(real: Path, folder: Path) -> None:
    with (real / "people.csv").open(newline="", encoding="utf-8") as file:
        expected = {Path(row["file"]).name: int(row["faces"]) for row in csv.DictReader(file)}
    pack = packs.ready(folder, {"archive_search": False})
    checked = packs.check(insightface_pack.load(pack, folder), media.pictures(real / "photos", MediaLimits()))
    assert expected == checked.boxes
    assert (46, {}) == (sum(checked.boxes.values()), checked.unreadable)


@pytest.mark.parametrize(
    "purposes", [{"archive_search": True}, {"model_training": True}, {"access_verification": False}]
)
def test_a_research_licence_serves_no_commercial_and_no_other_purpose(
    folder: Path, purposes: dict[str, bool]
) -> None:
    with pytest.raises(RefusedByPolicy):
        packs.ready(folder, purposes)


SOURCES = (
    "source_id,controller,controller_kind,root,purposes,legal_basis,scan_ground,roster_ground,jurisdiction,"
    "capture_place,retention_days,medium"
)


def a_row(columns: str, *rows: str) -> str:
    return "\n".join((columns, *rows)) + "\n"


@pytest.fixture
def portraits(real: Path, folder: Path, tmp_path: Path) -> Installed:
    """All photos in one source, a roster out of people.csv; A said yes, B said no, nobody asked C."""
    home, lists = tmp_path / "home", tmp_path / "lists"
    place = make(home, None, ["archive_search"], "real_small")[0]
    with place.config.open("a") as settings:
        settings.write(f'models = "{folder.parent}"\n')
    shutil.copytree(real / "photos", home / "archive" / "portraits", dirs_exist_ok=True)
    (place.settings.policies / "activities.yaml").write_text(activities(("archive_search",)))
    with (real / "people.csv").open(newline="", encoding="utf-8") as file:
        named = {Path(row["file"]).name: row["person"] for row in csv.DictReader(file) if row["person"]}
    lists.mkdir()
    place_of = (
        "portraits,City Archive,public,portraits,archive_search,Consent,Consent,Consent,KR,KR,36500,studio"
    )
    (lists / "sources.csv").write_text(a_row(SOURCES, place_of))
    listed = [
        f"portraits,{name},{person},,,,,,,,,front desk,2026-11-20T09:00:00Z" for name, person in named.items()
    ]
    (lists / "rosters.csv").write_text(a_row(",".join(ROSTER_COLUMNS), *listed))
    how = {"explicit": "true", "separate": "true", "written": "true", "notice_version": "2026-1", "method": "form",
           "evidence_digest": "ab" * 32, "jurisdictions": "KR", "age": "adult"}  # fmt: skip
    said = [
        how
        | {
            "subject": person,
            "purpose": "archive_search",
            "status": status,
            "given_at": "2026-05-10T10:00:00Z",
        }
        for person, status in (("person_A", "given"), ("person_B", "refused"))
    ]
    (lists / "consents.csv").write_text(
        a_row(
            ",".join(CONSENT_COLUMNS), *(",".join(each.get(c, "") for c in CONSENT_COLUMNS) for each in said)
        )
    )
    installed = Installed(installation(place.config, place.custody_file), lists, lists / "none")
    import_lists(installed)
    assert not installed.rows("quarantine")
    return installed


@pytest.mark.spark
@pytest.mark.timeout(600)
def test_exactly_the_consenting_persons_portraits_are_stored(
    spark: Any, portraits: Installed, real: Path
) -> None:
    portraits.night("night")
    with (real / "people.csv").open(newline="", encoding="utf-8") as file:
        hers = {Path(row["file"]).name for row in csv.DictReader(file) if row["person"] == "person_A"}
    places = {row["asset_id"]: row["location"] for row in portraits.rows("assets")}
    stored = portraits.rows("embeddings")
    assert sorted(hers) == sorted(places[row["asset_id"]] for row in stored)
    assert {portraits.place.subject_of("person_A")} == {row["subject_id"] for row in stored}
    assert hers == {places[row["asset_id"]] for row in portraits.rows("work")}, "no other photo was opened"
    assert 4 == portraits.step("embed", "commercial", "--purposes", "model_training")
    assert not [row for row in portraits.rows("staged") if row["run_id"] == "commercial"]
