"""Verification scores from embeddings; numpy only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def pair_scores(
    vectors: NDArray[np.float32], who: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Cosines of all pairs of the same person and of all pairs of different people."""
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    cosine = unit @ unit.T
    upper = np.triu_indices(len(who), 1)
    same = (who[:, None] == who[None, :])[upper]
    scores = cosine[upper]
    return scores[same], scores[~same]


def true_accept_rate(
    vectors: NDArray[np.float32], who: NDArray[np.int64], false_accepts: float
) -> tuple[float, float]:
    """The share of same-person pairs above the threshold at that false accept rate, and the threshold."""
    same, different = pair_scores(vectors, who)
    threshold = float(np.quantile(different, 1.0 - false_accepts))
    return float((same > threshold).mean()), threshold
