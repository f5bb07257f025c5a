"""The detector: SCRFD's shape of interface, small full convolutions, one head shared by three strides.

Boxes and landmarks are predicted relative to the anchor's size, which makes one head fit all strides, and are
turned into distances in strides on the way out, as InsightFace expects them. Landmarks have a branch of their
own: sharing the boxes' features makes them follow a rolled head too little.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from habeas.synthetic.training.networks.embedder import Residual, conv

STRIDES: Final = (8, 16, 32)
ANCHORS: Final = ((16.0, 32.0), (64.0, 128.0), (256.0, 512.0))  # sizes in pixels, two a place and stride


class _SharedConv(nn.Module):
    """A convolution shared by all levels, with a batch norm of its own for each.

    Levels have different statistics: one norm for all would be right while training, where each level is
    normalised by itself, and wrong afterwards, where one running mean has to serve three.
    """

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inside, outside, 3, 1, 1, bias=False)
        self.norms = nn.ModuleList([nn.BatchNorm2d(outside) for _ in STRIDES])

    def forward(self, x: Tensor, level: int) -> Tensor:
        """(n, inside, h, w) of that level to (n, outside, h, w)."""
        return torch.relu(self.norms[level](self.conv(x)))


class Head(nn.Module):
    """Scores, boxes and landmarks of each level; two anchors a place."""

    def __init__(self, width: int, marks: int) -> None:
        super().__init__()
        self.face = _SharedConv(width, width)
        self.marks = nn.ModuleList([_SharedConv(width, marks), _SharedConv(marks, marks)])
        self.score = nn.Conv2d(width, 2, 3, 1, 1)
        self.box = nn.Conv2d(width, 8, 3, 1, 1)
        self.point = nn.Conv2d(marks, 20, 3, 1, 1)
        nn.init.constant_(self.score.bias, -4.0)

    def forward(self, x: Tensor, level: int) -> tuple[Tensor, Tensor, Tensor]:
        """(n, width, h, w) to logits (n, h*w*2, 1), boxes (n, h*w*2, 4), landmarks (n, h*w*2, 10)."""
        face, mark = self.face(x, level), x
        for step in self.marks:
            mark = step(mark, level)
        a, b, c = _rows(self.score(face), 1), _rows(self.box(face), 4), _rows(self.point(mark), 10)
        return a, b, c


def _rows(out: Tensor, size: int) -> Tensor:
    return out.permute(0, 2, 3, 1).reshape(out.shape[0], -1, size)


class Detector(nn.Module):
    """(n, 3, h, w) RGB in about -1..1, h and w multiples of 32, to one triple a stride (see `Head`)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(conv(3, 16, 2), conv(16, 24, 2))
        self.c3 = nn.Sequential(conv(24, 48, 2), Residual(48))
        self.c4 = nn.Sequential(conv(48, 72, 2), Residual(72))
        self.c5 = nn.Sequential(conv(72, 104, 2), Residual(104), Residual(104))
        width = 48
        self.side = nn.ModuleList([nn.Conv2d(c, width, 1) for c in (48, 72, 104)])
        self.down = nn.ModuleList([conv(width, width), conv(width, width)])
        self.up = nn.ModuleList([conv(width, width, 2), conv(width, width, 2)])
        self.head = Head(width, 40)

    def forward(self, x: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
        """See the class."""
        c3 = self.c3(self.stem(x))
        c4 = self.c4(c3)
        c5 = self.c5(c4)
        p3, p4, p5 = (side(c) for side, c in zip(self.side, (c3, c4, c5), strict=True))
        p4 = self.down[0](p4 + _doubled(p5))
        p3 = self.down[1](p3 + _doubled(p4))
        p4 = p4 + self.up[0](p3)
        p5 = p5 + self.up[1](p4)
        return [self.head(x, level) for level, x in enumerate((p3, p4, p5))]


def _doubled(x: Tensor) -> Tensor:
    return nn.functional.interpolate(x, scale_factor=2.0, mode="nearest")


class Exported(nn.Module):
    """The nine outputs InsightFace reads: scores, then boxes, then landmarks, each for strides 8, 16, 32."""

    def __init__(self, net: Detector) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """One picture (1, 3, h, w); rows in y, x, anchor order."""
        levels = self.net(x)
        scores, boxes, marks = [], [], []
        for (score, box, mark), anchors, stride in zip(levels, ANCHORS, STRIDES, strict=True):
            # two anchors a place, one after the other, both divided by the stride
            scale = torch.tensor([[[anchors[0]], [anchors[1]]]]) / stride
            scores.append(torch.sigmoid(score).reshape(-1, 1))
            boxes.append((box.reshape(-1, 2, 4) * scale).reshape(-1, 4))
            marks.append((mark.reshape(-1, 2, 10) * scale).reshape(-1, 10))
        return (*scores, *boxes, *marks)
