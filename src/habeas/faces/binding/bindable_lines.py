"""Which pictures to hold while a clip is tracked: those of faces that a line could still be bound to."""

from __future__ import annotations

from collections.abc import Sequence

from habeas.faces.binding.bind import touches
from habeas.faces.values import Track
from habeas.model.lines import Line


class BindableLines:
    """`wanted` and `ended` of a tracker: lines that may still be bound, as tracks end.

    In a clip a line in whose scope a second track ends is never bound (`bind`), so pictures are held of one
    track a line at most, however long the clip is. A photo's faces end at once, and a caption binds many of them.
    """

    def __init__(self, lines: Sequence[Line], photo: bool) -> None:
        """`lines`: those with at least one grant."""
        self._open = list(lines)
        self._photo = photo

    def wanted(self, track: Track) -> bool:
        """True if a line can still be bound to this track."""
        return any(touches(line, track) for line in self._open)

    def ended(self, track: Track) -> None:
        """Note that a track of a clip ended: the lines it touched can't be bound any more."""
        if not self._photo:
            self._open = [line for line in self._open if not touches(line, track)]
