"""Tracks faces by position inside one shot, without a look at their appearance.

A wrong link would join two people under one roster line, so a link is made only where no other is
plausible; a track that ends too early only splits, and a split refuses.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from habeas.faces.alignment import footprint
from habeas.faces.boxes import overlaps
from habeas.faces.values import Detection, Sighting, Steps, Track, least_inside
from habeas.media.values import Frame
from habeas.model.installation.limits import FaceRules

Ends = Callable[[int, int, float, float], bool]
"""(ms of one sighting, ms of the next, x, y in fractions of the picture) -> must a track there end between?"""

REACH, REACH_PER_S = 0.5, 1.5
"""How far a face's centre may move, in face sizes: at once, and for each second since it was seen."""
SIZE_RATIO = 1.8
"""Largest ratio of the sizes of two detections of one face."""
UNSEEN_MS, SLACK = 1200, 1.2
"""Longest time (ms) in which a track stays open unseen, or this many times the gap between two frames, if longer."""
CLEAR = 0.25
"""A second link this close to the best one makes both doubtful; scores go from 0 to 2."""


@dataclass(slots=True)
class _Open:
    """A track that may go on."""

    shot: int
    path: array[float] = field(default_factory=lambda: array("d"))
    kept: list[Sighting] = field(default_factory=list)
    certain: bool = False
    score: float = 0  # the best one, as a share of the detection threshold
    box: tuple[float, float, float, float] = (0, 0, 0, 0)
    speed: tuple[float, float] = (0, 0)  # pixels a millisecond
    at_ms: int = 0
    frame_size: tuple[int, int] = (1, 1)  # width, height


class Tracker:
    """Links the detections of frames, given in time order, into tracks.

    Of a track at most `rules.kept_sightings` pictures are held, none of a candidate, and none of an ended
    track that isn't `wanted`; `ended` is told of each track behind that.

    `threshold`: score from which a detection is a face; below it is a candidate.
    `ends`: where the edges of the roster's windows end a track, so that none is half in one.
    `max_gap_ms`: longest time between two looks.
    """

    def __init__(
        self,
        rules: FaceRules,
        threshold: float,
        ends: Ends = lambda before, now, x, y: False,
        max_gap_ms: int = 1000,
        wanted: Callable[[Track], bool] = lambda track: True,
        ended: Callable[[Track], None] = lambda track: None,
    ) -> None:
        self._rules, self._threshold, self._ends = rules, threshold, ends
        self._max_gap_ms, self._looked_ms = max_gap_ms * SLACK, 0
        self._wanted, self._ended = wanted, ended
        self._open: list[_Open] = []
        self._done: list[Track] = []

    def unsure(self, frame: Frame, detections: Sequence[Detection]) -> bool:
        """True if a wanted track would end at this frame although a face is in its reach. Changes nothing."""
        going = [track for track in self._open if self._goes_on(track, frame)]
        scores = self._scores(going, frame, detections)
        linked = set(_links(scores).values())
        ends = [t for row, t in enumerate(going) if row not in linked and (scores[row] > 0).any()]
        return any(self._wanted(_as_track(track)) for track in ends)

    def add(self, frame: Frame, detections: Sequence[Detection]) -> None:
        """Take the next frame and its detections: extend, start and end tracks. Frames must come in time order."""
        going = [track for track in self._open if self._goes_on(track, frame)]
        self._done += [self._closed(track) for track in self._open if not self._goes_on(track, frame)]
        scores = self._scores(going, frame, detections)
        links = _links(scores)
        here = [going[links[i]] if i in links else _Open(frame.shot) for i in range(len(detections))]
        # a track goes on unseen only if nothing that was seen could have been its face
        unseen = [
            t for row, t in enumerate(going) if row not in links.values() and not (scores[row] > 0).any()
        ]
        over = [t for row, t in enumerate(going) if row not in links.values() and (scores[row] > 0).any()]
        self._done += [self._closed(track) for track in over]
        for track, detection in zip(here, detections, strict=True):
            self._see(track, frame, detection)
        self._open, self._looked_ms = unseen + here, frame.at_ms

    def finish(self) -> tuple[Track, ...]:
        """Every track, by start, then place. The tracker is empty afterwards."""
        done = [*self._done, *(self._closed(track) for track in self._open)]
        self._open, self._done = [], []
        return tuple(sorted(done, key=lambda track: tuple(track.steps[0])))

    def _goes_on(self, track: _Open, frame: Frame) -> bool:
        """True if the track may still be extended at this frame.

        The longest gap is short where frames lie close together: a face that was unseen for long could be anywhere,
        and would make every other face there doubtful.
        """
        patience = max(UNSEEN_MS, SLACK * (frame.at_ms - self._looked_ms))
        unseen = frame.at_ms - track.at_ms
        return track.shot == frame.shot and unseen <= min(patience, self._max_gap_ms)

    def _scores(
        self, going: Sequence[_Open], frame: Frame, detections: Sequence[Detection]
    ) -> NDArray[np.float64]:
        """(tracks, detections), 0 = out of reach."""
        scores = np.array([[self._score(track, one, frame) for one in detections] for track in going])
        return scores.reshape(len(going), len(detections))

    def _score(self, track: _Open, detection: Detection, frame: Frame) -> float:
        height, width = frame.image.shape[:2]
        places = (_centre(track.box), track.frame_size), (detection.centre, (width, height))
        if any(self._ends(track.at_ms, frame.at_ms, x / w, y / h) for (x, y), (w, h) in places):
            return 0.0
        return _nearness(track, detection, frame.at_ms)

    def _see(self, track: _Open, frame: Frame, detection: Detection) -> None:
        height, width = frame.image.shape[:2]
        if track.path and frame.at_ms > track.at_ms:
            old, passed = _centre(track.box), frame.at_ms - track.at_ms
            new = detection.centre
            track.speed = ((new[0] - old[0]) / passed, (new[1] - old[1]) / passed)
        track.box, track.at_ms, track.frame_size = detection.box, frame.at_ms, (width, height)
        inside = least_inside(detection.landmarks, width, height)
        track.path.extend((frame.at_ms, *detection.box, width, height, inside))
        track.score = max(track.score, detection.score / self._threshold)
        if detection.score >= self._threshold:
            track.certain = True
            track.kept.append(_sighting(frame, detection))
            _thin(track.kept, self._rules.kept_sightings)

    def _closed(self, track: _Open) -> Track:
        closed = _as_track(track)
        kept = closed if self._wanted(closed) else replace(closed, sightings=())
        self._ended(closed)
        return kept


def _as_track(track: _Open) -> Track:
    path: Steps = np.array(track.path, np.float64).reshape(-1, 8)
    return Track(tuple(track.kept), track.shot, not track.certain, path, track.score)


def _sighting(frame: Frame, detection: Detection) -> Sighting:
    """A copy of just the pixels alignment will read, so that the frame can go."""
    height, width = frame.image.shape[:2]
    x0, y0, x1, y1 = footprint(detection.landmarks, width, height) or (0, 0, 1, 1)
    crop = frame.image[y0:y1, x0:x1].copy()
    return Sighting(frame.at_ms, detection, width, height, crop, (x0, y0))


def _thin(kept: list[Sighting], most: int) -> None:
    """Drops the smaller of the two sightings nearest in time: what stays is large and spread."""
    while len(kept) > max(1, most):
        gaps = [later.at_ms - sooner.at_ms for sooner, later in pairwise(kept)]
        near = gaps.index(min(gaps))
        smaller = near if kept[near].detection.size < kept[near + 1].detection.size else near + 1
        del kept[smaller]


def _links(scores: NDArray[np.float64]) -> dict[int, int]:
    """Detection -> track it goes on; `scores` is (tracks, detections), 0 = out of reach.

    Best first, none where a second choice is nearly as good. Then a link is undone if it leaves a track or a
    detection alone that had it in reach: one person may have been hidden by another, or have taken their place.
    """
    links: dict[int, int] = {}
    if not scores.size:
        return links
    for flat in np.argsort(-scores, axis=None, kind="stable"):
        row, column = divmod(int(flat), scores.shape[1])
        best = scores[row, column]
        if best <= 0:
            break
        if column in links or row in links.values():
            continue
        rivals = np.concatenate([np.delete(scores[row], column), np.delete(scores[:, column], row)])
        if not rivals.size or rivals.max() <= best - CLEAR:
            links[column] = row
    while doubtful := [column for column, row in links.items() if _leaves_alone(scores, links, row, column)]:
        for column in doubtful:
            del links[column]
    return links


def _leaves_alone(scores: NDArray[np.float64], links: dict[int, int], row: int, column: int) -> bool:
    tracks = set(np.flatnonzero(scores[:, column] > 0).tolist()) - set(links.values())
    detections = set(np.flatnonzero(scores[row] > 0).tolist()) - set(links)
    return bool(tracks or detections)


def _nearness(track: _Open, detection: Detection, at_ms: int) -> float:
    """Overlap plus nearness to where the track should be by now; 0 = out of reach."""
    size = min(track.box[2] - track.box[0], track.box[3] - track.box[1])
    if size <= 0 or detection.size <= 0:
        return 0.0
    if max(size, detection.size) / min(size, detection.size) > SIZE_RATIO:
        return 0.0
    passed = at_ms - track.at_ms
    reach = max(size, detection.size) * (REACH + REACH_PER_S * passed / 1000)
    last, new = _centre(track.box), detection.centre
    awaited = (last[0] + track.speed[0] * passed, last[1] + track.speed[1] * passed)
    away = min(np.hypot(new[0] - p[0], new[1] - p[1]) for p in (last, awaited))
    return 0.0 if away > reach else _overlap(track.box, detection.box) + 1 - float(away / reach)


def _centre(box: tuple[float, float, float, float]) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _overlap(one: Sequence[float], other: Sequence[float]) -> float:
    return float(overlaps(np.array([one], np.float64), np.array([other], np.float64))[0, 0])
