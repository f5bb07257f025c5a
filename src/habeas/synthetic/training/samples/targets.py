"""What the detector should say about a picture, and how wrong it was."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, smooth_l1_loss

from habeas.synthetic.training.networks.detector import ANCHORS, STRIDES

_OCTAVES = 0.75  # an anchor answers for faces up to this much larger or smaller than itself
_NEAR = 0.22  # and whose middle is within this share of their size
_LEAST_SIZE, _LEAST_VISIBLE = 9.0, 0.45  # other faces are neither faces nor background
MARK_WEIGHT = 14.0


def anchors(side_y: int, side_x: int) -> NDArray[np.float32]:
    """All anchors of a picture as x, y, size; shape (n, 3), in the order of the network's rows."""
    parts = []
    for stride, sizes in zip(STRIDES, ANCHORS, strict=True):
        y, x = np.mgrid[0 : side_y // stride, 0 : side_x // stride] * stride
        for_both = np.repeat(np.stack([x, y], -1).reshape(-1, 2), 2, axis=0)
        parts.append(np.concatenate([for_both, np.tile(sizes, len(for_both) // 2)[:, None]], axis=1))
    return np.concatenate(parts).astype(np.float32)


def assign(grid: NDArray[np.float32], faces: NDArray[np.float32]) -> NDArray[np.int64]:
    """For each anchor the face it answers for, -1 for background, -2 for "do not care"; shape (n,)."""
    answer = np.full(len(grid), -1, np.int64)
    if len(faces) == 0:
        return answer
    wide, tall = faces[:, 2] - faces[:, 0], faces[:, 3] - faces[:, 1]
    size = np.sqrt(np.maximum(wide * tall, 1.0))
    middle = (faces[:, :2] + faces[:, 2:4]) / 2
    away = np.hypot(grid[:, None, 0] - middle[None, :, 0], grid[:, None, 1] - middle[None, :, 1]) / size
    octave = np.abs(np.log2(size[None, :] / grid[:, 2:3]))
    cost = away / _NEAR + octave / _OCTAVES
    fits = (octave < _OCTAVES) & (away < _NEAR)
    fits[cost.argmin(axis=0), np.arange(len(faces))] = True  # every face has at least one anchor
    near = (away < 0.6) & (octave < 1.6)
    best = np.where(fits, cost, np.inf).argmin(axis=1)
    answer[fits.any(axis=1)] = best[fits.any(axis=1)]
    useless = (size < _LEAST_SIZE) | (faces[:, 15] < _LEAST_VISIBLE)
    if useless.any():
        answer[near[:, useless].any(axis=1) & ((answer < 0) | useless[np.maximum(answer, 0)])] = -2
        answer[(answer >= 0) & useless[np.maximum(answer, 0)]] = -2
    return answer


def _generous_overlap(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """Intersection over union and its generalised form of boxes (n, 4), pairwise by row."""
    inside = (
        (torch.minimum(one[:, 2:], other[:, 2:]) - torch.maximum(one[:, :2], other[:, :2]))
        .clamp(min=0)
        .prod(1)
    )
    area = (one[:, 2:] - one[:, :2]).clamp(min=0).prod(1) + (other[:, 2:] - other[:, :2]).prod(1) - inside
    hull = (torch.maximum(one[:, 2:], other[:, 2:]) - torch.minimum(one[:, :2], other[:, :2])).prod(1)
    shared = inside / area.clamp(min=1e-6)
    return shared, shared - (hull - area) / hull.clamp(min=1e-6)


def loss(
    outputs: list[tuple[Tensor, Tensor, Tensor]], grid: NDArray[np.float32], faces: list[NDArray[np.float32]]
) -> tuple[Tensor, dict[str, float]]:
    """Quality focal loss of the scores, generalised overlap of the boxes, smooth distance of the landmarks."""
    score, box, mark = (torch.cat([level[k].float() for level in outputs], 1) for k in range(3))
    answers = np.stack([assign(grid, f) for f in faces])
    picture, row = np.nonzero(answers >= 0)
    wanted = np.zeros(answers.shape, np.float32)
    if len(picture) == 0:
        shape = box.sum() * 0 + mark.sum() * 0
        point = shape
    else:
        truth = torch.from_numpy(
            np.stack([faces[p][answers[p, r]] for p, r in zip(picture, row, strict=True)])
        )
        place = torch.from_numpy(grid[row])
        at, size = place[:, :2], place[:, 2:3]
        sides = box[picture, row] * size
        boxes = torch.cat([at - sides[:, :2], at + sides[:, 2:]], 1)
        shared, generous = _generous_overlap(boxes, truth[:, :4])
        wanted[picture, row] = shared.detach().clamp(min=0.01).sqrt().numpy()
        weight = torch.from_numpy(wanted[picture, row]) + 0.1
        shape = ((1 - generous) * weight).sum() / weight.sum()
        marks = (mark[picture, row].reshape(-1, 5, 2) * size[:, None] + at[:, None]) / truth[
            :, 14, None, None
        ]
        aim = truth[:, 4:14].reshape(-1, 5, 2) / truth[:, 14, None, None]
        apart = smooth_l1_loss(marks, aim, reduction="none", beta=0.02).mean((1, 2))
        point = (apart * weight).sum() / weight.sum()
    aim_score = torch.from_numpy(wanted)
    distance = (torch.sigmoid(score[..., 0]).detach() - aim_score).abs() ** 2
    losses = binary_cross_entropy_with_logits(score[..., 0], aim_score, reduction="none") * distance
    losses = losses * torch.from_numpy((answers != -2).astype(np.float32))
    sharp = losses.sum() / max(float(wanted.sum()), 4.0)
    total = sharp + 2.0 * shape + MARK_WEIGHT * point
    return total, {
        "score": float(sharp.detach()),
        "box": float(shape.detach()),
        "mark": float(point.detach()),
    }
