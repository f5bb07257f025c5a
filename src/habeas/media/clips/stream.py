"""A clip opened by FFmpeg: its one video track, how long it is, and how dense its keyframes are.

A clip can refer to other files and addresses (data references, playlists). FFmpeg gets one demuxer, our own reader
instead of a path, and an `io_open` callback that refuses to open anything else.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, NoReturn

import av

from habeas.media.clips import containers as clip_containers
from habeas.media.clips.timestamps import Clock
from habeas.media.files.disk_files import PositionedReader
from habeas.media.values import MediaReason
from habeas.model.errors import BadInput
from habeas.model.installation.limits import MediaLimits

BROKEN = (av.FFmpegError, OSError, ValueError, OverflowError)
_PACKETS_A_FRAME = 2  # a frame may come in parts
_PICTURES = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
_OPTIONS = {
    "enable_drefs": "0",  # tracks whose data lies in another file stay closed
    "use_absolute_path": "0",
    "codec_whitelist": "none",  # a demuxer decodes nothing: pixels are capped where we decode
    "protocol_whitelist": "none",
    "fflags": "-genpts",  # PyAV sets it: it can hold all of a file while it waits for a time stamp
}


@dataclass(frozen=True, slots=True)
class Clip:
    """An open container, its video track, and which of the containers it is."""

    container: Any
    stream: Any
    kind: clip_containers.Container


@dataclass(frozen=True, slots=True)
class Spans:
    """When a track ends, the longest time in it without a keyframe (infinite if it has none), and when it begins, by
    the clock of a player.
    """

    length_ms: float
    gap_ms: float
    begin_ms: float = 0.0


@contextmanager
def opened(fd: int, limits: MediaLimits) -> Iterator[Clip]:
    """Raises BadInput: `unreadable_container`, `unsupported_codec`, `over_limit`."""
    reader: Any = PositionedReader(fd)
    kind = clip_containers.container_of(reader.read(4096))
    if kind is None:
        raise BadInput(MediaReason.UNREADABLE_CONTAINER, "no container that is read")
    reader.seek(0)
    options = {**_OPTIONS, "format_whitelist": kind.demuxer}
    try:
        container = av.open(
            reader, "r", format=kind.demuxer, options=options, io_open=_refuse, metadata_errors="replace"
        )
    except BROKEN:
        raise BadInput(MediaReason.UNREADABLE_CONTAINER, "its structure can't be read") from None
    with container:
        clip = Clip(container, _video(container), kind)
        if claimed_ms(clip) > limits.max_duration_s * 1000:
            raise BadInput(MediaReason.OVER_LIMIT, "longer than the limit")
        yield clip


def _refuse(*_asked: object) -> NoReturn:
    raise PermissionError("a clip may not open anything beside itself")


def _video(container: Any) -> Any:
    videos = [stream for stream in container.streams.video if not stream.disposition & _PICTURES]
    if len(videos) > 1:
        videos = [stream for stream in videos if stream.disposition & av.stream.Disposition.default]
    if len(videos) != 1:
        raise BadInput(MediaReason.UNREADABLE_CONTAINER, "one video track is needed")
    (stream,) = videos
    if stream.codec_context is None or stream.codec_context.name not in clip_containers.CODECS:
        raise BadInput(MediaReason.UNSUPPORTED_CODEC, clip_containers.CODEC_WORDS)
    for other in container.streams:
        if other is not stream:
            other.discard = av.stream.Discard.all
    return stream


def origin(fd: int, clip: Clip, limits: MediaLimits) -> int | None:
    """The track's time stamp at which a player's clock shows 0, None where the track has no packet with a time.

    An MP4 has a time of its own (movie time): an empty edit before the picture counts. Other containers, and an MP4 in
    fragments, which may be a piece of a longer broadcast, begin with their earliest track, mostly the sound. Where
    FFmpeg doesn't know that, the picture is the only track there is.
    """
    stream, start = clip.stream, clip.container.start_time
    if _movie_time(clip):
        return min(0, int(stream.start_time or 0))
    if start is not None and stream.time_base:
        return round(Fraction(start, av.time_base) / Fraction(stream.time_base))
    with opened(fd, limits) as again:
        first = next(packets(again), None)
    return None if first is None else _stamp(first)


def _movie_time(clip: Clip) -> bool:
    return clip.kind is clip_containers.MP4 and clip.stream.frames > 0


def _stamp(packet: Any) -> int | None:
    stamp: int | None = packet.dts if packet.pts is None else packet.pts
    return stamp


def claimed_ms(clip: Clip) -> int:
    """The latest end that the container, the track and its last entry claim; 0 = nothing is claimed."""
    claims, stream = [Fraction(0)], clip.stream
    if not clip.kind.headed:
        return 0  # FFmpeg guesses there
    late = Fraction(0)  # what lies before the track begins counts: the last picture is shown so much later
    if _movie_time(clip) and stream.time_base is not None:
        late = max(late, (stream.start_time or 0) * stream.time_base)
    if clip.container.duration is not None:
        claims.append(Fraction(clip.container.duration, av.time_base))
    if stream.duration is not None and stream.time_base is not None:
        claims.append(stream.duration * stream.time_base + late)
    entries = stream.index_entries
    if len(entries) and stream.time_base is not None:
        from_first = entries[len(entries) - 1].timestamp - (stream.start_time or 0)
        claims.append(from_first * stream.time_base + late)
    return round(max(claims) * 1000)


def spans(fd: int, clip: Clip, limits: MediaLimits, enough_ms: float = float("inf")) -> Spans:
    """By the index where it names every frame, else by a walk, which is over at a gap of `enough_ms`."""
    stream = clip.stream
    if not _indexed(stream):
        return walk(fd, limits, enough_ms)
    entries = stream.index_entries
    keys = [entry.timestamp for entry in entries if entry.is_keyframe]
    begin_ms = _after(clip, stream.start_time, origin(fd, clip, limits))
    if not keys:
        return Spans(claimed_ms(clip), float("inf"), begin_ms)
    # an index counts in the order of decoding, which begins before the first frame is shown
    last = max(entries[len(entries) - 1].timestamp, entries[0].timestamp + (stream.duration or 0))
    gap = max(b - a for a, b in pairwise([*keys, last]))
    return Spans(claimed_ms(clip), float(gap * stream.time_base * 1000), begin_ms)


def _after(clip: Clip, stamp: int | None, start: int | None) -> float:
    """Milliseconds from `start` to `stamp`; 0 where one isn't known."""
    if stamp is None or start is None:
        return 0.0
    return max(0.0, float((stamp - start) * clip.stream.time_base * 1000))


def _indexed(stream: Any) -> bool:
    return bool(stream.time_base) and 0 < stream.frames <= len(stream.index_entries)


def walk(fd: int, limits: MediaLimits, enough_ms: float = float("inf")) -> Spans:
    """One pass over all packets, none decoded; it ends early once a gap is longer than `enough_ms`.

    Raises BadInput as `opened` does, `over_limit` for too many packets or too much time.
    """
    key, keys, gap, length, begin = 0.0, 0, 0.0, 0.0, 0.0
    with opened(fd, limits) as clip:
        clock = Clock(clip.stream)
        for count, packet in enumerate(packets(clip)):
            if count >= limits.max_frames * _PACKETS_A_FRAME:
                raise BadInput(MediaReason.OVER_LIMIT, "more frames than the limit")
            if count == 0:
                begin = _after(clip, _stamp(packet), origin(fd, clip, limits))
            # packets come in the order they are decoded in; their time is counted from the first
            at = clock.at_ms(packet.pts if packet.dts is None else packet.dts)
            length = max(length, at + clock.step_ms)
            if begin + length > limits.max_duration_s * 1000:
                raise BadInput(MediaReason.OVER_LIMIT, "longer than the limit")
            gap = max(gap, at - key)
            if packet.is_keyframe:
                key, keys = at, keys + 1
            if gap > enough_ms:
                break
    return Spans(begin + length, max(gap, length - key) if keys else float("inf"), begin)


def packets(clip: Clip) -> Iterator[Any]:
    """The track's packets. A broadcast may begin between two keyframes: its decoder waits for the first.

    One without any time stamp is dated a step (the average rate) behind the one before: a program stream
    dates one in so many.
    """
    coming, last = clip.container.demux(clip.stream), None
    rate, unit = clip.stream.average_rate, clip.stream.time_base
    step = round(1 / (rate * unit)) if rate and unit else None
    while True:
        try:
            packet = next(coming, None)
        except IndexError:  # PyAV at the end of a stream in which tracks came up that were not there at first
            return
        except BROKEN:
            raise BadInput(MediaReason.UNREADABLE_CONTAINER, "its packets can't be read") from None
        if packet is None:
            return
        if packet.size:
            if packet.pts is None and packet.dts is None and last is not None and step is not None:
                packet.dts = last + step
            last = packet.pts if packet.dts is None else packet.dts
            yield packet
