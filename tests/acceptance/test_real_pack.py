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

import pytest

from habeas.adapters import insightface_pack, media
from habeas.errors import RefusedByPolicy
from habeas.model.limits import MediaLimits
from habeas.steps import packs

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
