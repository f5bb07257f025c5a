"""Which decoded frames of a clip are searched: picked by time, with those between two keyframes on request."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from copy import copy
from dataclasses import dataclass
from typing import Any

from habeas.media.clips.frame_image import Painter
from habeas.media.clips.shots import ShotCounter
from habeas.media.clips.skipped_frames import SkippedFrames
from habeas.media.clips.stream import Clip, Spans
from habeas.media.clips.timestamps import Clock
from habeas.media.values import Frame, Image, MediaReason
from habeas.model.errors import BadInput
from habeas.model.installation.limits import MediaLimits, Sampling


@dataclass(frozen=True, slots=True)
class _Moment:
    """The state of a sampler at a frame that was given: its time stamp and time, the clock, and the shots so far."""

    stamp: int | None
    at_ms: int
    clock: Clock
    shots: ShotCounter


class Sampler:
    """Picks frames of a clip by time; none before the last one given, should the clip be decoded anew."""

    def __init__(self, sampling: Sampling, limits: MediaLimits) -> None:
        self._step_ms, self._limits, self._shots = 1000 / sampling.per_second, limits, ShotCounter()
        self._due, self._before, self._decoded, self._closer, self.given = 0.0, -1, 0, 0, 0

    def of(
        self,
        clip: Clip,
        pictures: Iterable[Any],
        patience_ms: float,
        track: Spans,
        start: int | None,
        passed: SkippedFrames | None,
    ) -> Generator[Frame, bool | None, bool]:
        """False, and an early end, where no frame comes for longer than `patience_ms`.

        `start`: the time stamp that counts as 0. `passed`: what the pictures leave out. Raises BadInput `over_limit`
        for too many frames or too much time.
        """
        painter, clock = Painter(clip.stream, self._limits), Clock(clip.stream, start, track.begin_ms)
        last: _Moment | None = None
        seen_ms = round(track.begin_ms)
        for picture in pictures:
            self._decoded += 1
            if self._decoded > self._limits.max_frames:
                raise BadInput(MediaReason.OVER_LIMIT, "more frames than the limit")
            stamp = picture.dts if picture.pts is None else picture.pts
            at_ms = round(clock.at_ms(stamp))
            if at_ms > self._limits.max_duration_s * 1000:
                raise BadInput(MediaReason.OVER_LIMIT, "longer than the limit")
            if at_ms - seen_ms > patience_ms:
                return False
            seen_ms = max(seen_ms, at_ms)
            if at_ms < 0 or at_ms <= self._before or at_ms < self._due:
                continue
            image = painter.upright(picture)
            between = passed.between(last.stamp, stamp) if passed and last and self._room(last, at_ms) else []
            if (yield self._given(image, at_ms, passed=bool(between))) and between and passed and last:
                self._shots = last.shots
                yield from self._between(passed.pictures(between), painter, last, at_ms)
                yield self._given(image, at_ms)
            if passed:
                passed.given(stamp)
                last = _Moment(stamp, at_ms, copy(clock), copy(self._shots))
        return track.length_ms - seen_ms <= patience_ms

    def _room(self, last: _Moment, until_ms: int) -> bool:
        """True if frames between two keyframes are due and within the limit; a crowd, always in doubt, mustn't make a
        file exceed it.
        """
        worth = self._next(last.at_ms) + self._step_ms / 2 <= until_ms
        return worth and self._closer < self._limits.max_frames

    def _between(
        self, pictures: Iterable[Any], painter: Painter, last: _Moment, until_ms: int
    ) -> Generator[Frame, bool | None, None]:
        """Frames after the moment and before `until_ms`, at most one a step, up to the first that can't be shown."""
        clock, due = copy(last.clock), self._next(last.at_ms)
        for picture in pictures:
            self._closer += 1
            at_ms = round(clock.at_ms(picture.dts if picture.pts is None else picture.pts))
            if max(due, last.at_ms + 1) <= at_ms < until_ms:
                try:
                    image = painter.upright(picture)
                except BadInput:
                    return
                yield self._given(image, at_ms)
                due = self._next(at_ms)
            if due >= until_ms:
                return

    def _next(self, at_ms: int) -> float:
        """Time (ms) at which the next frame after the given one is due."""
        return (at_ms // self._step_ms + 1) * self._step_ms

    def _given(self, image: Image, at_ms: int, *, passed: bool = False) -> Frame:
        if self.given >= self._limits.max_frames:
            raise BadInput(MediaReason.OVER_LIMIT, "more frames than the limit")
        frame = Frame(image, at_ms, self.given, self._shots.shot_of(image), passed)
        self.given, self._before = self.given + 1, at_ms
        self._due = self._next(at_ms)
        return frame
