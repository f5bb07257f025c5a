"""The decoder's child process, seen from the worker: started, asked within a time, ended with its own children."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from habeas.media.sandbox import wire as decoder_wire
from habeas.model.errors import Unavailable
from habeas.model.installation.limits import MediaLimits

_START_S = 60
_ITS_CPU = 2  # clock_getcpuclockid(3), as Linux makes it from a process id
_KEPT = ("LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE")
_SET = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    # By default the C library gives the memory of every large picture back and asks for it anew: of a photo of
    # 12 megapixels more than half of the time went there. Pictures of up to 22 keep theirs, larger ones give it back.
    "MALLOC_MMAP_THRESHOLD_": str(1 << 26),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 28),
    "MALLOC_TOP_PAD_": str(1 << 26),
}


class TooSlow(Exception):
    """No answer within the time."""


class Died(Exception):
    """The child is gone. `of_memory`: it said that it had too little."""

    def __init__(self, of_memory: bool) -> None:
        super().__init__()
        self.of_memory = of_memory


class DecoderProcess:
    """A child that has confined itself. Raises Unavailable if none can be started.

    It is started, not forked: a fork would hand it the worker's memory, keys and all. `memory`: a descriptor.
    """

    def __init__(self, parsers: str, limits: MediaLimits, memory: int) -> None:
        self._seconds = _START_S
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with theirs:
                self._process = _started(parsers, theirs)
        except OSError as error:
            self._line.close()
            raise _unavailable(error.strerror) from None
        try:
            self.confined = frozenset(self.ask({"limits": asdict(limits)}, memory)["confined"])
        except (Died, TooSlow, ValueError, KeyError, TypeError):
            self.end()
            raise _unavailable("it ended, or said nothing") from None
        self._seconds = limits.seconds_per_answer

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._process.pid

    def cpu_seconds(self) -> float:
        """CPU time of the child since its start, in seconds; infinite if it has ended.

        Read from its CPU clock, which needs no permission: /proc can be hidden from a worker (`hidepid`).
        """
        try:
            return time.clock_gettime((~self.pid << 3) | _ITS_CPU)
        except OSError:
            return float("inf")

    def alive(self) -> bool:
        """True until the child has ended."""
        return self._process.poll() is None

    def ask(self, request: Mapping[str, Any], *descriptors: int) -> dict[str, Any]:
        """Send a request and wait for its answer. Raises as `answer`."""
        self.tell(request, *descriptors)
        return self.answer()

    def tell(self, request: Mapping[str, Any], *descriptors: int) -> None:
        """Send a request without waiting for the answer.

        Never blocks: a child that has ended, or hasn't read earlier requests, is disconnected and won't answer.
        """
        self._line.settimeout(0)
        try:
            decoder_wire.send(self._line, request, *descriptors)
        except OSError:
            with suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)

    def answer(self, seconds: float | None = None) -> dict[str, Any]:
        """Answer to the last request. Raises TooSlow, Died, and ValueError for an invalid message.

        `seconds`: longest wait, by default that of the settings.
        """
        self._line.settimeout(seconds or self._seconds)
        try:
            return decoder_wire.receive(self._line)
        except TimeoutError:
            raise TooSlow from None
        except (EOFError, OSError):
            self.end()
            raise Died(self._process.returncode == decoder_wire.OUT_OF_MEMORY) from None

    def end(self) -> None:
        """Kill it and what it started, if it lives; it keeps nothing that would have to be put in order."""
        self._line.close()
        if self._process.returncode is None:
            # before it is waited for: its number is still its own
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def _started(parsers: str, line: socket.socket) -> subprocess.Popen[bytes]:
    """It gets no other descriptor, no output and no more of the environment than Python needs."""
    path = os.pathsep.join(os.path.abspath(place) for place in sys.path if place)  # noqa: PTH100 - places may be zips
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-P", "-s", "-m", "habeas.media.sandbox.child", str(os.getpid()), parsers],
        stdin=line.fileno(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={**kept, "PYTHONPATH": path, **_SET},
        start_new_session=True,
    )


def _unavailable(why: str | None) -> Unavailable:
    return Unavailable(f"the decoder can't be started ({why})", hint="Run it again.")
