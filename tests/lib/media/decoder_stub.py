"""Parsers that do what a file tells them in its first word, as code that a file took over might; else the real ones."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import count

import decoder_attacks
import numpy as np

from habeas.media.sandbox import parsers
from habeas.media.sandbox import wire as decoder_wire
from habeas.media.values import Frame, Headers, Member
from habeas.model.errors import BadInput
from habeas.model.installation.limits import MediaLimits, Sampling


def headers(fd: int, limits: MediaLimits, *, claims_media: bool) -> Headers:
    word, _, rest = os.pread(fd, 200, 0).partition(b" ")
    act = ACTS.get(word.decode("latin-1"))
    if act is None:
        return parsers.headers(fd, limits, claims_media=claims_media)
    return act(rest.decode("latin-1")) or Headers("photo", "jpeg", 16, 16, None, 0)


def frames(fd: int, media: str, limits: MediaLimits, sampling: Sampling) -> Iterator[Frame]:
    last = os.pread(fd, 8, max(0, os.fstat(fd).st_size - 8)).decode("latin-1")
    if last in ACTS:  # a photo like any other, until its pixels are asked for
        ACTS[last]("")
    small = np.zeros((16, 16, 3), np.uint8)
    match os.pread(fd, 7, 0):
        case b"growing" | b"large" | b"a littl" as told:
            sizes = enumerate(SIZES[told])
            yield from (Frame(np.broadcast_to(np.uint8(i + 1), (10, w, 3)), i, i) for i, w in sizes)
        case b"costly " | b"asleep ":
            yield from _slowly(fd)
        case b"passing":
            yield from (Frame(small, index, index, passed=True) for index in count())
        case b"clocked":
            yield from _clocked(passed=b"passed" in os.pread(fd, 20, 0))
        case b"one, an" | b"two, an" | b"none, a":
            yield from _until_it_goes_wrong(os.pread(fd, 40, 0).decode("latin-1"))
        case b"endless":
            yield from (Frame(small, index, index) for index in count())
        case b"jumping":
            yield from (Frame(small), Frame(small, 1, 2))
        case b"no time":
            yield Frame(small, 1 << 60)
        case _:
            yield from parsers.frames(fd, media, limits, sampling)


def _slowly(fd: int) -> Iterator[Frame]:
    """A frame a while: at work so many times, or asleep for ever."""
    word, _, times = os.pread(fd, 20, 0).partition(b" ")
    for index in range(int(times)) if times else count():
        begun = time.process_time()
        while word == b"costly" and time.process_time() < begun + 0.1:
            pass
        time.sleep(0.5 if word == b"asleep" else 0)
        yield Frame(np.zeros((16, 16, 3), np.uint8), index, index)


def _clocked(*, passed: bool) -> Iterator[Frame]:
    """Two frames, each dated by when it was begun."""
    for index in range(2):
        yield Frame(np.zeros((16, 16, 3), np.uint8), time.monotonic_ns() // 1_000_000, index, passed=passed)


def _until_it_goes_wrong(told: str) -> Iterator[Frame]:
    frames, _, what = told.partition(", and ")
    for index in range(("none", "one", "two").index(frames)):
        yield Frame(np.zeros((16, 16, 3), np.uint8), index, index)
    ACTS[what.strip()]("broken_image|the last")


def _say_unasked(_: str) -> None:
    """Frame after frame, to somebody whose requests nobody reads."""
    line = _line()
    for index in count():
        about = {"width": 16, "height": 16, "at_ms": index, "index": index, "shot": 0, "passed": False}
        decoder_wire.send(line, {"frame": about})


def _line() -> socket.socket:
    """The line to the worker, by its kind: a confined process may not ask for it."""
    return socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, fileno=0)


def _say_too_large(_: str) -> None:
    about = {"width": 6_400_001, "height": 10, "at_ms": 0, "index": 0, "shot": 0, "passed": False}
    decoder_wire.send(_line(), {"frame": about})


def members(fd: int) -> list[Member]:
    match os.pread(fd, 512, 0).rstrip(b"\0"):
        case b"PK\x03\x04 another word":
            return [Member(b"a.jpg", "my_own_word", False, 0, 1, 1, None)]
        case b"PK\x03\x04 before its beginning":
            return [Member(b"a.jpg", "file", False, -1, 1, 1, None)]
        case b"PK\x03\x04 long":
            return [Member(b"a" * (33 << 20), "file", False, 0, 1, 1, None)]
        case b"PK\x03\x04 dies":
            ctypes.string_at(0)
    return parsers.members(fd)


def _hang(_: str) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)


def _eat(_: str) -> None:
    eaten = []
    while True:
        eaten.append(bytes(1 << 24))


def _open(place: str) -> None:
    with open(place):
        pass


def _write(place: str) -> None:
    os.close(1)  # makes room for one more
    with open(place, "w"):
        pass


def _make_room_and_open(place: str) -> None:
    os.close(1)
    _open(place)


def _connect(port: str) -> None:
    with socket.create_connection(("127.0.0.1", int(port)), timeout=2):
        pass


def _make_room_and_connect(port: str) -> None:
    os.close(1)
    _connect(port)


def _fork(_: str) -> None:
    if os.fork() == 0:
        time.sleep(60)


def _shrink(_: str) -> None:
    """Returns only if the memory of the frames could be made smaller by some descriptor."""
    shrunk = 0
    for fd in range(20):
        with suppress(OSError):
            os.ftruncate(fd, 0)
            shrunk += 1
    if not shrunk:
        raise RuntimeError


def _import(_: str) -> None:
    """As a parser does that reads a failed import as a fault of the file."""
    try:
        import xml.dom.minidom  # noqa: F401
    except (ImportError, OSError):
        raise BadInput("broken_image") from None


def _say(text: str) -> None:
    os.write(1, text.encode())
    os.write(2, text.encode())
    sys.stdout.write(text)
    sys.stderr.write(text)


def _refuse(text: str) -> None:
    reason, _, detail = text.partition("|")
    raise BadInput(reason, detail)


def _raise(text: str) -> None:
    raise ValueError(text)


def _held(_: str) -> Headers:
    """Counts of open descriptors, and of variables that only the worker needs; nobody else may look into a decoder."""
    held = 0
    for fd in range(64):
        with suppress(OSError):
            os.fstat(fd)
            held += 1
    return Headers("photo", "jpeg", held, len(os.environ.keys() - NEEDED), None, 0)


NEEDED = {
    "PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "LD_LIBRARY_PATH", "LC_CTYPE", "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_",
}  # fmt: skip
SIZES = {
    b"growing": (10, 10, 100, 10, 100, 100, 10),
    b"large": (40_000_000,),
    b"a littl": (6_400_001,),
}
"""Widths of frames of 10 lines."""
ACTS = {
    "attack": decoder_attacks.attack,
    "held": _held,
    "say too large": _say_too_large,
    "say unasked": _say_unasked,
    "segfault": lambda _: ctypes.string_at(0),
    "hang": _hang,
    "slow": lambda _: time.sleep(0.6),
    "eat": _eat,
    "eat-much": _eat,
    "exit": lambda status: os._exit(int(status)),
    "open": _open,
    "write": _write,
    "make-room-and-open": _make_room_and_open,
    "connect": _connect,
    "make-room-and-connect": _make_room_and_connect,
    "fork": _fork,
    "shrink": _shrink,
    "import": _import,
    "say": _say,
    "refuse": _refuse,
    "raise": _raise,
    "lie": lambda _: Headers("photo", "jpeg", "wide", 16, None, 0),
    "flood": lambda _: Headers("photo", "x" * 20_000, 16, 16, None, 0),
}
