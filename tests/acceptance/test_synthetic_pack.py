"""The synthetic pack keeps what its card promises, on people and pictures the training has never seen.

Measured through InsightFace and onnxruntime alone, as the pipeline uses it.
"""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Any

import cv2
import pytest

from habeas.synthetic import MILD
from habeas.synthetic.training.evaluate import (
    Pack,
    Recognition,
    doubtful_share,
    measure_detector,
    measure_recogniser,
)
from habeas.synthetic.training.scores import pair_scores

# about two and a half minutes on two cores; busy machines get more time
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PACK = Path(__file__).parents[2] / "models" / "synthetic"
SCENES, PEOPLE, PICTURES = 300, 300, 10


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    """pack.toml as it stands."""
    return tomllib.loads((PACK / "pack.toml").read_text())


@pytest.fixture(scope="module")
def pack(described: dict[str, Any]) -> Pack:
    """Both networks at the pack's own threshold."""
    cv2.setNumThreads(1)
    return Pack.load(PACK, described["detector"]["threshold"])


def test_the_files_are_the_ones_the_pack_describes(described: dict[str, Any]) -> None:
    for part in ("detector", "recogniser"):
        data = (PACK / described[part]["file"]).read_bytes()
        assert described[part]["sha256"] == hashlib.sha256(data).hexdigest()


def test_both_networks_together_stay_under_six_megabytes(described: dict[str, Any]) -> None:
    total = sum((PACK / described[part]["file"]).stat().st_size for part in ("detector", "recogniser"))
    assert total <= 6_000_000


def test_insightface_takes_them_for_a_detector_and_a_recogniser(pack: Pack) -> None:
    assert pack.detector.taskname == "detection"
    assert pack.recogniser.taskname == "recognition"
    assert (pack.recogniser.input_mean, pack.recogniser.input_std) == (127.5, 127.5)


def test_faces_are_found_and_nothing_else_is(pack: Pack) -> None:
    tally = measure_detector(pack, SCENES)
    assert tally.faces > 500
    assert tally.recall >= 0.98
    assert tally.precision >= 0.98


def test_backgrounds_make_no_doubtful_candidates(described: dict[str, Any]) -> None:
    """A candidate between the two thresholds makes bindings ambiguous, so pictures must rarely have one."""
    low = Pack.load(PACK, described["detector"]["candidate_threshold"])
    assert doubtful_share(low, 60, described["detector"]["threshold"]) <= 0.10


@pytest.mark.battery
def test_a_person_is_told_from_others_over_the_whole_chain(pack: Pack) -> None:
    recognition = measure_recogniser(pack, PEOPLE, PICTURES)
    assert recognition.missed <= 0.05 * PEOPLE * PICTURES
    assert recognition.at(1e-4)[0] >= 0.93
    assert recognition.easy.sum() > 1000
    assert recognition.easy_ones().at(1e-4)[0] >= 0.97


def _right_share(recognition: Recognition, threshold: float) -> float:
    """Mean of the shares of same and of different pairs that the threshold tells rightly."""
    same, different = pair_scores(recognition.vectors, recognition.who)
    return float(((same > threshold).mean() + (different <= threshold).mean()) / 2)


def test_the_written_threshold_tells_people_apart_in_an_ordinary_archive(
    pack: Pack, described: dict[str, Any]
) -> None:
    recognition = measure_recogniser(pack, 60, 5, severity=MILD, smallest=60.0)
    assert _right_share(recognition, described["recogniser"]["same_person_score"]) >= 0.98
