"""Eyes, brows, nose, mouth and marks, painted on a head that has its skin already."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from habeas.synthetic.drawing import palette
from habeas.synthetic.drawing.canvas import Canvas
from habeas.synthetic.drawing.nuisance import Expression
from habeas.synthetic.drawing.people import Person
from habeas.synthetic.drawing.shape import Head, Points, View, rounded

_TURN = np.linspace(0.0, 2 * np.pi, 16, endpoint=False)
_COS, _SIN = np.cos(_TURN), np.sin(_TURN)


@dataclass(frozen=True, slots=True)
class Brush:
    """What every feature needs: whom to draw, in what mood, seen how, on which sheet."""

    person: Person
    head: Head
    mood: Expression
    view: View
    canvas: Canvas

    def on_face(self, x: Points, y: Points, out: float | Points = 0.0) -> Points:
        """Pixels of points on the face's surface; x and y of shape (n,)."""
        return self.view.project(x, y, self.head.front_z(x, y) + out)

    def oval(self, x: float, y: float, half_w: float, half_h: float, out: float = 0.0) -> Points:
        """Pixels of an ellipse on the face."""
        return self.on_face(x + half_w * _COS, y + half_h * _SIN, out)


def mouth_y(person: Person) -> float:
    """Height of the line between the lips."""
    return person.nose_y + person.mouth_gap


def landmarks(brush: Brush) -> Points:
    """Left eye, right eye, nose tip, left and right mouth corner as seen on the picture; pixels (5, 2)."""
    p, mood = brush.person, brush.mood
    corner_x, corner_y = _mouth_corner(p, mood)
    x = np.array([-p.eye_x, p.eye_x, p.nose_bend, -corner_x, corner_x])
    y = np.array([p.eye_y, p.eye_y, p.nose_y - 0.03, corner_y, corner_y])
    return brush.on_face(x, y, np.array([0.0, 0.0, p.nose_out, 0.0, 0.0]))


def shadows(brush: Brush) -> None:
    """The relief of the face: sockets, nose, cheekbones, folds, chin."""
    p, put = brush.person, brush.canvas.shadow
    for side in (-1.0, 1.0):
        put(brush.oval(side * p.eye_x, p.eye_y - 0.03, p.eye_w * 1.35, 0.12), 0.97 - 0.20 * p.socket)
        put(brush.oval(side * (p.eye_x - 0.02), p.eye_y + 0.115, p.eye_w * 0.85, 0.03), 1.0 - 0.28 * p.bag)
        cheek = side * np.array([0.44, 0.60, 0.56, 0.40])
        put(brush.on_face(cheek, p.cheek_y + np.array([0.16, 0.12, 0.34, 0.42])), 1.0 - 0.26 * p.cheekbone)
        put(brush.oval(side * 0.40, p.cheek_y + 0.02, 0.12, 0.09), 1.0 + 0.14 * p.cheekbone)
        edge = side * np.array([p.nose_w * 0.9, p.nose_w + 0.05, p.mouth_w + 0.07, p.mouth_w + 0.03])
        low = mouth_y(p)
        put(brush.on_face(edge, np.array([p.nose_y, p.nose_y, low, low + 0.04])), 1.0 - 0.32 * p.fold)
        flank = side * np.array([p.bridge_w, p.bridge_w + 0.06, p.nose_w + 0.02, p.nose_w * 0.6])
        rise = np.array([0.5, 0.1, 0.0, 0.4]) * p.nose_out
        put(
            brush.on_face(flank, np.array([p.eye_y, p.eye_y, p.nose_y, p.nose_y]), rise),
            1.0 - 0.24 * p.bridge_shade,
        )
    bridge = np.array([-1.0, 1.0, 1.0, -1.0]) * p.bridge_w * 0.6 + np.array([0, 0, 1, 1]) * p.nose_bend
    put(
        brush.on_face(
            bridge,
            np.array([p.eye_y, p.eye_y, p.nose_y - 0.06, p.nose_y - 0.06]),
            np.array([0.4, 0.4, 0.9, 0.9]) * p.nose_out,
        ),
        1.0 + 0.16 * p.bridge_shade,
    )
    put(brush.oval(0.0, mouth_y(p) + p.lip_low + 0.07, p.mouth_w * 0.5, 0.025), 0.80)
    put(brush.oval(0.0, p.chin_y - 0.12, p.chin_w * 0.5, 0.07), 1.08)
    if p.wrinkles:
        for height in (-0.56, -0.48, -0.40):
            put(brush.oval(0.0, height, 0.34, 0.012), 1.0 - 0.35 * p.wrinkles)


def eyes(brush: Brush) -> None:
    """Both eyes: white, iris, pupil, upper lid with its lashes, and the fold above."""
    p, mood, canvas, unit = brush.person, brush.mood, brush.canvas, brush.view.unit
    skin = palette.skin(p)
    opening = max(0.12, 1.0 - mood.eyes_shut) * (1.0 - 0.18 * max(mood.smile, 0.0) + 0.18 * mood.brows)
    height = p.eye_h * opening
    t = np.linspace(-1.0, 1.0, 9)
    bulge = 1.0 - np.abs(t) ** (1.5 + 1.5 * p.eye_round)
    for side in (-1.0, 1.0):
        x = side * p.eye_x + t * p.eye_w
        slant = -side * t * p.eye_w * p.eye_tilt
        upper, lower = p.eye_y + slant - bulge * height, p.eye_y + slant + bulge * height * 0.75
        lid = brush.on_face(x, upper)
        shape = np.concatenate([lid, brush.on_face(x[::-1], lower[::-1])])
        canvas.fill(shape, palette.mix((225.0, 228.0, 230.0), skin, 0.18))
        ix, iy = side * p.eye_x + mood.gaze_x * p.eye_w * 0.5, p.eye_y + mood.gaze_y * height
        tall = min(p.iris, height * 0.95)
        canvas.fill(brush.oval(ix, iy, p.iris, tall), palette.iris(p))
        canvas.fill(brush.oval(ix, iy, p.iris * 0.45, min(p.iris * 0.45, tall)), (18.0, 16.0, 16.0))
        canvas.line(lid, palette.darker(skin, 0.30), unit * (0.012 + 0.022 * p.lash))
        canvas.line(brush.on_face(x, lower), palette.darker(skin, 0.62), unit * 0.010)
        if p.lid > 0.15:
            fold = brush.on_face(x, upper - 0.012 - 0.040 * p.lid)
            canvas.line(fold, palette.darker(skin, 0.64), unit * 0.014)


def brows(brush: Brush) -> None:
    """Both brows, thicker at their inner end."""
    p, mood = brush.person, brush.mood
    colour = palette.mix(palette.skin(p), palette.darker(palette.hair(p), 0.75), 0.35 + 0.65 * p.brow_dark)
    t = np.linspace(0.0, 1.0, 7)
    rise = np.where(t < p.brow_peak, t / p.brow_peak, (1.0 - t) / (1.0 - p.brow_peak))
    for side in (-1.0, 1.0):
        x = side * (p.brow_gap + t * p.brow_len)
        y = (
            p.eye_y
            - p.brow_in
            - mood.brows * 0.045
            - p.brow_arch * rise
            - p.brow_tilt * (t - 0.3) * p.brow_len
        )
        half = p.brow_thick * (1.0 - 0.65 * t**1.5)
        edge = np.concatenate([np.stack([x, y - half], 1), np.stack([x, y + half], 1)[::-1]])
        edge = rounded(edge, closed=True, times=1)
        brush.canvas.fill(brush.on_face(edge[:, 0], edge[:, 1], p.brow_ridge), colour)


def nose(brush: Brush) -> None:
    """Wings, tip and nostrils; the bridge is all shadow."""
    p, canvas, unit = brush.person, brush.canvas, brush.view.unit
    skin = palette.skin(p)
    w, y, bend = p.nose_w, p.nose_y, p.nose_bend
    base = np.array(
        [
            (-w, y - 0.10),
            (-w, y + 0.01),
            (-w * 0.5, y + 0.035),
            (0, y + 0.05),
            (w * 0.5, y + 0.035),
            (w, y + 0.01),
            (w, y - 0.10),
        ]
    )
    base = rounded(base, times=1)
    out = p.nose_out * (0.25 + 0.5 * (1.0 - np.abs(base[:, 0]) / w))
    canvas.line(brush.on_face(base[:, 0], base[:, 1], out), palette.darker(skin, 0.60), unit * 0.020)
    tip = brush.oval(bend, y - 0.04, p.tip, p.tip * 0.8, p.nose_out)
    canvas.blob(tip, palette.darker(skin, 1.10), 0.7, unit * 0.015)
    for side in (-1.0, 1.0):
        hole = brush.oval(
            side * w * 0.48, y + 0.012, 0.018 + 0.032 * p.nostril, 0.010 + 0.014 * p.nostril, p.nose_out * 0.5
        )
        canvas.fill(hole, palette.darker(skin, 0.32))


def _mouth_corner(p: Person, mood: Expression) -> tuple[float, float]:
    wide = p.mouth_w * (1.0 + 0.14 * mood.smile - 0.10 * mood.mouth_open)
    return wide, mouth_y(p) + p.corner - 0.05 * mood.smile + 0.02 * mood.mouth_open


def mouth(brush: Brush) -> None:
    """Lips, and teeth or a gap between them when they part."""
    p, mood, canvas, unit = brush.person, brush.mood, brush.canvas, brush.view.unit
    wide, corner_y = _mouth_corner(p, mood)
    middle = mouth_y(p) + 0.015 * mood.smile
    t = np.linspace(-1.0, 1.0, 13)
    arch = 1.0 - t**2
    seam = corner_y + (middle - corner_y) * arch
    drop = 0.16 * mood.mouth_open * arch
    dip = 0.5 * p.bow * p.lip_up * np.exp(-((t / 0.16) ** 2))
    top = seam - p.lip_up * (1.0 - np.abs(t) ** 2.2) + dip
    low = seam + drop + p.lip_low * (1.0 - np.abs(t) ** 2.5)
    x = t * wide
    upper, lower = brush.on_face(x, seam), brush.on_face(x, seam + drop)
    lips = palette.lips(p)
    canvas.fill(np.concatenate([brush.on_face(x, top), upper[::-1]]), palette.darker(lips, 0.90))
    if mood.mouth_open > 0.05:
        canvas.fill(np.concatenate([upper, lower[::-1]]), (30.0, 24.0, 60.0))
        teeth = brush.on_face(x[2:-2], (seam + np.minimum(drop, 0.05) * 0.9)[2:-2])
        canvas.fill(np.concatenate([upper[2:-2], teeth[::-1]]), (205.0, 218.0, 222.0))
    canvas.fill(np.concatenate([lower, brush.on_face(x, low)[::-1]]), lips)
    canvas.line(upper, palette.darker(lips, 0.45), unit * 0.016)


def marks(brush: Brush) -> None:
    """Blush, freckles, moles, a scar: whatever this person has."""
    p, canvas, unit = brush.person, brush.canvas, brush.view.unit
    skin = palette.skin(p)
    if p.blush:
        for side in (-1.0, 1.0):
            canvas.blob(
                brush.oval(side * 0.40, p.cheek_y + 0.10, 0.15, 0.11),
                palette.lips(p),
                0.45 * p.blush,
                unit * 0.05,
            )
    if p.freckles:
        spots = np.random.default_rng(p.seed).uniform(-1, 1, (int(10 + 26 * p.freckles), 2))
        for x, y in zip(spots[:, 0] * 0.48, p.cheek_y + spots[:, 1] * 0.17, strict=True):
            canvas.blob(brush.oval(float(x), float(y), 0.016, 0.016), palette.darker(skin, 0.55), 0.8)
    for x, y, size in ((p.mole_a_x, p.mole_a_y, p.mole_a), (p.mole_b_x, p.mole_b_y, p.mole_b)):
        if size:
            half = float(np.interp(y, brush.head.y, brush.head.width))
            canvas.fill(brush.oval(1.6 * x * half, y, size, size), palette.darker(skin, 0.30))
    if p.scar:
        along = np.linspace(-0.5, 0.5, 4) * (0.12 + 0.20 * p.scar)
        line = brush.on_face(p.scar_x + along * np.cos(p.scar_turn), p.scar_y + along * np.sin(p.scar_turn))
        canvas.line(line, palette.mix(skin, (190.0, 190.0, 235.0), 0.7), unit * 0.030)
