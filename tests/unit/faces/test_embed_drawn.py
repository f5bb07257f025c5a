"""Drawn people and the pack that is shipped: what is sealed is what a bare FaceAnalysis run finds."""

from __future__ import annotations

import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
from embedding import KEY, archive, embeddings, grant, opened, plan_for, refusals, sealer

from habeas.faces.detection import insightface_models as insightface_pack
from habeas.faces.detection.insightface_models import LoadedPack
from habeas.faces.embed_asset import EmbedRules, embed_asset
from habeas.faces.model_packs import registry as packs
from habeas.model.installation.limits import BindingRules, FaceRules
from habeas.model.installation.resources import PROJECT
from habeas.model.lines import Line
from habeas.synthetic import Person, Placement, draw_scene, sample_rng
from habeas.synthetic.drawing.backgrounds import draw_background

PACK = PROJECT / "models" / "synthetic"
NAMES = ("ann", "bob", "cem")
SIZE = (960, 360)

pytestmark = pytest.mark.skipif(not (PACK / "pack.toml").is_file(), reason="no pack of drawn people here yet")


@pytest.fixture(scope="module")
def models() -> LoadedPack:
    return insightface_pack.load(packs.ready(PACK, {"archive_search": False}), PACK)


@pytest.fixture(scope="module")
def bare() -> object:
    from insightface.app import FaceAnalysis

    pack = packs.read(PACK)
    analysis = FaceAnalysis(name=str(PACK), allowed_modules=["detection", "recognition"])
    analysis.prepare(0, det_thresh=pack.detector.threshold, det_size=pack.detector.input_size)
    analysis.det_model.nms_thresh = pack.detector.nms
    return analysis


def _picture(folder: Path) -> Path:
    """Three people side by side, near frontal."""
    rng = sample_rng("unit", "scene", 1)
    places = [
        Placement(Person.from_seed(seed), 160 + 320 * i, 180, 140) for i, seed in enumerate((11, 12, 13))
    ]
    scene = draw_scene(places, SIZE, rng, background=draw_background(rng, *SIZE, busy=0.1))
    cv2.imwrite(str(folder / "a.png"), scene.image)
    return folder / "a.png"


def test_the_allowed_faces_of_a_picture_open_to_what_a_bare_run_finds(
    tmp_path: Path, models: LoadedPack, bare: object
) -> None:
    path = _picture(tmp_path)
    lines = [
        Line(f"line {name}", name, None, None, (i / 3, 0.0, (i + 1) / 3, 1.0), None, False,
             (grant(name),) if name != "bob" else ())
        for i, name in enumerate(NAMES)
    ]  # fmt: skip
    rules = EmbedRules(
        ("archive_search",), models.model_id, models.pack.recogniser.preprocessing, KEY,
        BindingRules(), FaceRules(), 1000,
    )  # fmt: skip
    before = models.faces_embedded
    rows = embed_asset(plan_for(path, *lines), archive(tmp_path), models, sealer(), rules)
    assert ["ann", "cem"] == [row.subject_id for row in embeddings(rows)]
    assert {("not_allowed", "archive_search"): 1} == refusals(rows)
    assert 2 == models.faces_embedded - before

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        faces = sorted(bare.get(cv2.imread(str(path))), key=lambda face: face.bbox[0])  # type: ignore[attr-defined]
    expected = dict(zip(NAMES, (face.normed_embedding for face in faces), strict=True))
    for row in embeddings(rows):
        scores = {name: float(np.dot(opened(row, models), vector)) for name, vector in expected.items()}
        assert scores[row.subject_id] >= 0.9999
        assert row.subject_id == max(scores, key=lambda name: scores[name])
