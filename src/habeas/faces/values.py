"""Values of faces: frames, detections, tracks, reasons. They exist in memory only."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from habeas.media.values import Image

Steps = NDArray[np.float64]
"""(n, 8), in time order: at_ms, box x0 y0 x1 y1 in pixels, frame width and height, and how far inside the picture the
landmark nearest to its border lies, in pixels (negative = outside)."""


def least_inside(landmarks: NDArray[np.float32], width: int, height: int) -> float:
    """Distance in pixels from the landmark nearest to the border to that border; negative if one lies outside.

    `landmarks`: (5, 2) x, y in pixels; `width`, `height`: of the picture.
    """
    points = np.asarray(landmarks, np.float64)
    return float(min(points.min(), (np.array([width, height]) - points).min()))


@dataclass(frozen=True, slots=True)
class Detection:
    """A detector's box in pixels (x0, y0, x1, y1), five landmarks (5, 2), and its score in 0..1."""

    box: tuple[float, float, float, float]
    landmarks: NDArray[np.float32] = field(repr=False)
    score: float = field(repr=False)

    @property
    def size(self) -> float:
        """Shorter side in pixels."""
        return min(self.box[2] - self.box[0], self.box[3] - self.box[1])

    @property
    def centre(self) -> tuple[float, float]:
        """Centre (x, y) of the box, in pixels."""
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2


@dataclass(frozen=True, slots=True)
class Sighting:
    """One detection in one frame, with as much of the picture as alignment needs.

    `crop` is a copy of the picture around the box, `offset` its (x, y) corner in the frame.
    """

    at_ms: int
    detection: Detection
    frame_width: int
    frame_height: int
    crop: Image = field(repr=False)
    offset: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Track:
    """The same face followed by position inside one shot. A photo's face is a track of one sighting.

    `candidate` is True when no sighting reached the detection threshold: it can't be bound,
    but it may make a binding ambiguous. `score` is its best one, as a share of that threshold.
    `sightings` are the pictures kept, at most a few, none of a candidate;
    `path` is every place it was seen.
    """

    sightings: tuple[Sighting, ...]
    shot: int = 0
    candidate: bool = False
    path: Steps | None = field(default=None, repr=False, compare=False)
    score: float = field(default=1.0, repr=False, compare=False)

    @property
    def steps(self) -> Steps:
        """(n, 8) path of the face, see `Steps`, also where the sighting itself wasn't kept."""
        if self.path is not None:
            return self.path
        return np.array(
            [
                [s.at_ms, *s.detection.box, s.frame_width, s.frame_height,
                 least_inside(s.detection.landmarks, s.frame_width, s.frame_height)]
                for s in self.sightings
            ]
        )  # fmt: skip

    @property
    def from_ms(self) -> int:
        """Time of the first sighting, in milliseconds."""
        return int(self.steps[0, 0])

    @property
    def to_ms(self) -> int:
        """Time of the last sighting, in milliseconds."""
        return int(self.steps[-1, 0])


class BindingReason:
    """Why a face was not bound (closed list; the words stand in `refusals`)."""

    UNBOUND = "unbound"  # no roster line is about this face
    AMBIGUOUS = "ambiguous"  # more than one face, line or candidate: the person can't be told
    CUT = "cut_by_border"
    CROWDED = "too_near_another"
    NOT_ALLOWED = "not_allowed"  # bound, and the person's decision is deny or gap
    QUALITY = "low_quality"
    ERASED = "placeholder"  # the line is an anonymous placeholder
