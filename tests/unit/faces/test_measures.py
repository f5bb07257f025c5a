from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from habeas.faces import alignment, comparison, quality
from habeas.faces.plan import Quality
from habeas.faces.values import Detection
from habeas.media.clips.shots import CUT, ShotCounter
from habeas.model.installation.limits import BindingRules, FaceRules

GOOD = Quality(size_px=100, sharpness=50, exposure=0.5, frontality=0.9, norm_ok=True)


@given(st.floats(0.3, 20), st.floats(-3, 3), st.floats(0, 2000), st.floats(0, 2000))
def test_alignment_finds_any_turn_scale_and_place(scale: float, angle: float, x: float, y: float) -> None:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    landmarks = (scale * alignment.TEMPLATE @ turn.T + (x, y)).astype(np.float32)
    matrix = alignment.similarity(landmarks)
    assert matrix is not None
    back = landmarks.astype(np.float64) @ matrix[:, :2].T + matrix[:, 2]
    assert np.abs(back - alignment.TEMPLATE).max() < 0.05


@pytest.mark.parametrize("landmarks", [np.zeros((5, 2)), np.full((5, 2), np.nan), np.full((5, 2), 7.0)])
def test_landmarks_that_are_one_point_or_no_numbers_align_nothing(landmarks: np.ndarray) -> None:
    assert alignment.similarity(landmarks.astype(np.float32)) is None
    assert alignment.footprint(landmarks.astype(np.float32), 100, 100) is None


def test_the_footprint_holds_the_whole_aligned_square_inside_the_frame() -> None:
    landmarks = np.add(alignment.TEMPLATE, (50, 20)).astype(np.float32)
    assert (47, 17, 166, 136) == alignment.footprint(landmarks, 500, 500)
    assert (47, 17, 100, 90) == alignment.footprint(landmarks, 100, 90)
    assert alignment.footprint(landmarks, 40, 40) is None


@pytest.mark.parametrize(
    ("degrees", "passes_rules"), [(0, True), (-40, True), (40, True), (90, False), (-90, False), (180, False)]
)
def test_a_face_that_lies_on_its_side_is_not_frontal(degrees: int, passes_rules: bool) -> None:
    """A photo that was turned, and says nothing of it: its template would be of a face on its side."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    landmarks = ((alignment.TEMPLATE - 56) @ turn.T + 56).astype(np.float32)
    seen = replace(GOOD, frontality=quality.frontality(landmarks))
    assert passes_rules is quality.passes(seen, FaceRules(), BindingRules())
    assert not passes_rules or seen.frontality > 0.9


def test_frontality_falls_as_the_nose_leaves_the_middle() -> None:
    front = alignment.TEMPLATE.astype(np.float32)
    values = []
    for shift in (0, 6, 12, 17.5, 40):
        turned = front.copy()
        turned[2, 0] = (front[0, 0] + front[1, 0]) / 2 + shift
        values.append(quality.frontality(turned))
    assert values == sorted(values, reverse=True)
    assert values[0] > 0.98 and values[-1] == 0
    assert 0 == quality.frontality(np.zeros((5, 2), np.float32))


def test_sharpness_and_exposure_tell_flat_dark_and_blurred_pictures() -> None:
    rng = np.random.default_rng(1)
    sharp = rng.integers(0, 255, (112, 112, 3)).astype(np.uint8)
    blurred = sharp.astype(np.float64)
    for axis in (0, 1):
        blurred = sum(np.roll(blurred, shift, axis) for shift in range(-3, 4)) / 7
    seen = Detection((0, 0, 80, 100), alignment.TEMPLATE.astype(np.float32), 0.9)
    one, other = quality.measure(seen, sharp), quality.measure(seen, blurred.astype(np.uint8))
    assert 80 == one.size_px
    assert one.sharpness > 20 * other.sharpness
    assert abs(one.exposure - 0.5) < 0.02
    assert 0 == quality.measure(seen, np.zeros((112, 112, 3), np.uint8)).sharpness


@pytest.mark.parametrize(
    "worse",
    [{"size_px": 10.0}, {"sharpness": 0.0}, {"exposure": 0.01}, {"exposure": 0.99}, {"frontality": 0.0},
     {"sharpness": float("nan")}],
)  # fmt: skip
def test_one_bad_measure_is_enough_to_refuse(worse: dict[str, float]) -> None:
    assert quality.passes(GOOD, FaceRules(), BindingRules())
    assert not quality.passes(replace(GOOD, **worse), FaceRules(), BindingRules())


def test_better_pictures_rank_higher() -> None:
    assert quality.merit(GOOD) > quality.merit(replace(GOOD, frontality=0.4))
    assert quality.merit(GOOD) > quality.merit(replace(GOOD, size_px=40))


def test_cosine() -> None:
    one = np.array([1, 0], np.float32)
    assert 1 == comparison.cosine(one, one * 5)
    assert 0 == comparison.cosine(one, np.zeros(2, np.float32))


def test_light_that_changes_slowly_is_no_cut_and_a_new_scene_is() -> None:
    rng = np.random.default_rng(5)
    room = rng.integers(30, 200, (9, 16, 1)).repeat(40, 0).repeat(40, 1).repeat(3, 2)
    other = rng.integers(30, 200, (9, 16, 1)).repeat(40, 0).repeat(40, 1).repeat(3, 2)
    shots = ShotCounter()
    shown = [shots.shot_of(np.clip(room * (1 + step / 60), 0, 255).astype(np.uint8)) for step in range(10)]
    assert [0] * 10 == shown
    assert 1 == shots.shot_of(other.astype(np.uint8))
    assert 0 < CUT < 1
