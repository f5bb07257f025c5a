"""What lies between two keyframes, decoded only when somebody asks: the packets that were passed over are kept a while.

Decoders give a keyframe back late, so the packets of the stretches that follow it are held, too, up to a cap.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import av

from habeas.adapters.clip_track import BROKEN, Clip
from habeas.model.limits import MediaLimits

_MOST_BYTES = 64 << 20
"""Of packets held; television sends 2 to 6 MB a second at the most."""


@dataclass(slots=True)
class _Stretch:
    """A keyframe's packet and those up to the next."""

    packets: list[Any] = field(default_factory=list)
    size: int = 0


class Passed:
    """Holds the packets since the last keyframe that was given. Takes them in the order they are decoded in."""

    def __init__(self) -> None:
        self._stretches: deque[_Stretch] = deque()
        self._size = 0

    def add(self, packet: Any) -> None:
        if packet.is_keyframe or not self._stretches:
            self._stretches.append(_Stretch())
        newest = self._stretches[-1]
        newest.packets.append(packet)
        newest.size += packet.size
        self._size += packet.size
        while self._size > _MOST_BYTES:
            self._drop_first()

    def given(self, stamp: int | None) -> None:
        """The keyframe of that time stamp was given: what lies before it isn't asked for any more."""
        if any(self._begins(stretch, stamp) for stretch in self._stretches):
            while not self._begins(self._stretches[0], stamp):
                self._drop_first()

    def between(self, stamp: int | None, until: int | None) -> list[Any]:
        """The packets from one keyframe up to another; empty where they aren't held, or are that keyframe alone."""
        found: list[Any] = []
        for stretch in self._stretches:
            if found and self._begins(stretch, until):
                break
            if found or self._begins(stretch, stamp):
                found += stretch.packets
        return found if len(found) > 1 else []

    def _drop_first(self) -> None:
        self._size -= self._stretches.popleft().size

    @staticmethod
    def _begins(stretch: _Stretch, stamp: int | None) -> bool:
        first = stretch.packets[0]
        return stamp is not None and bool(first.is_keyframe) and first.pts == stamp


def pictures(clip: Clip, packets: list[Any], limits: MediaLimits) -> Iterator[Any]:
    """Frames of a stretch, those that others are decoded from; by a decoder of its own, so that the clip's goes on.

    A frame that is broken ends it: whoever asked has seen less, and a doubt stays one.
    """
    theirs = clip.stream.codec_context
    context: Any = av.CodecContext.create(theirs.codec.name, "r")
    context.extradata = theirs.extradata
    context.thread_count = 1
    context.options = {"max_pixels": str(limits.max_pixels)}
    context.skip_frame = "NONREF"
    try:
        for packet in (*packets, None):
            yield from (picture for picture in context.decode(packet) if not picture.is_corrupt)
    except BROKEN:
        return
