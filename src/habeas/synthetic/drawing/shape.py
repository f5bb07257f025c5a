"""The head in three dimensions and on the picture.

A head is a stack of ellipses: at each height y it has a half width, a half depth and a centre. That makes the
outline under yaw exact, and puts eyes, nose and mouth on a surface that turns as one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from habeas.synthetic.drawing.nuisance import Pose
from habeas.synthetic.drawing.people import Person

Points = NDArray[np.float64]
_FOCUS = 7.0  # distance of the camera in face units: near parts are drawn a little larger


def rounded(points: Points, closed: bool = False, times: int = 2) -> Points:
    """Corners cut off `times` times (Chaikin); shape (n, k) in, (about n * 2**times, k) out."""
    for _ in range(times):
        follow = np.roll(points, -1, axis=0) if closed else points[1:]
        before = points if closed else points[:-1]
        cut = np.empty((2 * len(before), points.shape[1]))
        cut[0::2] = 0.75 * before + 0.25 * follow
        cut[1::2] = 0.25 * before + 0.75 * follow
        points = cut if closed else np.concatenate([points[:1], cut, points[-1:]])
    return points


@dataclass(frozen=True, slots=True)
class Head:
    """Half widths and centres of the ellipses at rising heights `y`, all of shape (m,)."""

    person: Person
    y: Points
    width: Points
    depth: Points
    centre: Points

    @classmethod
    def of(cls, person: Person) -> Head:
        """The head of a person, without hair."""
        p = person
        corners = np.array(
            [
                (0.0, -p.crown),
                (0.40 * p.temple_w, -p.crown),
                (0.86 * p.temple_w, -0.92 * p.crown),
                (1.07 * p.temple_w, -0.60),
                (p.temple_w, -0.30),
                (p.cheek_w, p.cheek_y),
                (p.jaw_w, p.jaw_y),
                (p.chin_w + 0.10, p.chin_y - 0.10),
                (p.chin_w, p.chin_y),
                (0.0, p.chin_y),
            ]
        )
        outline = rounded(corners)
        width, y = outline[:, 0], np.maximum.accumulate(outline[:, 1])
        down = np.clip((y - 0.3) / 0.6, 0.0, 1.0)
        top = np.clip((-0.5 - y) / 0.8, 0.0, 1.0)
        depth = p.depth * (0.35 * width + 0.55 * np.sqrt(np.maximum(width, 0.0)))
        return cls(person, y, width, depth, p.chin_out * down**2 - 0.15 * top**2)

    def front_z(self, x: Points, y: Points) -> Points:
        """How far towards the camera the front surface is at (x, y); all of shape (n,)."""
        width = np.maximum(np.interp(y, self.y, self.width), 0.05)
        inside = np.sqrt(np.maximum(1.0 - (x / width) ** 2, 0.0))
        surface: Points = np.interp(y, self.y, self.centre) + np.interp(y, self.y, self.depth) * inside
        return surface


@dataclass(frozen=True, slots=True)
class View:
    """Where a head stands on a picture: pixels of one face unit, of its origin, and its pose."""

    pose: Pose
    unit: float
    x: float
    y: float

    def project(self, x: Points, y: Points, z: Points | float) -> Points:
        """Points in face units to pixels: yaw, pitch, perspective, roll; shapes (n,) in, (n, 2) out."""
        cy, sy = math.cos(self.pose.yaw), math.sin(self.pose.yaw)
        return self._pitched(x * cy + z * sy, y, z * cy - x * sy)

    def _pitched(self, x: Points, y: Points, z: Points) -> Points:
        cp, sp = math.cos(self.pose.pitch), math.sin(self.pose.pitch)
        c, s = math.cos(self.pose.roll), math.sin(self.pose.roll)
        near = (_FOCUS * self.unit) / (_FOCUS - (z * cp - y * sp))
        x, y = x * near, (y * cp + z * sp) * near
        flat = np.empty((len(x), 2))
        flat[:, 0] = x * c - y * s + self.x
        flat[:, 1] = x * s + y * c + self.y
        return flat

    def silhouette(
        self, head: Head, side: float = 0.0, top: float = 0.0, wave: Points | None = None
    ) -> Points:
        """The outline of the head from crown to chin on the left and back up on the right, in pixels.

        `side` and `top` make it larger (hair); `wave`, shape (m,), adds to the width at each height.
        Shape (2 m, 2).
        """
        width, depth = head.width + side, head.depth + side
        if wave is not None:
            width = width + wave
        cy, sy = np.cos(self.pose.yaw), np.sin(self.pose.yaw)
        half, shift = np.hypot(width * cy, depth * sy), head.centre * sy
        y = head.y - top * np.clip((-0.2 - head.y) / 0.9, 0.0, 1.0)
        x, z = np.concatenate([shift - half, (shift + half)[::-1]]), head.centre * cy
        return self._pitched(x, np.concatenate([y, y[::-1]]), np.concatenate([z, z[::-1]]))
