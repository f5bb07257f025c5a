"""One person, drawn on a transparent patch, with the truth about where the face is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from habeas.synthetic.drawing import features, hair, palette
from habeas.synthetic.drawing.canvas import Canvas
from habeas.synthetic.drawing.features import Brush
from habeas.synthetic.drawing.nuisance import Nuisance
from habeas.synthetic.drawing.people import Person
from habeas.synthetic.drawing.shape import Head, Points, View

# Small faces are drawn larger and shrunk, as a lens would: a face is never drawn under this height.
_FINEST = 88.0
_TOP = -0.80  # the face box starts here, a little above the brows' highest place, and ends at the chin
_LEFT, _UP, _DOWN = 1.45, 1.75, 2.3  # what the patch shows around the face's origin, in face units


@dataclass(frozen=True, slots=True)
class Patch:
    """`pixels` (h, w, 4) premultiplied BGRA uint8; the rest in pixels of that patch, float64.

    `box` is left, top, right, bottom of the bare face from above the brows to the chin, without ears and
    hair; `landmarks` (5, 2); `origin` (2,) is the middle of the head.
    """

    pixels: NDArray[np.uint8]
    box: Points
    landmarks: Points
    origin: Points


def face_unit(size: float) -> float:
    """Pixels of one face unit for a face whose box is about `size` pixels high when seen from the front."""
    return size / 1.82


def draw_patch(person: Person, nuisance: Nuisance, size: float, faceless: bool = False) -> Patch:
    """Draw one person with a face about `size` pixels high; `faceless` leaves all features out."""
    factor = max(1, int(np.ceil(_FINEST / size)))
    unit = face_unit(size) * factor
    reach = np.hypot(nuisance.pose.roll, 0) * 0.6
    width = int(np.ceil(2 * (_LEFT + reach) * unit / factor)) * factor
    height = int(np.ceil((_UP + _DOWN + 0.5 * reach) * unit / factor)) * factor
    view = View(nuisance.pose, unit, width / 2, height * (_UP + 0.25 * reach) / (_UP + _DOWN + 0.5 * reach))
    brush = Brush(person, Head.of(person), nuisance.expression, view, Canvas(width, height))
    _paint(brush, nuisance, faceless)
    shift = (factor - 1) / 2.0
    outline = _outline(brush)
    box = np.concatenate([outline.min(axis=0), outline.max(axis=0)])
    return Patch(
        pixels=brush.canvas.shrunk(factor),
        box=(box - shift) / factor,
        landmarks=(features.landmarks(brush) - shift) / factor,
        origin=(np.array([view.x, view.y]) - shift) / factor,
    )


def _outline(brush: Brush) -> Points:
    head = brush.head
    keep = head.y >= _TOP
    bare: Points = brush.view.silhouette(head)[np.concatenate([keep, keep[::-1]])]
    return bare


def _paint(brush: Brush, nuisance: Nuisance, faceless: bool) -> None:
    canvas, view, light = brush.canvas, brush.view, nuisance.light
    hair.behind(brush)
    _body(brush, nuisance.clothes)
    _ears(brush)
    canvas.fill(view.silhouette(brush.head), palette.skin(brush.person))
    if not faceless:
        features.shadows(brush)
        features.marks(brush)
        hair.beard(brush)
        canvas.shade(view.unit * 0.045)
        features.nose(brush)
        features.mouth(brush)
        features.eyes(brush)
        features.brows(brush)
    hair.front(brush)
    if nuisance.glasses and not faceless:
        hair.spectacles(brush, nuisance.glasses)
    if nuisance.occlusion:
        hair.occluder(brush, nuisance.occlusion)
    canvas.light((view.x, view.y), view.unit, light.slope_x, light.slope_y)


def _body(brush: Brush, clothes: tuple[int, int, int]) -> None:
    """Neck and shoulders; they turn and lean less than the head does."""
    p, canvas, view = brush.person, brush.canvas, brush.view
    c, s = np.cos(view.pose.roll * 0.5), np.sin(view.pose.roll * 0.5)
    turn = np.array([[c, s], [-s, c]])
    neck = np.array(
        [(-p.jaw_w * 0.8, 0.45), (p.jaw_w * 0.8, 0.45), (p.jaw_w * 0.85, 1.6), (-p.jaw_w * 0.85, 1.6)]
    )
    canvas.fill(neck @ turn * view.unit + (view.x, view.y), palette.darker(palette.skin(p), 0.78))
    chest = np.array(
        [(-0.55, 1.32), (0.0, 1.50), (0.55, 1.32), (1.35, 1.55), (1.6, 2.6), (-1.6, 2.6), (-1.35, 1.55)]
    )
    canvas.fill(
        chest @ turn * view.unit + (view.x, view.y), (float(clothes[0]), float(clothes[1]), float(clothes[2]))
    )


def _ears(brush: Brush) -> None:
    p, view = brush.person, brush.view
    turn = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    width = float(np.interp(p.ear_y, brush.head.y, brush.head.width))
    for side in (-1.0, 1.0):
        x = side * (width + p.ear_out * 0.4 + 0.5 * p.ear_out * np.cos(turn))
        y = p.ear_y + p.ear_size * np.sin(turn)
        brush.canvas.fill(view.project(x, y, -0.12), palette.darker(palette.skin(p), 0.86))
