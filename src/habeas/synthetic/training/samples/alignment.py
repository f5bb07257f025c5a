"""The ArcFace alignment: five landmarks to fixed places in a square of 112 pixels."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

SIDE: Final = 112
# eye, eye, nose tip, mouth corner, mouth corner in the aligned square
TEMPLATE: Final[Points] = np.array(
    [
        (38.2946, 51.6963),
        (73.5318, 51.5014),
        (56.0252, 71.7366),
        (41.5493, 92.3655),
        (70.7299, 92.2041),
    ]
)


def similarity(source: Points, target: Points) -> Points:
    """The turn, scale and shift that bring `source` nearest to `target`, both (..., 5, 2); gives (..., 2, 3)."""
    ms, mt = source.mean(axis=-2, keepdims=True), target.mean(axis=-2, keepdims=True)
    s, t = source - ms, target - mt
    power = (s**2).sum(axis=(-1, -2))
    a = (s * t).sum(axis=(-1, -2)) / power
    b = (s[..., 0] * t[..., 1] - s[..., 1] * t[..., 0]).sum(axis=-1) / power
    matrix = np.zeros((*a.shape, 2, 3))
    matrix[..., 0, 0], matrix[..., 0, 1] = a, -b
    matrix[..., 1, 0], matrix[..., 1, 1] = b, a
    shift = mt[..., 0, :] - np.einsum("...ij,...j->...i", matrix[..., :2], ms[..., 0, :])
    matrix[..., 2] = shift
    return matrix
