"""How much boxes overlap. A box is (x0, y0, x1, y1), in pixels; further columns of an array of boxes are ignored."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[Any]


def overlaps(boxes: Boxes, others: Boxes) -> NDArray[np.float64]:
    """(n, m) intersection over union of each of n boxes with each of m others; 0 where one has no area."""
    shared = intersections(boxes, others)
    both = areas(boxes)[:, None] + areas(others)[None, :]
    overlap: NDArray[np.float64] = shared / np.maximum(both - shared, 1e-9)
    return overlap


def overlaps_with(boxes: Boxes, one: Boxes) -> NDArray[np.float64]:
    """(n,) the same with a single box."""
    return overlaps(boxes, one[None])[:, 0]


def intersections(boxes: Boxes, others: Boxes) -> NDArray[np.float64]:
    """(n, m) area that each of n boxes shares with each of m others."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:4], others[None, :, 2:4])
    shared: NDArray[np.float64] = np.clip(high - low, 0, None).astype(np.float64).prod(2)
    return shared


def areas(boxes: Boxes) -> NDArray[np.float64]:
    """(n,) area of each box."""
    products: NDArray[np.float64] = (boxes[:, 2:4] - boxes[:, :2]).astype(np.float64).prod(1)
    return products
