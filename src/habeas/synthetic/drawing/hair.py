"""Hair on the head and on the face, and what people wear in front of it."""

from __future__ import annotations

import numpy as np

from habeas.synthetic.drawing import palette
from habeas.synthetic.drawing.features import Brush, mouth_y
from habeas.synthetic.drawing.nuisance import Glasses, Occlusion
from habeas.synthetic.drawing.shape import Points, rounded


def _wave(brush: Brush) -> Points:
    p, y = brush.person, brush.head.y
    return p.curl * np.sin(y * p.curl_n * 2.0)


def behind(brush: Brush) -> None:
    """Hair that falls behind the face; painted before the neck and the face."""
    p = brush.person
    if p.bald or p.hair_len < 0.25:
        return
    colour = palette.darker(palette.hair(p), 0.72)
    y = np.linspace(-0.7, p.hair_len * 0.8, 9)
    x = np.interp(y, brush.head.y, brush.head.width * 0 + brush.head.width.max()) + p.hair_side + 0.02
    x = x + p.curl * 1.4 * np.sin(y * p.curl_n * 2.0)
    left, right = brush.view.project(-x, y, -0.25), brush.view.project(x, y, -0.25)
    brush.canvas.fill(np.concatenate([left, right[::-1]]), colour)


def _hairline(brush: Brush) -> Points:
    """The border between hair and face from the left side to the right, in face units (n, 2)."""
    p = brush.person
    x = np.linspace(-1.0, 1.0, 17)
    fringe = max(p.fringe, 0.0)
    # a fringe hangs from the parting and gets longer away from it
    hang = fringe * (0.45 + 0.55 * np.clip(np.abs(x - p.part) / 0.9, 0.0, 1.0))
    line = (
        p.hairline
        + hang
        + p.fringe_slant * x * (fringe > 0.05)
        + p.hairline_m * (np.abs(x) - 0.35) * (np.abs(x) > 0.35)
        - p.hairline_m * 0.3 * np.exp(-((x / 0.2) ** 2))
    )
    line = np.minimum(line, p.eye_y - 0.07)
    side = np.clip((np.abs(x) - 0.80) / 0.20, 0.0, 1.0)
    burns = min(p.hair_len, 0.75) * 0.8
    line = line * (1.0 - side) + np.maximum(burns, line) * side
    width = np.interp(line, brush.head.y, brush.head.width)
    return np.stack([x * width * 0.985, line], axis=1)


def front(brush: Brush) -> None:
    """The hair around the forehead, with strands from the parting."""
    p, canvas, view = brush.person, brush.canvas, brush.view
    if p.bald:
        return
    colour = palette.hair(p)
    line = _hairline(brush)
    border = brush.on_face(line[:, 0], line[:, 1], 0.02)
    outer = view.silhouette(brush.head, p.hair_side, p.hair_top, _wave(brush) * 1.0)
    m = len(brush.head.y)
    ends = np.searchsorted(brush.head.y, [line[0, 1], line[-1, 1]])
    left, right = outer[: max(ends[0], 2)], outer[m:][::-1][: max(ends[1], 2)]
    canvas.fill(np.concatenate([left[::-1], right, border[::-1]]), colour)
    roots = brush.on_face(np.full(8, p.part * 0.45), np.full(8, -p.crown * 0.74), 0.04)
    tips = border[2:-2:2][:8]
    middle = (roots[: len(tips)] + tips) / 2
    for number, (root, mid, tip) in enumerate(zip(roots, middle, tips, strict=False)):
        tone = palette.darker(colour, 0.72 if number % 2 else 1.25)
        canvas.line(rounded(np.stack([root, mid, tip]), times=1), tone, view.unit * 0.018)


def beard(brush: Brush) -> None:
    """Beard and moustache, from a shadow to a full one; painted before the mouth."""
    p, canvas = brush.person, brush.canvas
    colour = palette.darker(palette.hair(p), 0.8)
    soft = brush.view.unit * 0.02
    if p.beard:
        y = np.linspace(p.beard_y, p.chin_y, 8)
        x = np.interp(y, brush.head.y, brush.head.width) * 0.97
        inner = np.array(
            [
                (p.mouth_w + 0.10, p.beard_y + 0.03),
                (p.mouth_w + 0.08, mouth_y(p)),
                (p.mouth_w * 0.6, mouth_y(p) + p.lip_low + 0.06),
                (0.0, mouth_y(p) + p.lip_low + 0.05),
            ]
        )
        half = np.concatenate([np.stack([x, y], 1), [[0.0, p.chin_y]], inner[::-1]])
        for side in (-1.0, 1.0):
            canvas.blob(brush.on_face(half[:, 0] * side, half[:, 1]), colour, 0.25 + 0.7 * p.beard, soft)
    if p.moustache:
        high, low = p.nose_y + 0.06, mouth_y(p) - p.lip_up * 0.7
        shape = np.array(
            [
                (-p.mouth_w - 0.03, low + 0.03),
                (-p.mouth_w * 0.6, high),
                (0.0, high - 0.01),
                (p.mouth_w * 0.6, high),
                (p.mouth_w + 0.03, low + 0.03),
                (0.0, low),
            ]
        )
        shape = rounded(shape, closed=True, times=1)
        canvas.blob(brush.on_face(shape[:, 0], shape[:, 1]), colour, 0.3 + 0.65 * p.moustache, soft)


def spectacles(brush: Brush, glasses: Glasses) -> None:
    """Two lenses, a bridge and the sides back to the ears."""
    p, canvas, unit = brush.person, brush.canvas, brush.view.unit
    turn = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    power = 0.35 + 0.65 * glasses.rounded
    dx = np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** power * glasses.width
    dy = np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** power * glasses.height
    colour = tuple(float(c) for c in glasses.colour)
    frame = (colour[0], colour[1], colour[2])
    for side in (-1.0, 1.0):
        x = side * p.eye_x + dx
        rim = brush.on_face(x, p.eye_y + 0.02 + dy, 0.10)
        if glasses.dark:
            canvas.blob(rim, (25.0, 25.0, 28.0), glasses.dark)
        canvas.line(rim, frame, unit * glasses.rim, closed=True)
        ends = brush.on_face(
            np.array([side * (p.eye_x + glasses.width), side * 0.70]),
            np.array([p.eye_y - 0.02, p.eye_y - 0.02]),
            np.array([0.10, -0.05]),
        )
        canvas.line(ends, frame, unit * glasses.rim)
    gap = max(p.eye_x - glasses.width, 0.02)
    bridge = brush.on_face(np.array([-gap, 0.0, gap]), np.full(3, p.eye_y - 0.01), np.array([0.1, 0.16, 0.1]))
    canvas.line(bridge, frame, unit * glasses.rim)


def occluder(brush: Brush, thing: Occlusion) -> Points:
    """The shape of what stands before the face, in pixels (n, 2), already painted."""
    view = brush.view
    way = np.array([np.cos(thing.angle), np.sin(thing.angle)])
    across = np.array([-way[1], way[0]])
    near, far = (1.0 - thing.reach) * 0.95, 1.9
    corners = np.array(
        [
            way * near + across * thing.width * 0.7,
            way * far + across * thing.width,
            way * far - across * thing.width,
            way * near - across * thing.width * 0.7,
        ]
    )
    shape = rounded(corners, closed=True, times=2) * np.array([0.75, 1.0])
    points: Points = shape * view.unit + np.array([view.x, view.y])
    colour = (float(thing.colour[0]), float(thing.colour[1]), float(thing.colour[2]))
    brush.canvas.fill(points, colour)
    brush.canvas.line(points[: len(points) // 2], palette.darker(colour, 0.7), view.unit * 0.03)
    return points
