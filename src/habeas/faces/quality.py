"""Quality of a face; numpy on the aligned picture. In the words of ISO/IEC 29794-5: `size_px` stands for head size,
`sharpness` is sharpness, `exposure` the luminance mean, `frontality` the yaw and the roll of the head pose.

Computed for bound and allowed faces alone: a quality score of a refused face is derived from it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from habeas.faces.plan import Quality
from habeas.faces.values import Detection
from habeas.media.values import Image
from habeas.model.installation.limits import BindingRules, FaceRules

_TILTED, _SIDEWAYS = 45.0, 75.0
"""Degrees of roll up to which a face counts in full, and from which on it isn't frontal at all."""


def measure(detection: Detection, aligned: Image, norm_ok: bool = False) -> Quality:
    """Size in the frame (pixels), sharpness, exposure (0 to 1) and frontality (0 to 1) of a face.

    `aligned`: BGR uint8 (S, S, 3). `norm_ok`: whether the vector is finite and of unit length.
    """
    luminance = aligned.astype(np.float64) @ np.array([0.114, 0.587, 0.299])
    return Quality(
        size_px=float(detection.size),
        sharpness=sharpness(luminance),
        exposure=float(luminance.mean() / 255),
        frontality=frontality(detection.landmarks),
        norm_ok=norm_ok,
    )


def sharpness(luminance: NDArray[np.float64]) -> float:
    """Variance of the four-neighbour Laplacian of (H, W) luminance, 0 to 255; 0 for a flat picture."""
    inner = luminance[1:-1, 1:-1]
    around = luminance[:-2, 1:-1] + luminance[2:, 1:-1] + luminance[1:-1, :-2] + luminance[1:-1, 2:]
    return float((around - 4 * inner).var())


def frontality(landmarks: NDArray[np.float32]) -> float:
    """Frontality, 0 to 1, from (5, 2) landmarks in pixels: 1 if the nose lies midway between level eyes.

    0 when the nose lies at or beyond one eye (yaw), or when the face lies on its side or upside down (roll), as in a
    photo that was turned without an orientation tag.
    """
    left, right, nose = np.asarray(landmarks[:3], np.float64)
    axis = right - left
    length = float(np.hypot(*axis))
    if not np.isfinite(length) or length < 1e-6:
        return 0.0
    along = float((nose - (left + right) / 2) @ axis) / length
    yaw = float(np.clip(1 - abs(along) / (length / 2), 0, 1))
    roll = abs(float(np.degrees(np.arctan2(axis[1], axis[0]))))
    return yaw * float(np.clip((_SIDEWAYS - roll) / (_SIDEWAYS - _TILTED), 0, 1))


def passes(quality: Quality, faces: FaceRules, binding: BindingRules) -> bool:
    """True if the face is good enough to be embedded; the vector's own check (`norm_ok`) comes later."""
    return (
        quality.size_px >= binding.min_face_px
        and quality.sharpness >= faces.min_sharpness
        and faces.min_exposure <= quality.exposure <= faces.max_exposure
        and quality.frontality >= faces.min_frontality
    )


def merit(quality: Quality) -> float:
    """One number to rank the frames of a track by; for ranking alone, never stored.

    Size counts up to what the recogniser can use; sharpness by its logarithm, since it has no upper end.
    """
    return min(1.0, quality.size_px / 112) * quality.frontality * float(np.log1p(quality.sharpness))
