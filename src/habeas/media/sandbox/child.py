"""The process that parses media: `python -m habeas.media.sandbox.child PARENT MODULE`, its socket as standard input.

It receives its limits and the memory that frames go into, imports its parsers, confines itself
(`media/sandbox/confinement.py`), says so, and answers until the worker closes the socket. A file that is only bad is
answered with its reason; whatever else goes wrong ends the process, and its exit status is the only report.
"""

from __future__ import annotations

import gc
import importlib
import json
import mmap
import os
import socket
import sys
from contextlib import closing
from dataclasses import asdict, astuple
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from habeas.media.sandbox import confinement
from habeas.media.sandbox import wire as decoder_wire
from habeas.media.values import Frame, Frames, Headers, MediaReason, Member, after
from habeas.model.errors import BadInput
from habeas.model.installation.limits import MediaLimits, Sampling

_CRASHED = 70


class Parsers(Protocol):
    """What the module named on the command line has."""

    def headers(self, fd: int, limits: MediaLimits, *, claims_media: bool) -> Headers:
        """Kind, format, size and time of the file behind `fd`. Raises BadInput."""

    def members(self, fd: int) -> list[Member]:
        """Members of a packed file. Raises BadInput."""

    def frames(self, fd: int, media: str, limits: MediaLimits, sampling: Sampling) -> Frames:
        """Frames of a photo or clip, BGR uint8 (H, W, 3), in time order. Raises BadInput."""


def main(parent: int, module: str) -> None:
    """Entry point of the child: receive limits and frame memory, load the parsers, confine itself, answer requests.

    `parent`: process id whose end ends this one. `module`: name of the module with the parsers.
    """
    confinement.die_with_parent(parent)
    line = socket.socket(fileno=0)
    settings, memory = decoder_wire.receive_with(line)
    limits = MediaLimits(**settings["limits"])
    if memory is None:
        raise ValueError("no memory for frames")
    shared = mmap.mmap(memory, 0)
    os.close(memory)  # the map keeps its own
    parsers: Any = importlib.import_module(module)
    confinement.import_no_more()
    gc.freeze()  # what was imported stays; a collection looks at what one file left, and costs next to nothing
    held = confinement.confine(limits.memory_mb)
    decoder_wire.send(line, {"confined": held})
    answer_all(line, parsers, limits, np.frombuffer(shared, np.uint8))


def answer_all(line: socket.socket, parsers: Parsers, limits: MediaLimits, shared: NDArray[np.uint8]) -> None:
    """Answer requests until the worker closes the socket; then raises EOFError. `shared`: (n,) memory for frames."""
    while True:
        request, fd = decoder_wire.receive_with(line)
        if fd is None:
            raise ValueError("a request without a file")
        try:
            last = _answer(line, request, fd, parsers, limits, shared)
        except BadInput as bad:
            last = {"bad": [bad.reason, bad.detail]}
        finally:
            os.close(fd)
        decoder_wire.send(line, last)


def _answer(
    line: socket.socket,
    request: dict[str, Any],
    fd: int,
    parsers: Parsers,
    limits: MediaLimits,
    shared: NDArray[np.uint8],
) -> dict[str, Any]:
    """The last answer to a request; frames go before it."""
    if request["do"] == "headers":
        return {"headers": _headers(parsers, fd, limits, request)}
    if request["do"] == "members":
        return {"members": _list(parsers.members(fd), shared)}
    frames = parsers.frames(fd, request["media"], limits, Sampling(**request["sampling"]))
    with closing(frames):
        _give(line, frames, shared)
    return {"end": True}


def _headers(parsers: Parsers, fd: int, limits: MediaLimits, request: dict[str, Any]) -> dict[str, Any]:
    fields = asdict(parsers.headers(fd, limits, claims_media=request["claims_media"]))
    at = fields.pop("captured_at")
    return {**fields, "captured_at": None if at is None else at.isoformat()}


def _list(members: list[Member], shared: NDArray[np.uint8]) -> int:
    """The members, as text where frames lie else; its length. A name's bytes travel as letters of Latin-1."""
    text = json.dumps([[member.name.decode("latin-1"), *astuple(member)[1:]] for member in members]).encode()
    if len(text) > min(len(shared), decoder_wire.LONGEST_LIST):
        raise BadInput(MediaReason.OVER_LIMIT, "more members than the limit")
    shared[: len(text)] = np.frombuffer(text, np.uint8)
    return len(text)


def _give(line: socket.socket, frames: Frames, shared: NDArray[np.uint8]) -> None:
    """Frames one by one into the shared memory, each when it is asked for.

    The next is decoded before that, unless what is seen in this one decides which the next is.
    """
    frame = next(frames, None)
    while frame is not None:
        height, width = frame.image.shape[:2]
        place = decoder_wire.half(shared, frame.index)[: height * width * 3]
        np.copyto(place.reshape(height, width, 3), frame.image)
        about = {"width": width, "height": height, "at_ms": frame.at_ms, "index": frame.index}
        decoder_wire.send(line, {"frame": {**about, "shot": frame.shot, "passed": frame.passed}})
        fixed = not frame.passed
        try:
            ahead = _following(frames, closer=False) if fixed else None
        except BadInput:
            decoder_wire.receive_with(line)  # to which that is the answer
            raise
        asked, _ = decoder_wire.receive_with(line)
        if asked["do"] not in {"next", "closer"}:
            return
        frame = ahead if fixed else _following(frames, closer=asked["do"] == "closer")


def _following(frames: Frames, *, closer: bool) -> Frame | None:
    gc.collect()  # PyAV's frames refer to themselves once their side data was read: hundreds of MB by and by
    return after(frames, closer=closer)


if __name__ == "__main__":
    # No traceback is made: it could hold what the file holds, and there is nothing left to import its parts with.
    try:
        main(int(sys.argv[1]), sys.argv[2])
    except EOFError:
        os._exit(0)
    except MemoryError:
        os._exit(decoder_wire.OUT_OF_MEMORY)
    except BaseException:  # noqa: BLE001 - whatever it was, this process has read what it should not trust itself after
        os._exit(_CRASHED)
