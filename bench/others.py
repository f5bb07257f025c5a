"""What else runs on the machine meanwhile: numbers beside which somebody else worked say less."""

from __future__ import annotations

import os
import time
from types import TracebackType
from typing import Self

import psutil


class Others:
    """A context; afterwards `share` is the part of all cores that processes which aren't ours had, `stolen` the part
    that the machine's host kept for others.
    """

    share = stolen = 0.0

    def __enter__(self) -> Self:
        self._before = _looked()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        wall, busy, stolen, ours = (now - then for now, then in zip(_looked(), self._before, strict=True))
        whole = max(wall, 1e-3) * (os.cpu_count() or 1)
        self.share, self.stolen = round(max(0.0, busy - ours) / whole, 3), round(stolen / whole, 3)

    def told(self) -> dict[str, float]:
        return {"others": self.share, "stolen": self.stolen}


def _looked() -> tuple[float, float, float, float]:
    """Seconds: of the clock, of all processes, stolen, of this process and all that it started."""
    times = psutil.cpu_times()
    busy = times.user + times.nice + times.system + times.irq + times.softirq
    mine = psutil.Process()
    return time.monotonic(), busy, times.steal, sum(map(_spent, [mine, *mine.children(recursive=True)]))


def _spent(process: psutil.Process) -> float:
    """With what its children spent that have ended."""
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)
