"""Frames between two keyframes, decoded only on request: the packets that were skipped are kept for a while.

Decoders give a keyframe back late, so the packets of the stretches that follow it are held, too, up to a cap.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from habeas.media.clips.stream import BROKEN, Clip, opened
from habeas.model.installation.limits import MediaLimits

_MOST_BYTES = 64 << 20
"""Of packets held; television sends 2 to 6 MB a second at the most."""
_BESIDE = 512  # bytes that a packet takes beside its payload, about


@dataclass(slots=True)
class _Stretch:
    """A keyframe's packet and those up to the next."""

    packets: list[Any] = field(default_factory=list)
    size: int = 0


class SkippedFrames:
    """Holds the packets since the last keyframe that was given, taken in the order they are decoded in.

    A context: what it decodes with is closed at the end.
    """

    def __init__(self, fd: int, limits: MediaLimits) -> None:
        self._fd, self._limits = fd, limits
        self._stretches: deque[_Stretch] = deque()
        self._size = 0
        self._second, self._closing = None, ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self._closing.close()

    def add(self, packet: Any) -> None:
        """Keep a packet that was not decoded. Drops the oldest stretches once the limit in bytes is reached."""
        if packet.is_keyframe or not self._stretches:
            self._stretches.append(_Stretch())
        newest, size = self._stretches[-1], packet.size + _BESIDE
        newest.packets.append(packet)
        newest.size += size
        self._size += size
        while self._size > _MOST_BYTES:
            self._drop_first()

    def given(self, stamp: int | None) -> None:
        """The keyframe of that time stamp was given: what lies before it isn't asked for any more."""
        if any(self._begins(stretch, stamp) for stretch in self._stretches):
            while not self._begins(self._stretches[0], stamp):
                self._drop_first()

    def between(self, stamp: int | None, until: int | None) -> list[Any]:
        """The packets from one keyframe up to another; empty where they aren't held, or are that keyframe alone."""
        packets: list[Any] = []
        for stretch in self._stretches:
            if packets and self._begins(stretch, until):
                break
            if packets or self._begins(stretch, stamp):
                packets += stretch.packets
        return packets if len(packets) > 1 else []

    def pictures(self, packets: list[Any]) -> Iterator[Any]:
        """Frames of a stretch, those that others are decoded from, up to the first that is damaged: the caller then
        has seen less, and a doubt stays one.
        """
        context = self._decoder()
        try:
            for packet in (*packets, None):
                for picture in context.decode(packet):
                    if picture.is_corrupt:
                        return
                    yield picture
        except BROKEN:
            return
        finally:
            context.flush_buffers()  # for the next stretch

    def _decoder(self) -> Any:
        """One beside the clip's, which goes on. It is opened from the file, too: only so does it know what the
        container says of its frames, how they are turned and mirrored first of all.
        """
        if self._second is None:
            clip: Clip = self._closing.enter_context(opened(self._fd, self._limits))
            context = clip.stream.codec_context
            context.thread_count = 1
            context.options = {"max_pixels": str(self._limits.max_pixels), "err_detect": "explode"}
            context.skip_frame = "NONREF"
            self._second = context
        return self._second

    def _drop_first(self) -> None:
        self._size -= self._stretches.popleft().size

    @staticmethod
    def _begins(stretch: _Stretch, stamp: int | None) -> bool:
        first = stretch.packets[0]
        return stamp is not None and bool(first.is_keyframe) and first.pts == stamp
