"""How fast the machine is at the moment: what a fixed loop of Python costs, measured again and again meanwhile.

A virtual machine's processor may be twice as fast a quarter of an hour later. CPU seconds divided by the pace of their
time can be compared all the same.
"""

from __future__ import annotations

import time
from statistics import median
from threading import Event, Thread
from types import TracebackType
from typing import Self

_TURNS = 200_000


class Pace:
    """A context; afterwards `seconds` is the median CPU time of the loop, in seconds."""

    def __init__(self, every: float = 5.0) -> None:
        self._every, self._over = every, Event()
        self._found: list[float] = []
        self._looking = Thread(target=self._look, daemon=True, name="pace")

    def __enter__(self) -> Self:
        self._looking.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self._over.set()
        self._looking.join()

    @property
    def seconds(self) -> float:
        return median(self._found)

    def _look(self) -> None:
        while True:
            self._found.append(_loop())
            if self._over.wait(self._every):
                return


def _loop() -> float:
    before, total = time.thread_time(), 0
    for n in range(_TURNS):
        total += n * n
    return time.thread_time() - before
