"""Binds faces to roster lines by place and time, never by what a face looks like.

The rules, each of which refuses when in doubt:
- A line speaks of a *scope*: its region (else the whole picture) during its window (else all the time).
  Windows are half open, [from, to), and so are regions, so that neighbours share no edge.
- A face is bound to a line if it is the only face, and no candidate that counts is, in the line's scope; if it stays
  there; if no other line's scope touches this one; and if it is never cut by the border, nor too near another.
- Which candidates count is `doubts`' to say; where a face is cut, `borders`'.
- A photo with one line and no region is a portrait: the scope is the whole picture.
- A photo whose lines are all closed and numbered from the left, in rows or in one, is bound by place, if exactly as
  many faces stand in rows that can be read in one way only (see `captions`).
- An anonymous placeholder never binds and counts as a line like any other.
- Lines that say the same place and time of the same person are one: two desks may attest one portrait.
Each face (a track that isn't a candidate) is counted exactly once: bound, or under one reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from habeas.faces.binding import borders, doubts
from habeas.faces.binding import captions as caption
from habeas.faces.tracking.tracker import Ends
from habeas.faces.values import BindingReason, Track
from habeas.model.installation.limits import BindingRules
from habeas.model.lines import Line
from habeas.records.line_scopes import is_caption, scopes_meet, window

RESIDUAL = 0.00779
"""Share of bound faces that belong to another person when one roster in twenty is wrong, in drawn pictures with the
shipped pack: `bench/binding.py`, whose result a test holds this against. With right rosters no face was bound wrongly.
"""


@dataclass(frozen=True, slots=True)
class Binding:
    """`bound`: line and track, one to one, in the order of line ids. `refused`: faces by reason."""

    bound: tuple[tuple[Line, Track], ...]
    refused: Counter[str]

    @property
    def faces(self) -> int:
        """Number of faces, bound and refused."""
        return len(self.bound) + self.refused.total()


def bind(lines: Sequence[Line], tracks: Sequence[Track], photo: bool, rules: BindingRules) -> Binding:
    """Bind each face to at most one line. Pure; the order of lines and tracks doesn't matter.

    `photo`: True for a photo, False for a clip. Every track that isn't a candidate is counted once.
    """
    lines = sorted(_each_once(lines), key=lambda line: line.line_id)
    faces = [track for track in tracks if not track.candidate]
    placed = _by_caption(lines, tracks, rules) if photo else None
    chosen = [_speaks_of(track, lines, tracks, photo, rules) for track in faces] if placed is None else placed
    bound: list[tuple[Line, Track]] = []
    refused: Counter[str] = Counter()
    for track, (line, reason) in zip(faces, chosen, strict=True):
        if line is None:
            refused[reason] += 1
        else:
            bound.append((line, track))
    return Binding(tuple(sorted(bound, key=lambda pair: pair[0].line_id)), refused)


def touches(line: Line, track: Track) -> bool:
    """True if the track is ever inside the line's scope. It says which person a line could be about, not who the face
    is.
    """
    return bool((_in_window(line, track) & _in_region(line, track)).any())


def window_ends(lines: Sequence[Line]) -> Ends:
    """Condition for a tracker: a track ends at the edge of a line's window, inside that line's region."""
    edges = [(edge, line) for line in lines for edge in (line.from_ms, line.to_ms) if edge is not None]

    def ends(before: int, now: int, x: float, y: float) -> bool:
        centre = np.array([[x, y]])
        return any(before < edge <= now and _region_holds(line, centre)[0] for edge, line in edges)

    return ends


def _each_once(lines: Sequence[Line]) -> list[Line]:
    """One line for each person, place and time: the one with the most grants. Placeholders may be several people."""
    kept: dict[tuple[object, ...], Line] = {}
    for line in sorted(lines, key=lambda line: (-len(line.grants), not line.closed, line.line_id)):
        who = line.subject_id or ("placeholder", line.line_id)
        kept.setdefault((who, line.from_ms, line.to_ms, line.region, line.position, line.row), line)
    return list(kept.values())


_Choice = tuple[Line | None, str]


def _speaks_of(
    track: Track, lines: Sequence[Line], tracks: Sequence[Track], photo: bool, rules: BindingRules
) -> _Choice:
    """The line this face is bound to, or the reason why none."""
    about = [line for line in lines if touches(line, track)]
    if not about:
        return None, BindingReason.UNBOUND
    line = about[0]
    others = [other for other in tracks if other is not track]
    if (
        len(about) > 1
        or not _plain(line, photo)
        or any(scopes_meet(line, other) for other in lines if other is not line)
        or any(touches(line, other) and not other.candidate for other in others)
        or doubts.spoil(line, track, [o for o in others if o.candidate and touches(line, o)], photo, rules)
        or not (_in_window(line, track) & _in_region(line, track)).all()
    ):
        return None, BindingReason.AMBIGUOUS
    alone = photo and len(lines) == 1 and line.region is None
    return _unless_spoilt(line, track, others, rules, alone=alone)


def _plain(line: Line, photo: bool) -> bool:
    """False for a line that can't be checked.

    A photo has no time, so a window says nothing of it; a place from the left, without a region, means
    something only where all the lines have one.
    """
    timed = line.from_ms is not None or line.to_ms is not None
    return (line.position is None or line.region is not None) and not (photo and timed)


def _unless_spoilt(
    line: Line, track: Track, others: Sequence[Track], rules: BindingRules, *, alone: bool = False
) -> _Choice:
    """`alone`: the one face of a portrait."""
    if line.subject_id is None:
        return None, BindingReason.ERASED
    if borders.cut(track.steps, rules, alone=alone):
        return None, BindingReason.CUT
    if any(_crowded(track, other, rules) for other in others):
        return None, BindingReason.CROWDED
    if _sides(track).max() < rules.min_face_px:
        return None, BindingReason.QUALITY
    return line, ""


def _by_caption(lines: Sequence[Line], tracks: Sequence[Track], rules: BindingRules) -> list[_Choice] | None:
    """Choices for a closed, numbered roster; None if the lines aren't one."""
    if not is_caption(lines):
        return None
    faces = [track for track in tracks if not track.candidate]
    read = None
    if len(faces) == len(tracks):
        read = caption.read(lines, np.array([face.steps[0, 1:5] for face in faces]).reshape(-1, 4))
    if read is None:
        return [(None, BindingReason.AMBIGUOUS) for _ in faces]
    return [
        _unless_spoilt(line, track, [other for other in faces if other is not track], rules)
        for line, track in zip(read, faces, strict=True)
    ]


def _in_window(line: Line, track: Track) -> NDArray[np.bool_]:
    start, end = window(line)
    at = track.steps[:, 0]
    inside: NDArray[np.bool_] = (at >= start) & (at < end)
    return inside


def _in_region(line: Line, track: Track) -> NDArray[np.bool_]:
    return _region_holds(line, _centres(track))


def _region_holds(line: Line, centres: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(n,) for (n, 2) places in fractions of the picture."""
    if line.region is None:
        return np.ones(len(centres), np.bool_)
    x0, y0, x1, y1 = line.region
    # the far edge belongs to a region only where the picture ends
    x1, y1 = (np.inf if x1 >= 1 else x1), (np.inf if y1 >= 1 else y1)
    x, y = centres.T
    inside: NDArray[np.bool_] = (x >= x0) & (x < x1) & (y >= y0) & (y < y1)
    return inside


def _centres(track: Track) -> NDArray[np.float64]:
    """(n, 2), fractions of the picture."""
    steps = track.steps
    return np.stack([(steps[:, 1] + steps[:, 3]) / 2, (steps[:, 2] + steps[:, 4]) / 2], 1) / steps[:, 5:7]


def _sides(track: Track) -> NDArray[np.float64]:
    steps = track.steps
    return np.minimum(steps[:, 3] - steps[:, 1], steps[:, 4] - steps[:, 2])


def _crowded(track: Track, other: Track, rules: BindingRules) -> bool:
    """True if their boxes ever overlap by more than the rule allows, at the same time."""
    _, mine, theirs = np.intersect1d(track.steps[:, 0], other.steps[:, 0], return_indices=True)
    if mine.size == 0:
        return False
    a, b = track.steps[mine, 1:5], other.steps[theirs, 1:5]
    shared = np.clip(np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2]), 0, None).prod(1)
    total = (a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - shared
    return bool((shared > rules.near_factor * np.maximum(total, 1e-9)).any())
