"""Client of the decoder process: media bytes are parsed only in a child process that holds nothing else.

If a parser crashes, hangs or takes too much memory, only the asset in work is lost; the next one gets a new child. The
child gets the asset's open descriptor and no name, and what it may do is in `media/sandbox/confinement.py`. It lives as
long as its worker: a child that one asset took over could falsify the frames of later ones, but reach nothing beside
them.

Pixels come through memory that both map. It has no name, lies on no disk, and its size is sealed: a child that made it
smaller would take the worker down.
"""

from __future__ import annotations

import fcntl
import json
import mmap
import os
import re
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from functools import cache
from typing import Any, Self

import numpy as np

from habeas.media.claimed_times import believable
from habeas.media.sandbox import wire as decoder_wire
from habeas.media.sandbox.process import DecoderProcess, Died, TooSlow
from habeas.media.values import Frame, Frames, Headers, Image, MediaReason, Member
from habeas.model.errors import BadInput, IntegrityError
from habeas.model.installation.limits import MediaLimits, Sampling

PARSERS = "habeas.media.sandbox.parsers"
_DETAIL = re.compile(r"[A-Za-z0-9 ,.;:'()-]{0,120}")
_FORMAT = re.compile(r"[a-z0-9]{1,16}")
_NEVER = 1 << 53  # ms
_PATIENCE = 4  # seconds waited for one at work: others may have the cores
_STOP_S = 1  # for each of two frames decoded ahead and not wanted: a halt holds within half a minute
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL


@cache
def shared(limits: MediaLimits) -> Decoder:
    """One decoder a process, made on first use."""
    return Decoder(limits)


# Two processes that share one child would get each other's frames.
os.register_at_fork(after_in_child=shared.cache_clear)


class Decoder:
    """Sends requests to a child process, and starts one if there is none. For one thread at a time.

    `parsers`: the module the child parses with (`child.Parsers`); tests name their own.
    """

    def __init__(self, limits: MediaLimits, parsers: str = PARSERS) -> None:
        self._limits, self._parsers = limits, parsers
        self._child: DecoderProcess | None = None
        self._memory, self._pixels = -1, np.empty(0, np.uint8)
        self._turn, self._giving, self._reply_pending = 0, False, False
        self._spent_before, self._waited = 0.0, 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the child and frees the memory. The next request starts a new child."""
        self._end()
        if self._memory >= 0:
            os.close(self._memory)
            self._memory, self._pixels = -1, np.empty(0, np.uint8)

    def start(self) -> None:
        """Start the child now, where there is none: else the first file does. Raises Unavailable."""
        self._begin()

    @property
    def confined(self) -> frozenset[str]:
        """Which of "namespace", "landlock" and "seccomp" hold a running child, beside its limits."""
        return self._child.confined if self._child is not None else frozenset()

    @property
    def process_id(self) -> int | None:
        """Process id of the running child; None before its start and after its end."""
        return self._child.pid if self._child is not None else None

    def headers(self, fd: int, *, claims_media: bool = False) -> Headers:
        """What an open file says about itself. Raises BadInput as `probe.headers`; `over_limit`, `decoder_crashed`."""
        self._begin()
        answer = self._ask({"do": "headers", "claims_media": claims_media}, fd)
        try:
            return _headers(answer["headers"])
        except (KeyError, TypeError, ValueError):
            raise self._distrusted() from None

    def members(self, fd: int) -> list[Member]:
        """What an open tar or zip file holds. Raises BadInput as `packed_members.members`, and as `headers` does."""
        self._begin()
        answer = self._ask({"do": "members"}, fd)
        try:
            size = answer["members"]
            if type(size) is not int or not 0 < size <= min(len(self._pixels), decoder_wire.LONGEST_LIST):
                raise ValueError("no length")
            return [_member(*fields) for fields in json.loads(self._pixels[:size].tobytes())]
        except (KeyError, TypeError, ValueError, RecursionError):
            raise self._distrusted() from None

    def frames(self, fd: int, media: str, sampling: Sampling) -> Frames:
        """Frames of an open "photo" or "clip". A frame's picture can't be written to and is valid until the next.

        Copy pixels that are needed longer: later frames, of this asset or another, use the same memory. The next
        frame is decoded while one is searched, unless the search decides which frame comes next. Raises BadInput as
        `photos.decode.decode` and `clips.decode.frames`; `over_limit`, `decoder_crashed`.
        """
        turn = self._begin()
        self._giving = True
        answer = self._ask({"do": "frames", "media": media, "sampling": asdict(sampling)}, fd)
        count = 0
        try:
            while answer != {"end": True}:
                frame = self._frame(answer, count)
                count += 1
                if not frame.passed:
                    self._tell({"do": "next"})
                closer = yield frame
                if turn != self._turn:
                    raise RuntimeError("another asset was asked for while this one's frames were read")
                self._still_worth_it()
                if frame.passed:
                    self._tell({"do": "closer" if closer else "next"})
                answer = self._answer()
            self._giving = False
        finally:
            if turn == self._turn:
                self._stop()

    def _begin(self) -> int:
        self._stop()
        self._turn += 1
        if self._child is not None and (self._reply_pending or not self._child.alive()):
            # an earlier request was interrupted, so its answer would be taken for the next one; or the child died idle,
            # with the thread that started it or killed from outside: no asset's fault
            self._end()
        if self._child is None:
            self._child = self._start()
        self._spent_before, self._waited = self._child.cpu_seconds(), 0.0
        return self._turn

    def _start(self) -> DecoderProcess:
        if self._memory < 0:
            size = max(1, self._limits.max_pixels) * 3 * 2  # pages that are never written cost nothing
            self._memory = os.memfd_create("frames", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            os.ftruncate(self._memory, size)
            fcntl.fcntl(self._memory, fcntl.F_ADD_SEALS, _SEALS)
            self._pixels = np.frombuffer(mmap.mmap(self._memory, size, prot=mmap.PROT_READ), np.uint8)
        return DecoderProcess(self._parsers, self._limits, self._memory)

    def _ask(self, request: Mapping[str, Any], *descriptors: int) -> dict[str, Any]:
        self._tell(request, *descriptors)
        return self._answer()

    def _tell(self, request: Mapping[str, Any], *descriptors: int) -> None:
        child, self._reply_pending = self._lives(), True
        child.tell(request, *descriptors)

    def _lives(self) -> DecoderProcess:
        if self._child is None:
            raise RuntimeError("the decoder was closed while frames were read")
        return self._child

    def _answer(self, seconds: float | None = None) -> dict[str, Any]:
        child, begun = self._lives(), time.monotonic()
        try:
            answer = child.answer(seconds)
            self._reply_pending = False
            self._waited += time.monotonic() - begun
        except TooSlow:
            self._end()
            raise BadInput(MediaReason.OVER_LIMIT, "reading it takes too long") from None
        except Died as died:
            self._end()
            if died.of_memory:
                raise BadInput(MediaReason.OVER_LIMIT, "reading it takes too much memory") from None
            raise BadInput(MediaReason.DECODER_CRASHED, "the decoder died of it") from None
        except ValueError:
            raise self._distrusted() from None
        except BaseException:
            self._end()  # interrupted: what it still says would pass for the next answer
            raise
        if "bad" in answer:
            self._giving = False
            raise self._bad(answer["bad"])
        return answer

    def _bad(self, reply: object) -> BadInput | IntegrityError:
        """Reasons of the closed list and short plain sentences only: anything else could carry content of the file."""
        match reply:
            case [str(reason), str(detail)] if reason in MediaReason.ALL and _DETAIL.fullmatch(detail):
                return BadInput(reason, detail)
        return self._distrusted()

    def _frame(self, answer: Mapping[str, Any], count: int) -> Frame:
        about = answer.get("frame")
        names = ("width", "height", "at_ms", "index", "shot")
        if not isinstance(about, dict) or any(type(about.get(name)) is not int for name in names):
            raise self._distrusted()
        width, height, at_ms, index, shot = (about[name] for name in names)
        size = width * height * 3
        if min(width, height) < 1 or not 0 <= at_ms < _NEVER or size > len(self._pixels) // 2:
            raise self._distrusted()
        if index != count or index >= self._limits.max_frames or not 0 <= shot <= index:
            raise self._distrusted()
        image: Image = decoder_wire.half(self._pixels, index)[:size].reshape(height, width, 3)
        return Frame(image, at_ms, index, shot, about.get("passed") is True)

    def _still_worth_it(self) -> None:
        """A clip's frames may each come in time, and their number within its limit take days: at work or asleep."""
        spent = self._child.cpu_seconds() - self._spent_before if self._child else 0.0
        if max(spent, self._waited / _PATIENCE) > self._limits.cpu_seconds_per_file:
            self._end()
            raise BadInput(MediaReason.OVER_LIMIT, "reading it takes too long")

    def _stop(self) -> None:
        """Ends a request for frames that aren't needed any more; the child closes the file."""
        if not self._giving:
            return
        try:
            if not self._reply_pending or self._answer(_STOP_S) != {"end": True}:
                self._tell({"do": "stop"})
                self._answer(_STOP_S)
            self._giving = False
        except BadInput:
            self._giving = False  # it had died, or took too long to stop: the next asset gets a fresh one
        except BaseException:
            self._end()
            raise

    def _end(self) -> None:
        self._giving = self._reply_pending = False
        if self._child is not None:
            self._child.end()
            self._child = None

    def _distrusted(self) -> IntegrityError:
        self._end()
        return IntegrityError(
            "invalid reply from the decoder process", hint="An asset may have taken it over."
        )


def _member(
    name: str, kind: str, deflated: bool, start: int, packed: int, size: int, crc: int | None
) -> Member:
    """Raises TypeError or ValueError for anything that can't be one."""
    if kind != "file" and kind not in MediaReason.ALL:
        raise ValueError("unknown words")
    if type(name) is not str or any(
        type(n) is not int for n in (start, packed, size, 0 if crc is None else crc)
    ):
        raise TypeError("other things than a name and numbers")
    if kind == "file" and min(start, packed, size) < 0:
        raise ValueError("impossible numbers")
    return Member(name.encode("latin-1"), kind, bool(deflated), start, packed, size, crc)


def _headers(fields: Mapping[str, Any]) -> Headers:
    """Raises KeyError, TypeError or ValueError for anything that isn't headers."""
    at = fields["captured_at"]
    captured = None if at is None else datetime.fromisoformat(at)
    if captured is not None and captured.tzinfo is None:
        raise ValueError("a time without a zone")
    made = Headers(**{**fields, "captured_at": believable(captured)})
    numbers = (made.width, made.height, made.duration_ms)
    if made.media not in {"photo", "clip"} or not _FORMAT.fullmatch(made.format):
        raise ValueError("unknown words")
    if any(type(n) is not int or not 0 <= n < _NEVER for n in numbers):
        raise ValueError("impossible numbers")
    return made
