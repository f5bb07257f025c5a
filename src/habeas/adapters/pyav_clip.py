"""Clips by PyAV: keyframes where they are dense enough, else a full decode sampled by time.

Memory doesn't grow with the length of the clip: one frame is alive at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import av

from habeas.adapters.clip_picture import Painter
from habeas.adapters.clip_time import Clock
from habeas.adapters.clip_track import BROKEN, Clip, keyframe_gap_ms, length_ms, opened, packets
from habeas.errors import BadInput
from habeas.faces.shots import ShotCounter
from habeas.model.face import Frame
from habeas.model.limits import MediaLimits, Sampling
from habeas.model.media import MediaReason


@dataclass(frozen=True, slots=True)
class ClipHeader:
    """Size of the first frame as it is shown (upright, its pixels made square), length, UTC creation time."""

    width: int
    height: int
    duration_ms: int
    captured_at: datetime | None


def read_header(fd: int, limits: MediaLimits) -> ClipHeader:
    """What the container says, and the first frame's size: only a decoded frame says how it is turned.

    Raises BadInput: `unreadable_container`, `unsupported_codec`, `over_limit`, `too_small`.
    """
    with opened(fd, limits) as clip:
        first = next(_pictures(clip, limits), None)
        if first is None:
            raise BadInput(MediaReason.UNREADABLE_CONTAINER, "no frame could be decoded")
        width, height = Painter(clip.stream, limits).upright_size(first)
        return ClipHeader(width, height, length_ms(fd, clip, limits), _created(clip.container))


def frames(fd: int, sampling: Sampling, limits: MediaLimits) -> Iterator[Frame]:
    """Frames to look at, upright BGR, in time order, at most one each `1000 / sampling.per_second` ms.

    Raises BadInput as `read_header` does, `over_limit` for too many frames or too much time, and
    `unreadable_container` for frames that can't be decoded.
    """
    with opened(fd, limits) as clip:
        dense = sampling.mode == "keyframes" and (
            keyframe_gap_ms(fd, clip, limits, sampling.max_gap_ms) <= sampling.max_gap_ms
        )
        yield from _sampled(clip, sampling, limits, keyframes=dense)


def _sampled(clip: Clip, sampling: Sampling, limits: MediaLimits, *, keyframes: bool) -> Iterator[Frame]:
    shots, painter = ShotCounter(), Painter(clip.stream, limits)
    clock = Clock(clip.stream, clip.stream.start_time)
    step_ms = 1000 / sampling.per_second
    due, given, before = 0.0, 0, -1
    for count, picture in enumerate(_pictures(clip, limits, keyframes=keyframes)):
        if count >= limits.max_frames:
            raise BadInput(MediaReason.OVER_LIMIT, "more frames than the limit")
        at_ms = round(clock.at_ms(picture.dts if picture.pts is None else picture.pts))
        if at_ms > limits.max_duration_s * 1000:
            raise BadInput(MediaReason.OVER_LIMIT, "longer than the limit")
        if at_ms < 0 or at_ms <= before or at_ms < due:
            continue
        image = painter.upright(picture)
        yield Frame(image, at_ms, given, shots.shot_of(image))
        given, before, due = given + 1, at_ms, (at_ms // step_ms + 1) * step_ms
    if given == 0:
        raise BadInput(MediaReason.UNREADABLE_CONTAINER, "no frame could be decoded")


def _pictures(clip: Clip, limits: MediaLimits, *, keyframes: bool = False) -> Iterator[Any]:
    """Decoded frames in the order they are shown, keyframes alone if asked; damaged ones are left out."""
    context = clip.stream.codec_context
    context.thread_count = 1
    context.options = {"max_pixels": str(limits.max_pixels)}
    if keyframes:
        context.skip_frame = (
            "NONKEY"  # a decoder that can tell goes by the frames, not by what the index claims
        )
    for packet in _dated_keyframes(clip) if keyframes else packets(clip):
        yield from _decoded(clip, packet, limits)
    yield from _decoded(clip, None, limits)


def _dated_keyframes(clip: Clip) -> Iterator[Any]:
    """Keyframes, each with a time of its own: without one a frame takes that of the packet that follows."""
    shown_after = 0
    for packet in packets(clip):
        if not packet.is_keyframe:
            continue
        if packet.pts is None and packet.dts is not None:
            packet.pts = packet.dts + shown_after
        elif packet.dts is not None:
            shown_after = packet.pts - packet.dts
        yield packet


def _decoded(clip: Clip, packet: Any, limits: MediaLimits) -> list[Any]:
    """The whole frames that a packet completes, or that are left at the end."""
    try:
        pictures = clip.stream.decode(packet)
    except BROKEN as error:
        if _too_big(error, clip.stream.codec_context, limits):
            raise BadInput(MediaReason.OVER_LIMIT, "more pixels than the limit") from None
        raise BadInput(MediaReason.UNREADABLE_CONTAINER, "a frame can't be decoded") from None
    return [picture for picture in pictures if not picture.is_corrupt]


def _too_big(error: BaseException, context: Any, limits: MediaLimits) -> bool:
    """Whether a decoder stopped at `max_pixels`: each says so in its own way."""
    pixels = context.width * context.height
    refused = isinstance(error, av.error.ArgumentError) and pixels == 0
    return pixels > limits.max_pixels or refused or isinstance(error, av.error.OverflowError)


def _created(container: Any) -> datetime | None:
    said = container.metadata.get("creation_time", "")
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
