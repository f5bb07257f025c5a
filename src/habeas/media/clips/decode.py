"""Clips by PyAV: keyframes where they are dense enough, and between two of them when asked, else a full decode sampled
by time.

An index can claim keyframes that are none, and a keyframe can be damaged: where they turn out to be fewer than
claimed, the rest of the clip is decoded in full.
Memory doesn't grow with the length of the clip: one frame is alive at a time.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import av

from habeas.media.clips.frame_image import Painter
from habeas.media.clips.sampler import Sampler
from habeas.media.clips.skipped_frames import SkippedFrames
from habeas.media.clips.stream import BROKEN, Clip, Spans, opened, origin, packets, spans
from habeas.media.values import Frame, Frames, MediaReason
from habeas.model.errors import BadInput
from habeas.model.installation.limits import MediaLimits, Sampling

# Times the longest gap: the order of decoding, in which keyframes are dated, runs ahead a little.
_PATIENCE = 1.5
_FRAMES_A_LOOK = 8


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
        length_ms = round(spans(fd, clip, limits).length_ms)
        return ClipHeader(width, height, length_ms, _created(clip.container))


def frames(fd: int, sampling: Sampling, limits: MediaLimits) -> Frames:
    """Frames to look at, upright BGR, in time order, at most one each `1000 / sampling.per_second` ms.

    Raises BadInput as `read_header` does, `over_limit` for too many frames or too much time, and
    `unreadable_container` for frames that can't be decoded.
    """
    sampler = Sampler(sampling, limits)
    kept = yield from _of_keyframes(fd, sampling, limits, sampler)
    if not kept:
        kept = yield from _of_references(fd, sampling, limits, sampler)
    if not kept:
        with opened(fd, limits) as clip:
            start = origin(fd, clip, limits)
            yield from sampler.of(clip, _pictures(clip, limits), float("inf"), Spans(0, 0), start, None)
    if sampler.given == 0:
        raise BadInput(MediaReason.UNREADABLE_CONTAINER, "no frame could be decoded")


def _of_keyframes(
    fd: int, sampling: Sampling, limits: MediaLimits, sampler: Sampler
) -> Generator[Frame, bool | None, bool]:
    """Keyframes alone, where they are wanted and dense enough. False where they aren't, or turn out not to be."""
    if sampling.mode != "keyframes":
        return False
    enough = sampling.max_gap_ms
    with opened(fd, limits) as clip:
        track = spans(fd, clip, limits, enough)
        if track.gap_ms > enough:
            return False
        with SkippedFrames(fd, limits) as passed:
            keys = _pictures(clip, limits, passed)
            start = origin(fd, clip, limits)
            return (yield from sampler.of(clip, keys, enough * _PATIENCE, track, start, passed))


def _of_references(
    fd: int, sampling: Sampling, limits: MediaLimits, sampler: Sampler
) -> Generator[Frame, bool | None, bool]:
    """Frames that others are decoded from: where few are looked at, the rest, often half of all, needn't be decoded.

    False where the rate a clip claims doesn't allow it, or the frames are too far apart, up to its end: a look comes
    half a look late at the most.
    """
    with opened(fd, limits) as clip:
        rate = clip.stream.average_rate
        if not rate or rate < _FRAMES_A_LOOK * sampling.per_second:
            return False
        track, start = spans(fd, clip, limits), origin(fd, clip, limits)
        pictures = _pictures(clip, limits, leave_out="NONREF")
        return (yield from sampler.of(clip, pictures, 500 / sampling.per_second, track, start, None))


def _pictures(
    clip: Clip, limits: MediaLimits, passed: SkippedFrames | None = None, leave_out: str = "DEFAULT"
) -> Iterator[Any]:
    """Decoded frames in the order they are shown, damaged ones left out; keyframes alone if `passed` takes the rest.

    `leave_out`: FFmpeg's word for what isn't decoded.
    """
    context = clip.stream.codec_context
    context.thread_count = 1
    context.options = {"max_pixels": str(limits.max_pixels)}
    # a decoder that can tell goes by the frames, not by what the index claims
    context.skip_frame = leave_out if passed is None else "NONKEY"
    for packet in packets(clip) if passed is None else _dated_keyframes(clip, passed):
        yield from _decoded(clip, packet, limits)
    yield from _decoded(clip, None, limits)


def _dated_keyframes(clip: Clip, passed: SkippedFrames) -> Iterator[Any]:
    """Keyframes, each with a time of its own: without one a frame takes that of the packet that follows."""
    shown_after = 0
    for packet in packets(clip):
        if packet.is_keyframe and packet.pts is None and packet.dts is not None:
            packet.pts = packet.dts + shown_after
        elif packet.is_keyframe and packet.dts is not None:
            shown_after = packet.pts - packet.dts
        passed.add(packet)
        if packet.is_keyframe:
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
    """True if a decoder stopped at `max_pixels`; decoders report it in different ways."""
    pixels = context.width * context.height
    refused = isinstance(error, av.error.ArgumentError) and pixels == 0
    return pixels > limits.max_pixels or refused or isinstance(error, av.error.OverflowError)


def _created(container: Any) -> datetime | None:
    text = container.metadata.get("creation_time", "")
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
