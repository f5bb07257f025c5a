"""What the custodian opens is what InsightFace alone would have made of the same face, and the right person's."""

from __future__ import annotations

import warnings
from collections import Counter
from datetime import timedelta
from functools import cache
from typing import Any

import numpy as np
import pytest
from insightface.app import FaceAnalysis
from installations import AS_DRAWN, Installed
from numpy.typing import NDArray

from habeas.faces.detection.tiles import fitted
from habeas.faces.model_packs import registry as packs
from habeas.media.clips import decode as pyav_clip
from habeas.media.files.disk_files import open_regular
from habeas.media.photos import decode as images
from habeas.media.values import Image
from habeas.sealing import open_rows as opening

pytestmark = [pytest.mark.spark, pytest.mark.timeout(600)]
Vector = NDArray[np.float32]


@pytest.fixture(scope="module")
def vectors(after_a_night: Installed) -> dict[str, Vector]:
    """row_id -> vector of every stored row: none is left out."""
    rows = after_a_night.rows("embeddings")
    opened, skipped = opening._vectors(
        rows,
        after_a_night.rows("row_status"),
        after_a_night.place.custodian,
        now=AS_DRAWN + timedelta(days=1),
    )
    assert skipped == {}
    assert opened.keys() == {row["row_id"] for row in rows}
    return opened


@pytest.fixture(scope="module")
def bare(after_a_night: Installed, tmp_path_factory: pytest.TempPathFactory) -> FaceAnalysis:
    """InsightFace's own app on the same pack, with no habeas around it."""
    settings = after_a_night.place.settings
    root = tmp_path_factory.mktemp("insightface")  # it looks for packs in a folder called models
    (root / "models").symlink_to(settings.pack_folder().parent)
    detector = packs.read(settings.pack_folder()).detector
    app = FaceAnalysis(name=settings.model_pack, root=str(root), allowed_modules=["detection", "recognition"])
    app.prepare(ctx_id=-1, det_thresh=detector.threshold, det_size=detector.input_size)
    return app


def frames(installed: Installed, asset: dict[str, Any]) -> dict[int, Image]:
    """Every frame of a photo or clip that the night looked at, by its time."""
    settings = installed.place.settings
    with open_regular(settings.archive / asset["source_id"], asset["location"]) as fd:
        if asset["media"] == "photo":
            return {0: images.decode(fd, settings.media).image}
        return {f.at_ms: f.image for f in pyav_clip.frames(fd, settings.sampling, settings.media)}


def looked_at_as_large_as_it_needs(bare: FaceAnalysis, image: Image, installed: Installed) -> None:
    settings = installed.place.settings
    detector = packs.read(settings.pack_folder()).detector
    height, width = image.shape[:2]
    assert isinstance(detector.input_size, tuple)
    size = fitted(width, height, detector.input_size, settings.faces.smallest_px, detector.resolves_px)
    bare.det_model.prepare(-1, input_size=size)


def test_every_row_opens_to_what_a_bare_insightface_run_makes_of_that_face(
    after_a_night: Installed, vectors: dict[str, Vector], bare: FaceAnalysis
) -> None:
    assets = {asset["asset_id"]: asset for asset in after_a_night.rows("assets")}

    @cache
    def decoded(asset_id: str) -> dict[int, Image]:
        return frames(after_a_night, assets[asset_id])

    @cache
    def faces(asset_id: str, at_ms: int) -> NDArray[np.float32]:
        image = decoded(asset_id)[at_ms]
        looked_at_as_large_as_it_needs(bare, image, after_a_night)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of scikit-image, in InsightFace
            found = bare.get(image)
        return np.stack([face.normed_embedding for face in found])

    checked: Counter[str] = Counter()
    for row in after_a_night.rows("embeddings"):
        cosines = faces(row["asset_id"], row["frame_ms"]) @ vectors[row["row_id"]]
        assert cosines.max() >= 0.9999, (row["row_id"], cosines.max())
        checked[assets[row["asset_id"]]["media"]] += 1
    assert checked.keys() == {"photo", "clip"}
    assert checked.total() == len(after_a_night.rows("embeddings"))


def test_vectors_of_one_person_are_alike_and_of_two_are_not(
    after_a_night: Installed, vectors: dict[str, Vector]
) -> None:
    settings = after_a_night.place.settings
    threshold = packs.read(settings.pack_folder()).recogniser.same_person_score
    rows = [r for r in after_a_night.rows("embeddings") if r["purpose"] == "archive_search"]
    right = [
        (float(vectors[a["row_id"]] @ vectors[b["row_id"]]) >= threshold)
        == (a["subject_id"] == b["subject_id"])
        for i, a in enumerate(rows)
        for b in rows[i + 1 :]
    ]
    assert np.mean(right) >= 0.98
