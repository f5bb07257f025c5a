"""Rooms, walls and things: what surrounds people, and what a careless detector takes for a face."""

from __future__ import annotations

import string

import cv2
import numpy as np
from numpy.typing import NDArray

from habeas.synthetic.drawing import palette
from habeas.synthetic.drawing.nuisance import draw_colour
from habeas.synthetic.drawing.people import Person
from habeas.synthetic.seeds import PEOPLE_TRAIN

Pixels = NDArray[np.uint8]


def draw_background(rng: np.random.Generator, width: int, height: int, busy: float = 1.0) -> Pixels:
    """A soft wall of colours with shapes on it, BGR uint8 (height, width, 3); `busy` scales the shapes."""
    image = _wall(rng, width, height)
    for _ in range(int(rng.integers(0, 1 + int(12 * busy)))):
        _thing(rng, image)
    if rng.random() < 0.5:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.5, 4.0))), np.uint8)
    for _ in range(int(rng.integers(0, 1 + int(5 * busy)))):
        _thing(rng, image)
    return image


def _wall(rng: np.random.Generator, width: int, height: int) -> Pixels:
    coarse = np.array(draw_colour(rng), np.float32) + rng.normal(0, rng.uniform(3, 40), (4, 5, 3))
    wall = cv2.resize(coarse.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    if rng.random() < 0.6:
        cells = int(rng.integers(8, 48))
        grain = rng.normal(0, rng.uniform(2, 22), (cells, cells, 1)).astype(np.float32)
        wall = (
            wall + np.asarray(cv2.resize(grain, (width, height), interpolation=cv2.INTER_LINEAR))[..., None]
        )
    return np.clip(wall, 0, 255).astype(np.uint8)


def _thing(rng: np.random.Generator, image: Pixels) -> None:
    height, width = image.shape[:2]
    colour = draw_colour(rng, 0, 255)
    kind, x, y = rng.integers(0, 6), int(rng.integers(0, width)), int(rng.integers(0, height))
    w, h = (int(v) for v in rng.integers(6, max(8, min(width, height) // 2), 2))
    if kind == 0:
        cv2.rectangle(image, (x, y), (x + w, y + h), colour, -1 if rng.random() < 0.6 else 2)
    elif kind == 1:
        cv2.ellipse(
            image,
            (x, y),
            (w // 2 + 2, h // 2 + 2),
            float(rng.uniform(0, 180)),
            0,
            360,
            colour,
            -1,
            cv2.LINE_AA,
        )
    elif kind == 2:
        points = rng.integers(-w, w, (int(rng.integers(3, 7)), 2)) + (x, y)  # noqa: RUF005 - numpy adds
        cv2.fillPoly(image, [points.astype(np.int32)], colour, cv2.LINE_AA)
    elif kind == 3:
        write(rng, image, colour)
    elif kind == 4:
        step = int(rng.integers(4, 24))
        for offset in range(0, w, step):
            cv2.line(image, (x + offset, y), (x + offset, y + h), colour, max(1, step // 3))
    else:
        cv2.line(image, (x, y), (x + w, y - h), colour, int(rng.integers(1, 8)), cv2.LINE_AA)


def write(rng: np.random.Generator, image: Pixels, colour: tuple[int, int, int]) -> None:
    """Some letters somewhere."""
    height, width = image.shape[:2]
    letters = "".join(rng.choice(list(string.ascii_letters + string.digits), int(rng.integers(1, 9))))
    place = (int(rng.integers(-20, width)), int(rng.integers(10, height)))
    size = float(rng.uniform(0.4, 3.0))
    cv2.putText(
        image, letters, place, int(rng.integers(0, 8)), size, colour, int(rng.integers(1, 6)), cv2.LINE_AA
    )


def draw_decoy(rng: np.random.Generator, image: Pixels) -> None:
    """Something in skin colours that is no face: an oval with two or three dots, an arm, an ear, letters."""
    height, width = image.shape[:2]
    person = Person.from_seed(int(rng.integers(PEOPLE_TRAIN.start, PEOPLE_TRAIN.stop)))
    skin = palette.skin(person)
    dark = palette.darker(skin, float(rng.uniform(0.2, 0.7)))
    size = float(np.exp(rng.uniform(np.log(12), np.log(0.45 * min(width, height)))))
    x, y = float(rng.uniform(0, width)), float(rng.uniform(0, height))
    kind = int(rng.integers(0, 6))
    middle, tilt = (int(x), int(y)), float(rng.uniform(0, 180))
    if kind <= 2:
        oval = (int(size * 0.38) + 1, int(size * 0.5) + 1)
        cv2.ellipse(image, middle, oval, tilt if kind == 2 else 0.0, 0, 360, skin, -1, cv2.LINE_AA)
        dots = rng.uniform(-0.3, 0.3, (int(rng.integers(0, 4)), 2)) * size + (x, y)
        if kind == 1:  # two dots side by side, the cruellest decoy; never with a nose and a mouth below
            gap = float(rng.uniform(0.12, 0.25)) * size
            dots = np.array([(x - gap, y - 0.1 * size), (x + gap, y - 0.1 * size)])
        for dot in dots:
            cv2.circle(
                image,
                (int(dot[0]), int(dot[1])),
                max(1, int(size * rng.uniform(0.02, 0.07))),
                dark,
                -1,
                cv2.LINE_AA,
            )
    elif kind == 3:
        end = (int(x + rng.uniform(-2, 2) * size), int(y + rng.uniform(-2, 2) * size))
        cv2.line(image, middle, end, skin, max(2, int(size * 0.4)), cv2.LINE_AA)
    elif kind == 4:
        cv2.ellipse(
            image, middle, (int(size * 0.25) + 1, int(size * 0.42) + 1), tilt, 0, 360, skin, -1, cv2.LINE_AA
        )
        cv2.ellipse(
            image, middle, (int(size * 0.14) + 1, int(size * 0.28) + 1), tilt, 0, 360, dark, 2, cv2.LINE_AA
        )
    else:
        write(rng, image, (int(skin[0]), int(skin[1]), int(skin[2])))
