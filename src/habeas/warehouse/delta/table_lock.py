"""One writer a table, by `flock`.

Two drivers that write one local Delta table can both seem to have won. The lock frees when its process dies,
but the JVM it started lives on for a moment and may still commit: the record in the lock file names both
processes with their start times, and a new holder waits until both are gone.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from habeas.model.errors import Unavailable
from habeas.model.installation.permissions import PRIVATE

_POLL_S = 0.1


def start_time(pid: int) -> str | None:
    """Start time of a process in clock ticks since boot, or None if there is no such process (or a zombie)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in ("Z", "X") else fields[19]


@contextmanager
def table_lock(
    warehouse: Path,
    table: str,
    jvm_pid: int | None,
    wait_s: float = 120.0,
    while_waiting: Callable[[], None] = lambda: None,
) -> Iterator[None]:
    """Hold the lock of this name; raises Unavailable when another writer keeps it for `wait_s` seconds.

    `while_waiting` is called again and again until then, and ends the wait by raising.
    """
    folder = warehouse / ".locks"
    try:
        warehouse.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        folder.mkdir(exist_ok=True)
        descriptor = os.open(folder / f"{table}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Unavailable(
            f"the warehouse can't be written ({error.strerror})",
            hint="Check its folder's owner and free space.",
        ) from None
    deadline = time.monotonic() + wait_s
    try:
        _acquire(descriptor, table, deadline, while_waiting)
        _wait_until_previous_writer_exits(descriptor, table, deadline, {os.getpid(), jvm_pid})
        _write(descriptor, {"processes": [(p, start_time(p)) for p in (os.getpid(), jvm_pid) if p]})
        yield
        _write(descriptor, {})
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, table: str, deadline: float, while_waiting: Callable[[], None]) -> None:
    while True:
        while_waiting()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"table {table} is being written by another job", hint="Try again later."
                ) from None
            time.sleep(_POLL_S)
        else:
            return


def _wait_until_previous_writer_exits(
    descriptor: int, table: str, deadline: float, mine: set[int | None]
) -> None:
    text = os.pread(descriptor, 4096, 0)
    try:
        earlier = json.loads(text)["processes"] if text else []
    except (ValueError, KeyError):
        earlier = []
    while any(started and start_time(pid) == started for pid, started in earlier if pid not in mine):
        if time.monotonic() > deadline:
            raise Unavailable(
                f"the last writer of table {table} left a process behind", hint="Wait for its JVM to end."
            )
        time.sleep(_POLL_S)


def _write(descriptor: int, record: dict[str, object]) -> None:
    os.ftruncate(descriptor, 0)
    if record:
        os.pwrite(descriptor, json.dumps(record).encode(), 0)
    os.fsync(descriptor)
