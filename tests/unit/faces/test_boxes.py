"""One overlap of boxes: for tiles, tracks and measures."""

from __future__ import annotations

import numpy as np
import pytest

from habeas.faces.boxes import areas, intersections, overlaps, overlaps_with

BOXES = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30], [0, 0, 10, 5]], np.float32)


def test_overlap_is_one_for_the_same_box_and_zero_apart() -> None:
    assert overlaps(BOXES[:1], BOXES)[0] == pytest.approx([1.0, 1 / 3, 0.0, 0.5])
    assert np.allclose(overlaps(BOXES, BOXES), overlaps(BOXES, BOXES).T)
    assert np.allclose(overlaps_with(BOXES, BOXES[0]), overlaps(BOXES[:1], BOXES)[0])


def test_a_box_without_area_overlaps_nothing() -> None:
    flat = np.array([[5, 5, 5, 9]], np.float32)
    assert 0 == areas(flat)[0] == overlaps(flat, BOXES).max() == overlaps(flat, flat)[0, 0]


def test_no_boxes_give_no_overlaps() -> None:
    assert (0, 4) == overlaps(BOXES[:0], BOXES).shape
    assert (4, 0) == intersections(BOXES, BOXES[:0]).shape


def test_a_score_beside_the_box_changes_nothing() -> None:
    scored = np.hstack([BOXES, np.full((4, 1), 0.9, np.float32)])
    assert np.allclose(overlaps(scored, scored), overlaps(BOXES, BOXES))
