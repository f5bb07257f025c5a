"""Binding by a caption that names every person, row by row, from the left.

Rows are counted from the front, as captions do; in a picture the front row is the lowest. Whatever leaves room for two
readings gives none: heads of two rows at one height, neighbours one above the other, a number missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from habeas.model.lines import Line

Boxes = NDArray[np.float64]
"""(n, 4): x0, y0, x1, y1 in pixels."""

ROWS_APART = 0.35
"""How much higher every head of a row must stand than every one before it, in heights of a face."""


def read(lines: Sequence[Line], boxes: Boxes) -> list[Line] | None:
    """The line of each box, in the order of the boxes; None if caption and picture fit in two ways, or in none.

    `boxes`: (n, 4) float64, pixels.
    """
    rows = _numbered(lines)
    if rows is None or len(lines) != len(boxes):
        return None
    middle = (boxes[:, 1] + boxes[:, 3]) / 2
    from_front = np.argsort(-middle, kind="stable")
    ends = np.cumsum([len(row) for row in rows])[:-1]
    standing = [part[np.argsort(_middle_x(boxes[part]))] for part in np.split(from_front, ends)]
    if not all(_in_a_row(boxes[row]) for row in standing):
        return None
    if not all(_behind(boxes[front], boxes[back]) for front, back in pairwise(standing)):
        return None
    line_of = {
        int(face): line
        for row, faces in zip(rows, standing, strict=True)
        for line, face in zip(row, faces, strict=True)
    }
    return [line_of[face] for face in range(len(boxes))]


def _numbered(lines: Sequence[Line]) -> list[list[Line]] | None:
    """Lines row by row, each from the left; None unless rows and places are numbered without a gap."""
    if len({line.row is None for line in lines}) != 1:
        return None
    names = sorted({line.row or 1 for line in lines})
    rows = [
        sorted((line for line in lines if (line.row or 1) == name), key=lambda line: line.position or 0)
        for name in names
    ]
    counted = all([line.position for line in row] == list(range(1, len(row) + 1)) for row in rows)
    return rows if names == list(range(1, len(names) + 1)) and counted else None


def _in_a_row(boxes: Boxes) -> bool:
    """Neighbours, from the left, stand apart by more than half a face, and no lower than the other's chin or brow."""
    wide, tall = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    apart, level = np.diff(_middle_x(boxes)), np.abs(np.diff(boxes[:, 1] + boxes[:, 3]) / 2)
    beside = apart > np.maximum(wide[:-1], wide[1:]) / 2
    return bool((beside & (level < np.maximum(tall[:-1], tall[1:]))).all())


def _behind(front: Boxes, back: Boxes) -> bool:
    """True if every head of the one row stands clearly higher in the picture than every head of the other."""
    face = float(np.median(np.concatenate([front, back])[:, 3] - np.concatenate([front, back])[:, 1]))
    lowest, highest = (back[:, 1] + back[:, 3]).max() / 2, (front[:, 1] + front[:, 3]).min() / 2
    return bool(highest - lowest > ROWS_APART * face)


def _middle_x(boxes: Boxes) -> NDArray[np.float64]:
    middle: NDArray[np.float64] = (boxes[:, 0] + boxes[:, 2]) / 2
    return middle
