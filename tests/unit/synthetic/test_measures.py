"""The yardsticks of the pack: a wrong one would make any pack look good."""

from __future__ import annotations

import numpy as np
import pytest

from habeas.synthetic.training.samples.alignment import TEMPLATE, similarity
from habeas.synthetic.training.samples.matching import Tally, kept
from habeas.synthetic.training.scores import true_accept_rate


def _label(box: tuple[float, float, float, float], visible: float = 1.0) -> list[float]:
    return [*box, *([0.0] * 10), max(box[2] - box[0], box[3] - box[1]), visible]


def _tally(boxes: list[tuple[float, ...]], labels: list[list[float]]) -> Tally:
    tally = Tally()
    found = np.array(boxes, float).reshape(-1, 4)
    tally.add(found, np.zeros((len(found), 5, 2)), np.array(labels, float).reshape(-1, 16))
    return tally


def test_of_two_boxes_on_one_face_the_better_stays() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [50, 50, 60, 60]], float)
    assert kept(boxes, np.array([0.7, 0.9, 0.8]), 0.4).tolist() == [1, 2]


def test_a_second_box_on_the_same_face_is_a_false_alarm() -> None:
    tally = _tally([(0, 0, 40, 40), (1, 1, 41, 41)], [_label((0, 0, 40, 40))])
    assert (tally.faces, tally.detected, tally.detections, tally.wrong) == (1, 1, 2, 1)


def test_a_missed_face_lowers_recall_and_not_precision() -> None:
    tally = _tally([(0, 0, 40, 40)], [_label((0, 0, 40, 40)), _label((100, 0, 140, 40))])
    assert (tally.recall, tally.precision) == (0.5, 1.0)


@pytest.mark.parametrize("label", [_label((0, 0, 20, 20)), _label((0, 0, 40, 40), visible=0.3)])
def test_small_and_hidden_faces_neither_count_nor_hurt(label: list[float]) -> None:
    box = (label[0], label[1], label[2], label[3])
    tally = _tally([box], [label])
    assert (tally.faces, tally.detections, tally.wrong) == (0, 0, 0)


def test_a_box_with_less_than_half_overlap_is_no_hit() -> None:
    tally = _tally([(0, 0, 40, 18)], [_label((0, 0, 40, 40))])
    assert (tally.detected, tally.wrong) == (0, 1)


def test_true_accepts_are_counted_above_the_score_that_lets_one_stranger_in_a_thousand_pass() -> None:
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(60), 4)
    centres = rng.normal(size=(60, 32))
    apart = (centres[who] + 0.01 * rng.normal(size=(240, 32))).astype(np.float32)
    assert true_accept_rate(apart, who, 1e-3)[0] == 1.0
    noise = rng.normal(size=(240, 32)).astype(np.float32)
    assert true_accept_rate(noise, who, 1e-3)[0] < 0.02


def test_alignment_brings_turned_and_scaled_landmarks_back_to_their_places() -> None:
    angle, scale = 0.4, 2.5
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = TEMPLATE @ turn.T + np.array([30.0, -12.0])
    matrix = similarity(moved, TEMPLATE)
    assert moved @ matrix[:, :2].T + matrix[:, 2] == pytest.approx(TEMPLATE)


def test_alignment_never_mirrors_or_squeezes_a_face() -> None:
    rng = np.random.default_rng(1)
    matrices = similarity(TEMPLATE + rng.normal(0, 6, (50, 5, 2)), TEMPLATE)
    linear = matrices[:, :, :2]
    assert np.linalg.det(linear).min() > 0
    assert linear[:, 0, 0] == pytest.approx(linear[:, 1, 1])
    assert linear[:, 0, 1] == pytest.approx(-linear[:, 1, 0])
