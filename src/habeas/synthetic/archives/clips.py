"""Moving pictures: people who sit, walk, enter and leave, filmed into H.264."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from habeas.synthetic.drawing.backgrounds import draw_background
from habeas.synthetic.drawing.nuisance import (
    MILD,
    Camera,
    Expression,
    Light,
    Nuisance,
    Pose,
    Severity,
    draw_light,
    draw_nuisance,
)
from habeas.synthetic.drawing.people import Person
from habeas.synthetic.drawing.scenes import FaceLabel, Placement, draw_scene

Pixels = NDArray[np.uint8]
_BT601 = 5


@dataclass(frozen=True, slots=True)
class Waypoint:
    """Where the middle of a face is at a time: pixels, and the face's height in pixels."""

    ms: int
    x: float
    y: float
    size: float


@dataclass(frozen=True, slots=True)
class Actor:
    """A person in a clip, from `from_ms` (included) to `to_ms` (excluded), going from waypoint to waypoint."""

    person: Person
    path: tuple[Waypoint, ...]
    from_ms: int
    to_ms: int

    @classmethod
    def seated(cls, person: Person, x: float, y: float, size: float, from_ms: int, to_ms: int) -> Actor:
        """A person who stays in one place."""
        return cls(person, (Waypoint(from_ms, x, y, size),), from_ms, to_ms)

    def at(self, ms: int) -> Waypoint:
        """The place at a time, straight between waypoints."""
        times = [point.ms for point in self.path]
        x, y, size = (
            float(np.interp(ms, times, [getattr(point, name) for point in self.path]))
            for name in ("x", "y", "size")
        )
        return Waypoint(ms, x, y, size)


@dataclass(frozen=True, slots=True)
class ClipFrame:
    """The truth about one frame: its time and its faces."""

    ms: int
    faces: tuple[FaceLabel, ...]


@dataclass(frozen=True, slots=True)
class _Manner:
    """How one actor moves the head in one clip: a base and slow waves, each with its own pace and phase."""

    base: Nuisance
    pace: NDArray[np.float64]
    phase: NDArray[np.float64]
    reach: NDArray[np.float64]

    @classmethod
    def draw(cls, rng: np.random.Generator, severity: Severity) -> _Manner:
        base = replace(draw_nuisance(rng, severity), occlusion=None)
        reach = rng.uniform(0.3, 1.0, 6) * (0.12, 0.06, 0.05, 0.5, 0.25, 0.3) * severity.pose
        return cls(base, rng.uniform(0.15, 0.55, 6), rng.uniform(0, 2 * np.pi, 6), reach)

    def at(self, ms: int) -> Nuisance:
        turn = self.reach * np.sin(2 * np.pi * self.pace * ms / 1000.0 + self.phase)
        pose, mood = self.base.pose, self.base.expression
        return replace(
            self.base,
            pose=Pose(pose.yaw + float(turn[0]), pose.pitch + float(turn[1]), pose.roll + float(turn[2])),
            expression=Expression(
                smile=float(np.clip(mood.smile + turn[3], -1, 1)),
                mouth_open=float(max(0.0, turn[4])),
                brows=float(np.clip(mood.brows + turn[5], -1, 1)),
                gaze_x=mood.gaze_x,
                gaze_y=mood.gaze_y,
            ),
        )


def draw_clip_frames(
    actors: Sequence[Actor],
    duration_ms: int,
    fps: int,
    size: tuple[int, int],
    rng: np.random.Generator,
    *,
    cuts_ms: Sequence[int] = (),
    severity: Severity = MILD,
) -> list[tuple[Pixels, ClipFrame]]:
    """All frames of a clip, BGR uint8 (height, width, 3), with their truth.

    At each of `cuts_ms` another shot begins: another background and another light. Who is in a shot is up to
    the actors' times. Frame k is at round(1000 * k / fps) milliseconds.
    """
    shots = [rng.spawn(1)[0] for _ in range(len(cuts_ms) + 1)]
    looks: list[tuple[Pixels, Light]] = [
        (draw_background(shot, size[0], size[1], busy=0.5), draw_light(shot, severity.light))
        for shot in shots
    ]
    manners = [_Manner.draw(rng, severity) for _ in actors]
    camera = Camera(blur=float(rng.uniform(0.0, 0.7)), noise=float(rng.uniform(0.5, 3.0)))
    frames = []
    for number in range(round(duration_ms * fps / 1000)):
        ms = round(1000 * number / fps)
        background, light = looks[int(np.searchsorted(sorted(cuts_ms), ms, side="right"))]
        there = [(a, m) for a, m in zip(actors, manners, strict=True) if a.from_ms <= ms < a.to_ms]
        placements = []
        for actor, manner in there:
            place = actor.at(ms)
            placements.append(Placement(actor.person, place.x, place.y, place.size, manner.at(ms)))
        scene = draw_scene(placements, size, rng, background=background, light=light, camera=camera)
        frames.append((scene.image, ClipFrame(ms, scene.faces)))
    return frames


def write_clip(
    path: Path,
    actors: Sequence[Actor],
    duration_ms: int,
    fps: int,
    size: tuple[int, int],
    rng: np.random.Generator,
    *,
    gop: int = 12,
    crf: int = 23,
    cuts_ms: Sequence[int] = (),
    severity: Severity = MILD,
) -> list[ClipFrame]:
    """Film a clip into an .mp4 file (H.264, yuv420p, even `size`) and tell the truth about each frame.

    One encoder thread and bit-exact flags: the same call writes the same bytes with the same libraries.
    """
    frames = draw_clip_frames(actors, duration_ms, fps, size, rng, cuts_ms=cuts_ms, severity=severity)
    with av.open(
        str(path), "w", format="mp4", options={"fflags": "+bitexact", "movflags": "+faststart"}
    ) as film:
        stream = film.add_stream("libx264", rate=fps)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, fps)
        stream.codec_context.colorspace = _BT601  # what the conversion below uses; else players guess by size
        stream.gop_size = gop
        stream.thread_count = 1
        stream.options = {
            "crf": str(crf),
            "preset": "fast",
            "flags": "+bitexact",
            "threads": "1",
            "x264-params": "mbtree=0",  # x264's macroblock tree reads unwritten memory: other bytes each time
        }
        for image, _ in frames:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
            film.mux(stream.encode(frame))
        film.mux(stream.encode())
    return [truth for _, truth in frames]
