"""Faces as a detector with errors, another camera or a passing hand would have left them; a batch at a time."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from habeas.synthetic.training.samples.alignment import SIDE, TEMPLATE, similarity

# The pack's detector turns and scales by 5 % of a radian and of the size (standard deviation, 400 faces); errors
# drawn up to this many pixels do the same.
_MOST_ERROR: Final = 4.5
_ERASED: Final = 0.25  # share of the faces
_TINT: Final = 0.10


def jittered(windows: Tensor, marks: NDArray[np.float64], rng: np.random.Generator) -> Tensor:
    """Windows (n, w, w, 3) uint8 BGR with landmarks (n, 5, 2) as (n, 3, 112, 112), RGB in -1..1.

    Aligned by landmarks that are a little wrong, tinted, and some with a rectangle in front.
    """
    error = rng.uniform(0.0, _MOST_ERROR, (len(marks), 1, 1))
    noisy = marks + error * rng.normal(0.0, 1.0, marks.shape)
    noisy += 0.5 * error * rng.normal(0.0, 1.0, (len(marks), 1, 2))
    faces = _warped(windows, similarity(noisy, TEMPLATE))
    gains = np.exp(
        rng.normal(0.0, _TINT, (len(marks), 3, 1, 1)) + rng.normal(0.0, _TINT, (len(marks), 1, 1, 1))
    )
    faces = (faces * _to(faces, gains)).clamp(0, 255)
    return _normal(_erased(faces, rng))


def as_input(faces: Tensor) -> Tensor:
    """BGR uint8 (n, 112, 112, 3) to what the network takes."""
    return _normal(faces.permute(0, 3, 1, 2).float())


def _normal(faces: Tensor) -> Tensor:
    return ((faces.flip(1) - 127.5) / 127.5).contiguous(memory_format=torch.channels_last)


def _warped(windows: Tensor, matrices: NDArray[np.float64]) -> Tensor:
    """The square each matrix (2, 3) takes from its window, as (n, 3, 112, 112) of 0..255."""
    whole = np.concatenate([matrices, np.tile([[[0.0, 0.0, 1.0]]], (len(matrices), 1, 1))], axis=1)
    back = _to(windows, np.linalg.inv(whole)[:, :2])
    y, x = torch.meshgrid(
        *[torch.arange(SIDE, device=windows.device, dtype=torch.float32)] * 2, indexing="ij"
    )
    places = torch.stack([x, y, torch.ones_like(x)], -1).reshape(-1, 3) @ back.transpose(1, 2)
    grid = (2 * places.reshape(-1, SIDE, SIDE, 2) + 1) / windows.shape[1] - 1
    pixels = windows.permute(0, 3, 1, 2).float()
    return torch.nn.functional.grid_sample(pixels, grid, align_corners=False)


def _erased(faces: Tensor, rng: np.random.Generator) -> Tensor:
    number = len(faces)
    size = rng.integers(10, 45, (number, 2)) * (rng.random((number, 1)) < _ERASED)
    first = rng.integers(0, SIDE - size)
    place = torch.arange(SIDE, device=faces.device)
    low, high = (_to(faces, edge)[:, :, None] for edge in (first, first + size))
    within = (place >= low) & (place < high)  # (n, 2, 112): columns, rows
    hidden = (within[:, 1, :, None] & within[:, 0, None, :])[:, None]
    colour = _to(faces, rng.integers(0, 256, (number, 3, 1, 1)))
    return torch.where(hidden, colour, faces)


def _to(like: Tensor, values: NDArray[np.float64] | NDArray[np.int64]) -> Tensor:
    return torch.from_numpy(values.astype(np.float32)).to(like.device)
