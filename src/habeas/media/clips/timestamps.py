"""Presentation time of a frame in milliseconds, by the clock of a player, also where time stamps are missing or
wrong.

A player counts from where the clip begins, with sound or picture, not from the first picture: `stream.origin`.
"""

from __future__ import annotations

from typing import Any

from habeas.media.values import MediaReason
from habeas.model.errors import BadInput

_BACK_MS = 1000
"""A time stamp that goes back by more than this starts another recording, joined to the previous one."""


class Clock:
    """Turns time stamps that start late, are missing or start again into one time line. Constant memory.

    A frame without a time stamp comes one step (the average rate) after the one before.
    """

    def __init__(self, stream: Any, start: int | None = None, begin_ms: float = 0.0) -> None:
        """`start`: the time stamp that counts as 0, the first one seen if None. `begin_ms`: when the track begins."""
        if not stream.time_base:
            raise BadInput(MediaReason.UNREADABLE_CONTAINER, "its time has no unit")
        self._unit_ms, self._start = stream.time_base * 1000, start
        self.step_ms = float(1000 / stream.average_rate) if stream.average_rate else 0.0
        self._shift, self._last, self._begin = 0.0, 0.0, begin_ms
        self._running = False

    def at_ms(self, stamp: int | None) -> float:
        """Raises BadInput `unreadable_container` for a frame without a time in a track without a rate."""
        next_ms = self._last + self.step_ms if self._running else self._begin
        if stamp is None and not self.step_ms:
            raise BadInput(MediaReason.UNREADABLE_CONTAINER, "a frame has no time")
        if stamp is None:
            at = next_ms
        else:
            self._start = stamp if self._start is None else self._start
            at = float((stamp - self._start) * self._unit_ms) + self._shift
            if self._running and at < self._last - _BACK_MS:
                self._shift += next_ms - at
                at = next_ms
        self._last, self._running = max(at, self._last) if self._running else at, True
        return at
