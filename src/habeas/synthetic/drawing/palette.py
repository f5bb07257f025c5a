"""Colours (blue, green, red; 0..255) from positions on short scales."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from habeas.synthetic.drawing.people import Person

Colour = tuple[float, float, float]

_SKIN: Final = np.array(
    [[186, 208, 238], [160, 188, 226], [118, 152, 200], [84, 112, 160], [58, 76, 112]], float
)
_HAIR: Final = np.array([[24, 24, 28], [32, 40, 52], [44, 66, 98], [88, 132, 176], [150, 160, 168]], float)
_IRIS: Final = np.array([[28, 40, 66], [50, 84, 110], [92, 120, 96], [150, 128, 92]], float)


def _scale(stops: NDArray[np.float64], at: float) -> NDArray[np.float64]:
    where = np.linspace(0.0, 1.0, len(stops))
    return np.array([np.interp(at, where, stops[:, channel]) for channel in range(3)])


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`one` with `share` (0..1) of `other`."""
    a, b, c = (x + (y - x) * share for x, y in zip(one, other, strict=True))
    return a, b, c


def darker(colour: Colour, factor: float) -> Colour:
    """The colour times `factor`, cut off at white."""
    a, b, c = (min(255.0, x * factor) for x in colour)
    return a, b, c


def _colour(values: NDArray[np.float64]) -> Colour:
    a, b, c = np.clip(values, 0, 255)
    return float(a), float(b), float(c)


def skin(person: Person) -> Colour:
    """From pale to dark, a little redder or yellower."""
    return _colour(_scale(_SKIN, person.skin_tone) + person.skin_red * np.array([4.0, -5.0, 5.0]))


def hair(person: Person) -> Colour:
    """From black over brown and fair to grey, with or without red."""
    return _colour(_scale(_HAIR, person.hair_tone) + person.hair_red * np.array([-12.0, -6.0, 26.0]))


def iris(person: Person) -> Colour:
    """From brown over green to blue."""
    return _colour(_scale(_IRIS, person.iris_tone))


def lips(person: Person) -> Colour:
    """The skin, darker and redder."""
    base = np.array(skin(person)) * 0.80
    return _colour(base + person.lip_red * np.array([-4.0, -30.0, 22.0]))
