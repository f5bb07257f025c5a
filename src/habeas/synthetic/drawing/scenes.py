"""Pictures with people in them, and the truth about every face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from habeas.synthetic.drawing.backgrounds import draw_background, draw_decoy
from habeas.synthetic.drawing.camera import lit, photographed, through_jpeg
from habeas.synthetic.drawing.drawing import Patch, draw_patch
from habeas.synthetic.drawing.nuisance import (
    FULL,
    MILD,
    Camera,
    Light,
    Nuisance,
    Severity,
    draw_camera,
    draw_light,
    draw_nuisance,
)
from habeas.synthetic.drawing.people import Person

Pixels = NDArray[np.uint8]
_NOBODY = -1


@dataclass(frozen=True, slots=True)
class Placement:
    """A person at a place: the middle of the face box at (x, y), the face about `size` pixels high.

    `faceless` draws a person seen from behind: a head without a face, which gets no label.
    """

    person: Person
    x: float
    y: float
    size: float
    nuisance: Nuisance = field(default_factory=Nuisance)
    faceless: bool = False


@dataclass(frozen=True, slots=True)
class FaceLabel:
    """The truth about one face, in pixels of the picture (a whole number is the middle of a pixel).

    `box` is left, top, right, bottom; `landmarks` are (x, y) of the eye on the left of the picture, the eye
    on the right, the nose tip, the mouth corner on the left and on the right. `visible` is the share of the
    face that is inside the picture and not behind another person.
    """

    person_seed: int
    box: tuple[float, float, float, float]
    landmarks: tuple[tuple[float, float], ...]
    visible: float

    @property
    def size(self) -> float:
        """The longer side of the box, in pixels."""
        return max(self.box[2] - self.box[0], self.box[3] - self.box[1])


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture, BGR uint8 of shape (height, width, 3), and its faces in the order they were placed."""

    image: Pixels
    faces: tuple[FaceLabel, ...]


def draw_scene(
    placements: Sequence[Placement],
    size: tuple[int, int],
    rng: np.random.Generator,
    *,
    background: Pixels | None = None,
    decoys: int = 0,
    light: Light | None = None,
    camera: Camera | None = None,
) -> Scene:
    """Draw people into a picture of `size` (width, height); nearer people (larger faces) hide others.

    Without a `background` one is drawn from `rng`. `light` sets exposure and white balance of the whole
    picture (a placement's own light only slopes over its face), `camera` blur and noise. Compression is left
    to `encode_jpeg` or `write_clip`.
    """
    width, height = size
    image = draw_background(rng, width, height) if background is None else background.copy()
    for _ in range(decoys):
        draw_decoy(rng, image)
    owner = np.full((height, width), _NOBODY, np.int16)
    drawn: dict[int, tuple[Patch, tuple[int, int]]] = {}
    for index in sorted(range(len(placements)), key=lambda i: placements[i].size):
        drawn[index] = _place(placements[index], index, image, owner)
    faces = tuple(
        _label(placement.person.seed, index, *drawn[index], owner)
        for index, placement in enumerate(placements)
        if not placement.faceless
    )
    image = photographed(lit(image, light or Light()), camera or Camera(), rng)
    return Scene(image=image, faces=faces)


def _place(
    placement: Placement, index: int, image: Pixels, owner: NDArray[np.int16]
) -> tuple[Patch, tuple[int, int]]:
    patch = draw_patch(placement.person, placement.nuisance, placement.size, placement.faceless)
    middle_x, middle_y = ((patch.box[:2] + patch.box[2:]) / 2).tolist()
    left, top = round(placement.x - middle_x), round(placement.y - middle_y)
    height, width = owner.shape
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + patch.pixels.shape[1], width), min(top + patch.pixels.shape[0], height)
    if x1 > x0 and y1 > y0:
        part = patch.pixels[y0 - top : y1 - top, x0 - left : x1 - left]
        alpha = part[..., 3:4].astype(np.uint16)
        below = image[y0:y1, x0:x1]
        below[:] = np.minimum(part[..., :3] + (below * (255 - alpha) + 127) // 255, 255).astype(np.uint8)
        owner[y0:y1, x0:x1][part[..., 3] > 127] = index
    return patch, (left, top)


def _label(seed: int, index: int, patch: Patch, at: tuple[int, int], owner: NDArray[np.int16]) -> FaceLabel:
    shift = np.array(at, float)
    left, top, right, bottom = (patch.box + np.concatenate([shift, shift])).tolist()
    points = patch.landmarks + shift
    inner = np.round(patch.box).astype(int)
    whole = int(
        np.count_nonzero(patch.pixels[max(inner[1], 0) : inner[3], max(inner[0], 0) : inner[2], 3] > 127)
    )
    x0, y0, x1, y1 = (max(round(v), 0) for v in (left, top, right, bottom))
    seen = int(np.count_nonzero(owner[y0:y1, x0:x1] == index))
    marks = tuple((float(x), float(y)) for x, y in points)
    return FaceLabel(seed, (left, top, right, bottom), marks, min(1.0, seen / max(whole, 1)))


def draw_portrait(
    person: Person,
    rng: np.random.Generator,
    size: tuple[int, int] = (360, 480),
    *,
    severity: Severity = MILD,
    background: Pixels | None = None,
) -> Scene:
    """One person in the middle of a picture of `size` (width, height), face about 45 % of its height."""
    width, height = size
    nuisance = draw_nuisance(rng, severity)
    light, camera = draw_light(rng, severity.light), draw_camera(rng, severity.camera)
    face = float(height * rng.uniform(0.40, 0.50))
    place = Placement(
        person, width * rng.uniform(0.46, 0.54), height * rng.uniform(0.44, 0.52), face, nuisance
    )
    if background is None:
        background = draw_background(rng, width, height, busy=0.4)
    return draw_scene([place], size, rng, background=background, light=light, camera=camera)


def draw_snapshot(
    person: Person,
    rng: np.random.Generator,
    size: tuple[int, int],
    face: float,
    *,
    severity: Severity = FULL,
) -> Scene:
    """One person somewhere in a picture of `size`, face about `face` pixels high, everything else varied."""
    width, height = size
    nuisance = draw_nuisance(rng, severity)
    light, camera = draw_light(rng, severity.light), draw_camera(rng, severity.camera)
    x = rng.uniform(min(0.55 * face, width / 2), max(width - 0.55 * face, width / 2))
    y = rng.uniform(min(0.60 * face, height / 2), max(height - 0.60 * face, height / 2))
    scene = draw_scene([Placement(person, x, y, face, nuisance)], size, rng, light=light, camera=camera)
    return Scene(through_jpeg(scene.image, camera.jpeg), scene.faces)


def draw_random_scene(
    rng: np.random.Generator,
    people: range,
    size: tuple[int, int],
    *,
    most: int = 12,
    smallest: float = 24.0,
    largest: float = 400.0,
    severity: Severity = FULL,
) -> Scene:
    """A picture of up to `most` strangers drawn from the seed range `people`, with decoys; for training."""
    width, height = size
    largest = min(largest, 0.80 * min(width, height))
    wanted = int(rng.integers(0, most + 1)) if rng.random() < 0.4 else int(rng.integers(0, 5))
    placements: list[Placement] = []
    for _ in range(wanted):
        face = float(np.exp(rng.uniform(np.log(smallest), np.log(largest))))
        place = _free_place(rng, placements, width, height, face)
        if place is not None:
            person = Person.from_seed(int(rng.integers(people.start, people.stop)))
            nuisance = draw_nuisance(rng, severity)
            placements.append(Placement(person, *place, face, nuisance, faceless=rng.random() < 0.06))
    decoys = int(rng.integers(0, 4)) if rng.random() < 0.6 else 0
    light, camera = draw_light(rng, severity.light), draw_camera(rng, severity.camera)
    scene = draw_scene(placements, size, rng, decoys=decoys, light=light, camera=camera)
    return Scene(through_jpeg(scene.image, camera.jpeg), scene.faces)


def _free_place(
    rng: np.random.Generator, taken: Sequence[Placement], width: int, height: int, face: float
) -> tuple[float, float] | None:
    """A place inside the picture that lies on no face, if eight tries find one."""
    for _ in range(8):
        x = float(rng.uniform(min(0.42 * face, width / 2), max(width - 0.42 * face, width / 2)))
        y = float(rng.uniform(min(0.5 * face, height / 2), max(height - 0.5 * face, height / 2)))
        gap = [np.hypot(x - p.x, (y - p.y) * 0.8) / (0.5 * (face + p.size)) for p in taken]
        if not gap or min(gap) > 0.85:
            return x, y
    return None
