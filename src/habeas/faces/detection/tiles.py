"""Tiles in which a detector searches a large picture. Geometry only: no pixel is read here.

A detector's input is small, so a picture is shrunk until it fits, and small faces shrink with it. Where the
smallest wanted one would become too small to be found, the picture is searched whole, for the large faces,
and in tiles, for the small ones; between the two as many scales as make the fewest tiles.

- The tiles of a scale overlap by the longest face that is theirs, so that one of them sees it whole.
- What is longer belongs to the next coarser scale, which finds it for certain; a tile sees parts of it.
- A box at an edge that the tile has and the picture hasn't may be half a face: the neighbour's counts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from habeas.faces.boxes import areas, intersections

Boxes = NDArray[np.float32]
"""(n, 4) or more columns, of which the first four are x0, y0, x1, y1 in pixels of the picture."""

LOST_PX = 12
"""Longer side, at the detector's own scale, under which the smallest wanted face is lost to a look at the whole:
then tiles are worth what they cost, seven looks at a frame of 1920 x 1080. Above it one look has to do; some of the
smallest faces are missed."""
CERTAIN = 9 / 7
"""So many times as long as the smallest face that the detector resolves is one that a coarser scale is trusted with
alone: of drawn faces the synthetic detector finds 95 % at 28 pixels and 99 % at 36."""
LARGE_ENOUGH = 11 / 7
"""So many times as long as the smallest face that the detector resolves is the smallest wanted one in a small picture's
input. Larger, nothing more is found, and in pictures of 160 pixels less (decision 0019)."""
STRIDE_PX = 32
"""An input's sides are multiples of it: the coarsest grid that SCRFD and its like look at."""
EDGE_PX = 6
"""A box this near to an inner edge of its tile, at the detector's own scale, may be cut by it."""
_MOST_SCALES = 12
_ROUNDED = 1e-6


@dataclass(frozen=True, slots=True)
class Tile:
    """Pixels x0, y0, x1, y1 of a picture, ends excluded.

    `longest`: the longest face, in pixels, that is this tile's to find. `edge`: EDGE_PX in pixels.
    """

    x0: int
    y0: int
    x1: int
    y1: int
    longest: float
    edge: float


@dataclass(frozen=True, slots=True)
class _Scale:
    """`shrunk`: pixels of the picture that become one of the detector's."""

    shrunk: float
    longest: float
    side: tuple[int, int]
    overlap: int


def tiles(
    width: int, height: int, input_size: tuple[int, int], smallest_px: float, resolves_px: float
) -> tuple[Tile, ...]:
    """The tiles to search besides the whole picture, in its pixels; none where the whole shows the smallest wanted
    face.

    `input_size`: the detector's (width, height); `smallest_px`: longer side of the smallest wanted face;
    `resolves_px`: that of the smallest one it finds, at its own scale. Never finer than the picture itself. None, too,
    for an input that two of the smallest faces would fill.
    """
    finest = max(1.0, smallest_px / resolves_px)
    whole = max(width / input_size[0], height / input_size[1])
    if whole <= finest or smallest_px >= LOST_PX * whole:
        return ()
    ways = [
        way
        for steps in range(1, _MOST_SCALES)
        if (way := _scales(finest, whole, steps, input_size, resolves_px))
    ]
    counted = [sum(_across(width, s, 0) * _across(height, s, 1) for s in way) for way in ways]
    best = ways[counted.index(min(counted))] if ways else ()
    return tuple(tile for scale in best for tile in _laid(width, height, scale))


def fitted(
    width: int, height: int, most: tuple[int, int], smallest_px: float, resolves_px: float
) -> tuple[int, int]:
    """The (width, height) of the input for a look at a whole picture: as much of `most` as it needs.

    Of the picture's own shape, since what is black costs as much as what is not. A small picture is blown up only until
    its smallest wanted face is large enough, and none that fits is shrunk. Both are multiples of STRIDE_PX, or `most`.
    """
    enough = max(1.0, LARGE_ENOUGH * resolves_px / smallest_px)
    scale = min(most[0] / width, most[1] / height, enough)
    across = (math.ceil(scale * side / STRIDE_PX - _ROUNDED) * STRIDE_PX for side in (width, height))
    w, h = (min(max(side, STRIDE_PX), limit) for side, limit in zip(across, most, strict=True))
    return w, h


def seen_whole(tile: Tile, boxes: Boxes, width: int, height: int) -> NDArray[np.bool_]:
    """(n,) which boxes are this tile's: no longer than its longest, and not cut by an edge of its own.

    `width`, `height`: of the picture, in pixels; its border is no inner edge of a tile.
    """
    left, top, right, bottom = boxes[:, :4].T
    mine: NDArray[np.bool_] = np.maximum(right - left, bottom - top) <= tile.longest
    if tile.x0 > 0:
        mine &= left >= tile.x0 + tile.edge
    if tile.y0 > 0:
        mine &= top >= tile.y0 + tile.edge
    if tile.x1 < width:
        mine &= right <= tile.x1 - tile.edge
    if tile.y1 < height:
        mine &= bottom <= tile.y1 - tile.edge
    return mine


def share_inside(boxes: Boxes, outer: Boxes) -> NDArray[np.float64]:
    """(n,) the largest share of each box's area that lies in one of the `outer` boxes; 0 where there is none."""
    share: NDArray[np.float64] = intersections(boxes, outer).max(1, initial=0.0)
    return share / np.maximum(areas(boxes), 1e-9)


def _scales(
    finest: float, whole: float, steps: int, input_size: tuple[int, int], resolves_px: float
) -> tuple[_Scale, ...]:
    """Scales in equal ratios from the finest to the one before the whole; none if their tiles overlap too much."""
    ratio = (whole / finest) ** (1 / steps)
    made = []
    for step in range(steps):
        shrunk = finest * ratio**step
        longest = CERTAIN * resolves_px * shrunk * ratio
        side = (int(input_size[0] * shrunk), int(input_size[1] * shrunk))
        overlap = math.ceil(longest + 2 * EDGE_PX * shrunk) + 1  # and one that rounding may take
        if overlap > min(side) / 2:
            return ()
        made.append(_Scale(shrunk, longest, side, overlap))
    return tuple(made)


def _across(length: int, scale: _Scale, axis: int) -> int:
    """How many tiles it takes to cover a width (axis 0) or a height (axis 1)."""
    side = scale.side[axis]
    return max(1, math.ceil((length - scale.overlap) / (side - scale.overlap)))


def _laid(width: int, height: int, scale: _Scale) -> Iterator[Tile]:
    """Row by row, spread evenly; what is left over makes the overlaps larger."""
    for y0, y1 in _spread(height, scale, 1):
        for x0, x1 in _spread(width, scale, 0):
            yield Tile(x0, y0, x1, y1, scale.longest, EDGE_PX * scale.shrunk)


def _spread(length: int, scale: _Scale, axis: int) -> list[tuple[int, int]]:
    side, count = min(scale.side[axis], length), _across(length, scale, axis)
    starts = [(length - side) * i // max(1, count - 1) for i in range(count)]
    return [(start, start + side) for start in starts]
