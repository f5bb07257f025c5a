"""Comparison of templates, for tests and benchmarks. Scores are as sensitive as vectors: never log or store one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def cosine(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Cosine similarity of two (D,) float32 vectors, -1 to 1; 0 if either is zero. Raises ValueError if D differs."""
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(np.dot(one, other) / lengths) if lengths > 0 else 0.0


def tar_at_far(
    genuine: NDArray[np.float64], impostor: NDArray[np.float64], far: float
) -> tuple[float, float]:
    """True accept rate (0 to 1) at a false accept rate, and the threshold: ISO/IEC 19795-1.

    `genuine`, `impostor`: (n,) and (m,) scores. Raises ValueError if one is empty or `far` isn't between 0 and 1.

    The threshold is the lowest score at which at most `far` of the impostor scores are at or above it.
    """
    if not 0 < far < 1 or genuine.size == 0 or impostor.size == 0:
        raise ValueError("scores of both kinds and a rate between 0 and 1 are needed")
    falling = np.sort(impostor)[::-1]
    allowed = int(np.floor(far * impostor.size))
    threshold = float(np.nextafter(falling[allowed], np.inf)) if allowed < impostor.size else -np.inf
    return float((genuine >= threshold).mean()), threshold
