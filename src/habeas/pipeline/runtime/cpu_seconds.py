"""CPU seconds of a run: this process, the JVM, and all processes below it.

The kernel adds what an ended process spent to a parent that waits for it. PySpark's worker daemon doesn't wait: it
ignores SIGCHLD, and an idle worker is ended after a minute; the decoder that a worker keeps ends with it. So they
have to be read while they live.
"""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Self

from pyspark.sql import SparkSession

from habeas.warehouse.spark_session import jvm_pid

_IGNORED = 1 << (signal.SIGCHLD - 1)


@dataclass(frozen=True, slots=True)
class _Process:
    name: tuple[int, int]  # process id and when it started: ids come again
    parent: int
    seconds: float  # its own, and those of children it waited for


class CpuClock:
    """CPU seconds since it was made, those of ended processes included, but for their last moment (`every`, seconds).

    Use it as a context: it looks every now and then until its end. Zero where the system has no /proc.
    """

    def __init__(self, spark: SparkSession, every: float = 1.0) -> None:
        self._root = jvm_pid(spark)
        self._lock, self._over = Lock(), Event()
        # alive at the last look, and not waited for, nor are their parents
        self._unwaited: dict[tuple[int, int], _Process] = {}
        self._parents_ignoring_sigchld: set[int] = set()
        self._ended = 0.0
        self._begun = self._total()
        self._looking = Thread(target=self._look, args=(every,), daemon=True, name="cpu")

    def __enter__(self) -> Self:
        self._looking.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self._over.set()
        self._looking.join()

    def seconds(self) -> float:
        """CPU time since the start, in seconds, of this process and of all below the JVM."""
        return self._total() - self._begun

    def _look(self, every: float) -> None:
        while not self._over.wait(every):
            self._total()

    def _total(self) -> float:
        own = resource.getrusage(resource.RUSAGE_SELF)
        with self._lock:
            processes = _processes()
            below = {each.name: each for each in _below(self._root, processes)}
            # an orphan moves to another parent for its last moment
            below |= {each.name: each for each in processes.values() if each.name in self._unwaited}
            self._parents_ignoring_sigchld |= {
                pid for pid in {each.parent for each in below.values()} if ignores_sigchld(pid)
            }
            for name in self._unwaited.keys() - {each.name for each in processes.values()}:
                gone = self._unwaited.pop(name)
                if (
                    gone.parent in self._parents_ignoring_sigchld or gone.parent not in processes
                ):  # else its parent counts it
                    self._ended += gone.seconds
            for name, each in below.items():  # parents first
                if each.parent in self._parents_ignoring_sigchld or each.parent in {
                    pid for pid, _ in self._unwaited
                }:
                    self._unwaited[name] = each
            spent = self._ended + sum(each.seconds for each in below.values())
            return own.ru_utime + own.ru_stime + spent


def _below(root: int | None, processes: Mapping[int, _Process]) -> Iterator[_Process]:
    """A process and all that it started, directly or not."""
    children: dict[int, list[int]] = {}
    for pid, each in processes.items():
        children.setdefault(each.parent, []).append(pid)
    waiting = [root] if root is not None and root in processes else []
    while waiting:
        pid = waiting.pop()
        yield processes[pid]
        waiting += children.get(pid, ())


def _processes() -> dict[int, _Process]:
    """Every process by its id.

    By each one's own word for its parent: a parent's list of children may leave some out while they run. Empty where
    the system has no /proc.
    """
    tick = os.sysconf("SC_CLK_TCK")
    processes = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        pid, spent = int(place.parent.name), sum(int(fields[i]) for i in (11, 12, 13, 14)) / tick
        processes[pid] = _Process((pid, int(fields[19])), int(fields[1]), spent)
    return processes


def ignores_sigchld(pid: int) -> bool:
    """True if the process ignores SIGCHLD: the kernel then drops the CPU time of its children."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return False
    return any(line.startswith("SigIgn:") and int(line.split()[1], 16) & _IGNORED for line in lines)
