"""The embedder: an aligned face of 112 x 112 pixels to 128 numbers, ArcFace's shape of interface.

Small full convolutions, residual blocks and a depthwise 7 x 7 pooling; trained as a classifier of drawn people
with an additive cosine margin (CosFace) that grows from 0.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

DIMENSIONS = 128


def conv(inside: int, outside: int, stride: int = 1) -> nn.Sequential:
    """3 x 3 convolution, batch norm, rectifier."""
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, stride, 1, bias=False), nn.BatchNorm2d(outside), nn.ReLU(inplace=True)
    )


class Residual(nn.Module):
    """Two convolutions around which the input passes unchanged."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.one = conv(width, width)
        self.two = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width))
        self.out = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """(n, width, h, w) in and out."""
        y: Tensor = self.out(x + self.two(self.one(x)))
        return y


class Embedder(nn.Module):
    """(n, 3, 112, 112) RGB in -1..1 to (n, 128), not yet of unit length."""

    def __init__(self) -> None:
        super().__init__()
        # A coarse first step keeps the large maps, which cost most of the time, out of the network.
        stem = nn.Sequential(nn.Conv2d(3, 64, 7, 4, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True))
        self.body = nn.Sequential(
            stem,
            conv(64, 96, 2),
            Residual(96),
            Residual(96),
            Residual(96),
            conv(96, 160, 2),
            Residual(160),
            Residual(160),
        )
        # each channel keeps where on the face something was, before places are summed
        self.pool = nn.Sequential(nn.Conv2d(160, 160, 7, groups=160, bias=False), nn.BatchNorm2d(160))
        self.last = nn.Linear(160, DIMENSIONS, bias=False)
        self.norm = nn.BatchNorm1d(DIMENSIONS, affine=False)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        pooled = self.pool(self.body(x)).flatten(1)
        y: Tensor = self.norm(self.last(pooled))
        return y


class CosineMargin(nn.Module):
    """Scaled cosines to the directions of all people; the right one is lowered by the margin (CosFace)."""

    def __init__(self, people: int, scale: float = 28.0) -> None:
        super().__init__()
        self.centres = nn.Parameter(torch.randn(people, DIMENSIONS) * 0.05)
        self.scale = scale

    def forward(self, embeddings: Tensor, who: Tensor, margin: float) -> Tensor:
        """The loss of embeddings (n, 128) of people `who` (n,), distinguished from all other people."""
        cosine = nn.functional.normalize(embeddings.float()) @ nn.functional.normalize(self.centres).T
        drop = torch.zeros_like(cosine).scatter_(1, who[:, None], margin)
        return nn.functional.cross_entropy((cosine - drop) * self.scale, who)
