"""What both trainings share: a schedule counted in iterations, averaged weights, checkpoints to resume from."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch import nn


def learning_rate(iteration: int, total: int, peak: float, warm: int = 200) -> float:
    """A short warm-up, then half a cosine down to a hundredth of the peak."""
    if iteration < warm:
        return peak * (iteration + 1) / warm
    done = (iteration - warm) / max(1, total - warm)
    return peak * (0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * min(done, 1.0))))


Net = TypeVar("Net", bound=nn.Module)


class Average(Generic[Net]):
    """A running average of a network's weights, better than the last ones and free."""

    def __init__(self, net: Net, keep: float) -> None:
        self.net: Net = copy.deepcopy(net)
        self.net.eval()
        self.keep = keep

    @torch.no_grad()
    def update(self, net: Net, iteration: int) -> None:
        """Move a little towards the network; faster at the beginning, when the old weights are worth nothing."""
        keep = min(self.keep, (1.0 + iteration) / (10.0 + iteration))
        for mine, theirs in zip(self.net.state_dict().values(), net.state_dict().values(), strict=True):
            if mine.dtype.is_floating_point:
                mine.lerp_(theirs.detach(), 1.0 - keep)
            else:
                mine.copy_(theirs)


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint so that a kill at any moment leaves the old one or the new one."""
    temporary = path.with_suffix(".part")
    torch.save(state, temporary)
    temporary.rename(path)


def load(path: Path) -> dict[str, Any] | None:
    """The checkpoint, or None on the first run."""
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=False)
    return state
