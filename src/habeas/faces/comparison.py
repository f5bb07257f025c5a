"""Comparison of templates, for tests and benchmarks. Scores are as sensitive as vectors: never log or store one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def cosine(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Cosine similarity of two (D,) float32 vectors, -1 to 1; 0 if either is zero. Raises ValueError if D differs."""
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(np.dot(one, other) / lengths) if lengths > 0 else 0.0
