"""H.264 in MP4 by PyAV: keyframes where they are dense enough, else a full decode sampled by time.

A clip can name other files and addresses (data references, playlists). FFmpeg gets one demuxer, our own
reader instead of a path, and a door (`io_open`) that refuses whatever it would open beside it.
Memory doesn't grow with the length of the clip: one frame is alive at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any, NoReturn

import av
import numpy as np

from habeas.adapters.files import PositionedReader
from habeas.errors import BadInput
from habeas.faces.shots import ShotCounter
from habeas.model.face import Frame, Image
from habeas.model.limits import MediaLimits, Sampling
from habeas.model.media import MediaReason

CODEC = "h264"
MIN_SIDE = 16
_DEMUXER = "mov,mp4,m4a,3gp,3g2,mj2"
_BROKEN = (av.FFmpegError, OSError, ValueError, OverflowError)


@dataclass(frozen=True, slots=True)
class ClipHeader:
    """Size as coded (before rotation) in pixels, length, and the container's own UTC creation time."""

    width: int
    height: int
    duration_ms: int
    captured_at: datetime | None


def read_header(fd: int, limits: MediaLimits) -> ClipHeader:
    """What the container says, no frame handed out.

    Raises BadInput: `unreadable_container`, `unsupported_codec`, `over_limit`, `too_small`.
    """
    with _opened(fd, limits) as (container, stream):
        context = stream.codec_context
        return ClipHeader(context.width, context.height, _duration_ms(container, stream), _created(container))


def frames(fd: int, sampling: Sampling, limits: MediaLimits) -> Iterator[Frame]:
    """Frames to look at, upright BGR, in time order, at most one each `1000 / sampling.per_second` ms.

    Raises BadInput as `read_header` does, `over_limit` for too many frames or too much time, and
    `unreadable_container` for frames that can't be decoded.
    """
    with _opened(fd, limits) as (container, stream):
        context = stream.codec_context
        context.thread_count = 1
        context.options = {"max_pixels": str(limits.max_pixels)}
        if sampling.mode == "keyframes" and _keyframe_gap_ms(stream) <= sampling.max_gap_ms:
            context.skip_frame = "NONKEY"
        yield from _sampled(container, stream, sampling, limits)


def _sampled(container: Any, stream: Any, sampling: Sampling, limits: MediaLimits) -> Iterator[Frame]:
    shots, start = ShotCounter(), stream.start_time or 0
    step_ms = 1000 / sampling.per_second
    due, given, before = 0.0, 0, -1
    for count, picture in enumerate(_decoded(container, stream)):
        if count >= limits.max_frames:
            raise BadInput(MediaReason.OVER_LIMIT, "more frames than the limit")
        at_ms = _at_ms(picture, start)
        if at_ms > limits.max_duration_s * 1000:
            raise BadInput(MediaReason.OVER_LIMIT, "longer than the limit")
        if at_ms < 0 or at_ms <= before or at_ms < due:
            continue
        image = _upright(picture, limits)
        yield Frame(image, at_ms, given, shots.shot_of(image))
        given, before, due = given + 1, at_ms, (at_ms // step_ms + 1) * step_ms
    if given == 0:
        raise BadInput(MediaReason.UNREADABLE_CONTAINER, "no frame could be decoded")


def _decoded(container: Any, stream: Any) -> Iterator[Any]:
    pictures = container.decode(stream)
    while True:
        try:
            picture = next(pictures)
        except StopIteration:
            return
        except _BROKEN:
            raise BadInput(MediaReason.UNREADABLE_CONTAINER, "a frame can't be decoded") from None
        if not picture.is_corrupt:
            yield picture


def _at_ms(picture: Any, start: int) -> int:
    if picture.pts is None or picture.time_base is None:
        raise BadInput(MediaReason.UNREADABLE_CONTAINER, "a frame has no time")
    at_ms: int = round((picture.pts - start) * picture.time_base * 1000)
    return at_ms


def _upright(picture: Any, limits: MediaLimits) -> Image:
    if picture.width * picture.height > limits.max_pixels:
        raise BadInput(MediaReason.OVER_LIMIT, "more pixels than the limit")
    try:
        image = picture.to_ndarray(format="bgr24", threads=1)  # more would be taken from other workers
    except _BROKEN:
        raise BadInput(MediaReason.UNREADABLE_CONTAINER, "a frame can't be converted") from None
    turns = round(picture.rotation / 90) % 4  # counter-clockwise, as numpy turns
    return np.ascontiguousarray(np.rot90(image, turns))


@contextmanager
def _opened(fd: int, limits: MediaLimits) -> Iterator[tuple[Any, Any]]:
    options = {
        "enable_drefs": "0",  # tracks whose data lies in another file stay closed
        "use_absolute_path": "0",
        "codec_whitelist": CODEC,
        "format_whitelist": _DEMUXER,
        "protocol_whitelist": "none",
        "max_pixels": str(limits.max_pixels),
    }
    try:
        reader: Any = PositionedReader(fd)
        container = av.open(
            reader, "r", format=_DEMUXER, options=options, io_open=_refuse, metadata_errors="replace"
        )
    except _BROKEN:
        raise BadInput(MediaReason.UNREADABLE_CONTAINER, "its structure can't be read") from None
    with container:
        stream = _video(container)
        _within(container, stream, limits)
        yield container, stream


def _refuse(*_asked: object) -> NoReturn:
    raise PermissionError("a clip may not open anything beside itself")


def _video(container: Any) -> Any:
    videos = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    if len(videos) != 1:
        raise BadInput(MediaReason.UNREADABLE_CONTAINER, "one video track is needed")
    stream = videos[0]
    if stream.codec_context is None or stream.codec_context.name != CODEC:
        raise BadInput(MediaReason.UNSUPPORTED_CODEC, "H.264 is read")
    for other in container.streams:
        if other is not stream:
            other.discard = av.stream.Discard.all
    return stream


def _within(container: Any, stream: Any, limits: MediaLimits) -> None:
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > limits.max_pixels:
        raise BadInput(MediaReason.OVER_LIMIT, "more pixels than the limit")
    if min(width, height) < MIN_SIDE:
        raise BadInput(MediaReason.TOO_SMALL, f"a side is shorter than {MIN_SIDE} pixels")
    if _duration_ms(container, stream) > limits.max_duration_s * 1000:
        raise BadInput(MediaReason.OVER_LIMIT, "longer than the limit")


def _duration_ms(container: Any, stream: Any) -> int:
    """The longest of what the container, the track and its last entry claim."""
    claims = [Fraction(0)]
    if container.duration is not None:
        claims.append(Fraction(container.duration, av.time_base))
    if stream.duration is not None and stream.time_base is not None:
        claims.append(stream.duration * stream.time_base)
    entries = stream.index_entries
    if len(entries) and stream.time_base is not None:
        claims.append((entries[len(entries) - 1].timestamp - (stream.start_time or 0)) * stream.time_base)
    return round(max(claims) * 1000)


def _created(container: Any) -> datetime | None:
    said = container.metadata.get("creation_time", "")
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def _keyframe_gap_ms(stream: Any) -> float:
    """Longest time without a keyframe, from the start to the end, by the container's index alone."""
    entries = stream.index_entries
    keys = [entry.timestamp for entry in entries if entry.is_keyframe]
    if not keys or stream.time_base is None or (stream.frames and len(entries) < stream.frames):
        return float("inf")
    last = max(entries[len(entries) - 1].timestamp, (stream.start_time or 0) + (stream.duration or 0))
    marks = [*keys, last]
    return float(max(b - a for a, b in pairwise(marks)) * stream.time_base * 1000)
