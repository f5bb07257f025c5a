"""Cuts between sampled frames, by luminance alone: where the picture changes everywhere at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from habeas.media.values import Image

_GRID = 4
_BINS = 16
CUT = 0.45
"""Mean share of a cell's luminance histogram that must change. A false cut only splits a track, which
refuses; a missed cut could join two people, so the comparison is made cell by cell and the line is low."""


class ShotCounter:
    """Numbers shots from 0 as frames come. Holds one histogram, whatever the length of the clip."""

    def __init__(self) -> None:
        self._last: NDArray[np.float32] | None = None
        self._shot = 0

    def shot_of(self, image: Image) -> int:
        """Number of the shot that the next frame belongs to. `image`: BGR uint8 (H, W, 3)."""
        now = _histograms(image)
        if self._last is not None and change(self._last, now) > CUT:
            self._shot += 1
        self._last = now
        return self._shot


def change(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Difference of two (cells, bins) histograms: 0 = the same in each cell, 1 = nothing in common."""
    return float(np.abs(one - other).sum(axis=1).mean() / 2)


def _histograms(image: Image) -> NDArray[np.float32]:
    """(cells, bins) shares. Neighbouring bins share a pixel's weight, so slow light changes cost little."""
    step = max(1, min(image.shape[:2]) // 128)
    luminance = image[::step, ::step].astype(np.float32) @ np.array([0.114, 0.587, 0.299], np.float32)
    place = np.clip(luminance / 256 * _BINS - 0.5, 0, _BINS - 1)
    low = place.astype(np.intp)
    share = place - low
    rows = np.array_split(np.arange(luminance.shape[0]), _GRID)
    columns = np.array_split(np.arange(luminance.shape[1]), _GRID)
    cells = []
    for row in rows:
        for column in columns:
            cell = np.ix_(row, column)
            bins = np.bincount(low[cell].ravel(), 1 - share[cell].ravel(), _BINS + 1)
            bins += np.bincount(low[cell].ravel() + 1, share[cell].ravel(), _BINS + 1)
            cells.append(bins / max(1, row.size * column.size))
    return np.asarray(cells, np.float32)
