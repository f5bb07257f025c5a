"""What else runs on the machine meanwhile: numbers beside which somebody else worked say less."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

import psutil

from habeas.pipeline.runtime.cpu_seconds import ignores_sigchld


class Others:
    """A context; afterwards `share` is the part of all cores that processes which aren't ours had, `stolen` the part
    that the machine's host kept for others.
    """

    share = stolen = 0.0

    def __enter__(self) -> Self:
        self._before = _Look()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        before, now = self._before, _Look()
        whole = max(now.at - before.at, 1e-3) * (os.cpu_count() or 1)
        self.share = round(max(0.0, now.busy - before.busy - now.ours_since(before)) / whole, 3)
        self.stolen = round((now.stolen - before.stolen) / whole, 3)

    def told(self) -> dict[str, float]:
        return {"others": self.share, "stolen": self.stolen}


class _Look:
    """Seconds: of the clock, of all processes, stolen, and of each process that is ours."""

    def __init__(self) -> None:
        times = psutil.cpu_times()
        self.at, self.stolen = time.monotonic(), times.steal
        self.busy = times.user + times.nice + times.system + times.irq + times.softirq
        self._own: dict[int, float] = {}
        self._waited: set[int] = set()
        self._ended = 0.0  # of children that ended, as those who waited for them know
        mine = psutil.Process()
        for process in [mine, *mine.children(recursive=True)]:
            with suppress(psutil.Error):
                spent = process.cpu_times()
                self._own[process.pid] = spent.user + spent.system
                self._ended += spent.children_user + spent.children_system
                if not ignores_sigchld(process.ppid()):
                    self._waited.add(process.pid)

    def ours_since(self, before: _Look) -> float:
        """A JVM that ended meanwhile had spent most of its time before. For Spark's idle workers, which end after a
        minute, nobody waits: what they spent before isn't in what ended.
        """
        alive = sum(spent - before._own.get(pid, 0.0) for pid, spent in self._own.items())
        gone = sum(
            spent for pid, spent in before._own.items() if pid not in self._own and pid in before._waited
        )
        return alive + max(0.0, self._ended - before._ended - gone)
