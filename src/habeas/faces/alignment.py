"""Alignment of a face: the five-point similarity transform that recognisers of the ArcFace family expect.

The adapter warps the picture; this module computes the transform and the pixels that it reads.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]],
    np.float64,
)
"""Eyes (left of the picture first), nose, mouth corners in a 112 x 112 picture (ArcFace, Deng et al. 2019)."""

SIDE = 112
"""Side of an aligned picture, in pixels."""


def similarity(landmarks: NDArray[np.float32]) -> NDArray[np.float64] | None:
    """(2, 3) float64 map of picture points (pixels) onto the template, least squares (Umeyama 1991).

    `landmarks`: (5, 2) x, y in pixels. None unless they are five finite points that don't coincide.
    """
    points = np.asarray(landmarks, np.float64)
    if points.shape != (5, 2) or not np.isfinite(points).all():
        return None
    centred, wanted = points - points.mean(0), TEMPLATE - TEMPLATE.mean(0)
    spread = (centred**2).sum() / 5
    if spread < 1e-6:
        return None
    u, singular, vt = np.linalg.svd(wanted.T @ centred / 5)
    sign = np.array([1.0, np.sign(np.linalg.det(u @ vt)) or 1.0])
    turn = (u * sign) @ vt
    scale = (singular * sign).sum() / spread
    if scale < 1e-9:
        return None
    shift = TEMPLATE.mean(0) - scale * turn @ points.mean(0)
    return np.hstack([scale * turn, shift[:, None]])


def footprint(landmarks: NDArray[np.float32], width: int, height: int) -> tuple[int, int, int, int] | None:
    """Pixels (x0, y0, x1, y1) of a frame that an aligned picture is made of, ends excluded; None if none.

    `landmarks`: (5, 2) x, y in pixels; `width`, `height`: of the frame, in pixels.

    Two pixels wider than the square's corners, so that interpolation sees its neighbours.
    """
    matrix = similarity(landmarks)
    if matrix is None:
        return None
    corners = np.array([[0, 0], [SIDE, 0], [0, SIDE], [SIDE, SIDE]], np.float64)
    back = (corners - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    low, high = np.floor(back.min(0)) - 2, np.ceil(back.max(0)) + 3
    x0, y0 = max(0, int(low[0])), max(0, int(low[1]))
    x1, y1 = min(width, int(high[0])), min(height, int(high[1]))
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None
