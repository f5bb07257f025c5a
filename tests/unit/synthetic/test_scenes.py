"""Drawn pictures: the same seed draws the same pixels, and the labels tell the truth about them."""

from __future__ import annotations

import subprocess
import sys

import cv2
import numpy as np
import pytest

from habeas.synthetic import (
    MILD,
    Nuisance,
    Person,
    Placement,
    Pose,
    Scene,
    draw_portrait,
    draw_random_scene,
    draw_scene,
    encode_jpeg,
    sample_rng,
)
from habeas.synthetic.drawing.drawing import draw_patch
from habeas.synthetic.seeds import PEOPLE_VALIDATION


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    cv2.setNumThreads(1)


def _scene(number: int) -> Scene:
    return draw_random_scene(sample_rng("unit", "scene", number), PEOPLE_VALIDATION, (320, 240))


def test_the_same_seed_draws_the_same_pixels_and_labels() -> None:
    one, other = _scene(3), _scene(3)
    assert np.array_equal(one.image, other.image)
    assert one.faces == other.faces
    assert encode_jpeg(one.image, 90) == encode_jpeg(other.image, 90)


def test_another_number_draws_another_picture() -> None:
    assert not np.array_equal(_scene(3).image, _scene(4).image)


def test_a_person_alone_does_not_depend_on_the_generator() -> None:
    """A patch follows from the person and the nuisance; nothing is drawn at random on the way."""
    one, other = (draw_patch(Person.from_seed(5), Nuisance(), 90.0) for _ in range(2))
    assert np.array_equal(one.pixels, other.pixels)


@pytest.mark.parametrize("number", range(12))
def test_labels_of_visible_faces_lie_in_the_picture(number: int) -> None:
    scene = _scene(number)
    height, width = scene.image.shape[:2]
    for face in scene.faces:
        assert 0.0 <= face.visible <= 1.0
        if face.visible > 0.95:
            assert -0.15 * face.size <= face.box[0] < face.box[2] <= width + 0.15 * face.size
            assert -0.15 * face.size <= face.box[1] < face.box[3] <= height + 0.15 * face.size
        for x, y in face.landmarks:
            assert face.box[0] - 0.1 * face.size <= x <= face.box[2] + 0.1 * face.size
            assert face.box[1] <= y <= face.box[3]


def test_landmarks_come_in_the_order_detectors_use() -> None:
    for seed in range(20):
        face = draw_portrait(Person.from_seed(seed), sample_rng("unit", "portrait", seed)).faces[0]
        left, right, nose, mouth_left, mouth_right = face.landmarks
        assert left[0] < right[0]
        assert mouth_left[0] < mouth_right[0]
        assert max(left[1], right[1]) < nose[1] + 0.1 * face.size
        assert nose[1] < max(mouth_left[1], mouth_right[1])


def test_a_face_is_as_large_and_where_it_was_asked_for() -> None:
    place = Placement(Person.from_seed(1), x=160.0, y=120.0, size=100.0)
    face = draw_scene([place], (320, 240), sample_rng("unit", "other", 1)).faces[0]
    assert face.size == pytest.approx(100.0, rel=0.15)
    assert (face.box[0] + face.box[2]) / 2 == pytest.approx(160.0, abs=1.0)
    assert (face.box[1] + face.box[3]) / 2 == pytest.approx(120.0, abs=1.0)


def test_turning_the_head_moves_the_nose_that_way() -> None:
    def nose_offset(yaw: float) -> float:
        patch = draw_patch(Person.from_seed(2), Nuisance(pose=Pose(yaw=yaw)), 100.0)
        return float(patch.landmarks[2, 0] - patch.landmarks[:2, 0].mean())

    assert nose_offset(-0.5) < nose_offset(0.0) < nose_offset(0.5)


def test_somebody_behind_a_larger_face_is_labelled_as_hidden() -> None:
    hidden = Placement(Person.from_seed(1), 160.0, 120.0, 40.0)
    before = Placement(Person.from_seed(2), 160.0, 120.0, 120.0)
    faces = draw_scene([hidden, before], (320, 240), sample_rng("unit", "other", 2)).faces
    assert faces[0].visible == 0.0
    assert faces[1].visible > 0.9


def test_a_head_seen_from_behind_has_no_label() -> None:
    back = Placement(Person.from_seed(1), 160.0, 120.0, 90.0, faceless=True)
    assert draw_scene([back], (320, 240), sample_rng("unit", "other", 3)).faces == ()


def test_a_portrait_shows_one_whole_face() -> None:
    scene = draw_portrait(Person.from_seed(4), sample_rng("unit", "portrait", 4), (180, 240), severity=MILD)
    assert scene.image.shape == (240, 180, 3)
    assert scene.image.dtype == np.uint8
    assert len(scene.faces) == 1
    assert scene.faces[0].visible > 0.99


def test_drawing_needs_no_engine_and_no_torch() -> None:
    """A stranger's machine must be able to draw the demo: numpy, OpenCV and PyAV are enough."""
    probe = (
        "import sys, habeas.synthetic\n"
        "heavy = {'torch', 'pyspark', 'airflow', 'onnx', 'onnxruntime', 'insightface'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
