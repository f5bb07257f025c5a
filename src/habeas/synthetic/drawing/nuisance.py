"""What changes from picture to picture and says nothing about who is in it.

Every group is drawn on its own, so that none of them can be guessed from another or from the person.
Angles are radians, lengths face units (see `people`) unless a field says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np


@dataclass(frozen=True, slots=True)
class Pose:
    """Yaw > 0 turns the nose to the right of the picture, pitch > 0 down, roll > 0 clockwise."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0


@dataclass(frozen=True, slots=True)
class Light:
    """`slope` (x, y) is how much brighter than its middle the face is at its edge on that side."""

    slope_x: float = 0.0
    slope_y: float = -0.1
    level: float = 1.0
    gamma: float = 1.0
    cast_red: float = 1.0
    cast_blue: float = 1.0


@dataclass(frozen=True, slots=True)
class Expression:
    """`smile` and `brows` from -1 to 1, the others from 0 to 1; gaze in units of the eye's half width."""

    smile: float = 0.0
    mouth_open: float = 0.0
    brows: float = 0.0
    eyes_shut: float = 0.0
    gaze_x: float = 0.0
    gaze_y: float = 0.0


@dataclass(frozen=True, slots=True)
class Glasses:
    """`dark` is 0 for clear lenses; `width`, `height`, `rounded`, `rim` shape the frame."""

    width: float = 0.24
    height: float = 0.17
    rounded: float = 0.5
    rim: float = 0.02
    dark: float = 0.0
    colour: tuple[int, int, int] = (30, 30, 30)


@dataclass(frozen=True, slots=True)
class Occlusion:
    """Something in front of the face, reaching `reach` inwards from the edge seen at `angle`."""

    angle: float = 0.0
    reach: float = 0.3
    width: float = 0.5
    colour: tuple[int, int, int] = (90, 90, 90)


@dataclass(frozen=True, slots=True)
class Camera:
    """Applied to whole pictures. `blur` and `noise` in pixels and grey levels, `jpeg` quality 1..100."""

    blur: float = 0.0
    motion: float = 0.0
    motion_angle: float = 0.0
    noise: float = 0.0
    jpeg: int = 92


@dataclass(frozen=True, slots=True)
class Nuisance:
    """All of it for one face in one picture."""

    pose: Pose = field(default_factory=Pose)
    light: Light = field(default_factory=Light)
    expression: Expression = field(default_factory=Expression)
    glasses: Glasses | None = None
    occlusion: Occlusion | None = None
    clothes: tuple[int, int, int] = (110, 90, 80)


@dataclass(frozen=True, slots=True)
class Severity:
    """How far each group may go; 1 is what the pack is trained and measured for, 0 is a passport photo."""

    pose: float = 1.0
    light: float = 1.0
    expression: float = 1.0
    glasses: float = 1.0
    occlusion: float = 1.0
    camera: float = 1.0


FULL = Severity()
MILD = Severity(pose=0.5, light=0.6, expression=0.7, glasses=0.6, occlusion=0.0, camera=0.5)


def _spread(rng: np.random.Generator, sigma: float, limit: float) -> float:
    return float(np.clip(rng.normal(0.0, sigma), -limit, limit)) if sigma > 0 else 0.0


def draw_pose(rng: np.random.Generator, severity: float = 1.0) -> Pose:
    """Yaw within 0.66 rad (38 degrees), pitch within 0.35 (20), roll within 0.5 (29)."""
    return Pose(
        yaw=_spread(rng, 0.26 * severity, 0.66),
        pitch=_spread(rng, 0.13 * severity, 0.35),
        roll=_spread(rng, 0.15 * severity, 0.5),
    )


def draw_light(rng: np.random.Generator, severity: float = 1.0) -> Light:
    """Side light, level, gamma and white balance, each on its own."""
    angle, strength = rng.uniform(0, 2 * np.pi), abs(_spread(rng, 0.22, 0.5)) * severity
    return Light(
        slope_x=float(np.cos(angle) * strength),
        slope_y=float(np.sin(angle) * strength),
        level=float(np.exp(rng.uniform(-0.42, 0.30) * severity)),
        gamma=float(np.exp(rng.uniform(-0.30, 0.30) * severity)),
        cast_red=float(np.exp(rng.uniform(-0.20, 0.20) * severity)),
        cast_blue=float(np.exp(rng.uniform(-0.26, 0.26) * severity)),
    )


def draw_expression(rng: np.random.Generator, severity: float = 1.0) -> Expression:
    """Half of all faces are nearly neutral; a few have their mouth open or their eyes shut."""
    strength = severity * (0.35 if rng.random() < 0.5 else 1.0)
    return Expression(
        smile=float(rng.uniform(-0.5, 1.0)) * strength,
        mouth_open=float(rng.uniform(0.1, 0.9)) * severity if rng.random() < 0.25 else 0.0,
        brows=float(rng.uniform(-0.7, 1.0)) * strength,
        eyes_shut=float(rng.uniform(0.5, 1.0)) * severity if rng.random() < 0.08 else 0.0,
        gaze_x=float(rng.uniform(-0.4, 0.4)) * severity,
        gaze_y=float(rng.uniform(-0.2, 0.2)) * severity,
    )


def draw_colour(rng: np.random.Generator, low: int = 20, high: int = 235) -> tuple[int, int, int]:
    """Any colour (blue, green, red); half of the time a muted one."""
    bgr = rng.uniform(low, high, 3)
    if rng.random() < 0.5:
        bgr = bgr.mean() + (bgr - bgr.mean()) * 0.3
    return int(bgr[0]), int(bgr[1]), int(bgr[2])


def draw_glasses(rng: np.random.Generator, severity: float = 1.0) -> Glasses | None:
    """One face in four wears some, one in forty dark ones; which ones has nothing to do with the person."""
    kind = rng.random()
    glasses = Glasses(
        width=float(rng.uniform(0.20, 0.29)),
        height=float(rng.uniform(0.11, 0.21)),
        rounded=float(rng.uniform(0.1, 1.0)),
        rim=float(rng.uniform(0.008, 0.035)),
        dark=float(rng.uniform(0.4, 0.85)) if rng.random() < 0.1 else 0.0,
        colour=draw_colour(rng, 10, 120),
    )
    return glasses if kind < 0.25 * severity else None


def draw_occlusion(rng: np.random.Generator, severity: float = 1.0) -> Occlusion | None:
    """One face in six is partly hidden: a hand, a cup, a collar, another person's shoulder."""
    kind = rng.random()
    occlusion = Occlusion(
        angle=float(rng.uniform(0, 2 * np.pi)),
        reach=float(rng.uniform(0.12, 0.50)),
        width=float(rng.uniform(0.2, 0.7)),
        colour=draw_colour(rng),
    )
    return occlusion if kind < 0.17 * severity else None


def draw_camera(rng: np.random.Generator, severity: float = 1.0) -> Camera:
    """Blur, motion blur, sensor noise and compression, for a whole picture."""
    return Camera(
        blur=float(rng.uniform(0.3, 1.4)) * severity if rng.random() < 0.45 else 0.0,
        motion=float(rng.uniform(1.5, 5.0)) * severity if rng.random() < 0.12 else 0.0,
        motion_angle=float(rng.uniform(0, np.pi)),
        noise=float(rng.uniform(1.0, 9.0)) * severity if rng.random() < 0.6 else 0.0,
        jpeg=round(98 - severity * rng.uniform(4, 58)),
    )


def draw_nuisance(rng: np.random.Generator, severity: Severity = FULL) -> Nuisance:
    """One face's share of it all. Each group gets a generator of its own, so none depends on another."""
    pose, light, expression, glasses, occlusion, clothes = rng.spawn(6)
    return Nuisance(
        pose=draw_pose(pose, severity.pose),
        light=draw_light(light, severity.light),
        expression=draw_expression(expression, severity.expression),
        glasses=draw_glasses(glasses, severity.glasses),
        occlusion=draw_occlusion(occlusion, severity.occlusion),
        clothes=draw_colour(clothes),
    )


def turned(nuisance: Nuisance, pose: Pose, expression: Expression | None = None) -> Nuisance:
    """The same picture conditions with another pose: the next frame of a clip."""
    return replace(nuisance, pose=pose, expression=expression or nuisance.expression)
