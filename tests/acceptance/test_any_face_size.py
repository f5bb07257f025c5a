"""Drawn people of every size on pictures of 50 megapixels, found by the pack that is shipped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from habeas.faces.boxes import overlaps
from habeas.faces.detection import insightface_models as insightface_pack
from habeas.faces.detection.insightface_models import LoadedPack
from habeas.faces.model_packs import registry as packs
from habeas.model.installation.limits import FaceRules
from habeas.synthetic import (
    FULL,
    MILD,
    Person,
    Placement,
    Severity,
    draw_camera,
    draw_light,
    draw_nuisance,
    draw_scene,
    sample_rng,
    through_jpeg,
)
from habeas.synthetic.drawing.backgrounds import draw_background, draw_decoy
from habeas.synthetic.drawing.scenes import FaceLabel
from habeas.synthetic.seeds import PEOPLE_TEST
from habeas.synthetic.training.samples.matching import LEAST_VISIBLE, SAME_BOX

# about fifteen seconds a picture
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PACK = Path(__file__).parents[2] / "models" / "synthetic"
WIDTH, HEIGHT = 8660, 5773
SMALLEST = FaceRules().smallest_px

Floats = NDArray[np.float64]
ONE_OF_THREE = [0, *(pytest.param(number, marks=pytest.mark.battery) for number in (1, 2))]


@pytest.fixture(scope="module")
def models() -> LoadedPack:
    return insightface_pack.load(packs.read(PACK), PACK)


def _background(rng: np.random.Generator, decoys: int) -> NDArray[np.uint8]:
    """Drawn at a quarter of the size, which nobody sees, with decoys as large as faces are."""
    image = np.asarray(cv2.resize(draw_background(rng, WIDTH // 4, HEIGHT // 4), (WIDTH, HEIGHT)), np.uint8)
    for _ in range(decoys):
        x, y = int(rng.integers(0, WIDTH - 900)), int(rng.integers(0, HEIGHT - 900))
        draw_decoy(rng, image[y : y + 900, x : x + 900])
    return image


def _placed(rng: np.random.Generator, sizes: Sequence[float], severity: Severity) -> list[Placement]:
    """People at free places, the largest first; who finds none in two hundred tries stays away."""
    placed: list[Placement] = []
    for size in sorted(sizes, reverse=True):
        for _ in range(200):
            x, y = rng.uniform(0.6 * size, WIDTH - 0.6 * size), rng.uniform(0.7 * size, HEIGHT - 0.7 * size)
            if all(np.hypot(x - p.x, (y - p.y) * 0.8) > 0.9 * (size + p.size) for p in placed):
                person = Person.from_seed(int(rng.integers(PEOPLE_TEST.start, PEOPLE_TEST.stop)))
                placed.append(Placement(person, x, y, float(size), draw_nuisance(rng, severity)))
                break
    return placed


def _compared(
    models: LoadedPack, image: NDArray[np.uint8], faces: Sequence[FaceLabel]
) -> tuple[list[float], list[bool], int]:
    """Sizes of the faces that count, which of them were found, and how many detections are nobody's."""
    sure = [one for one in models.detect(image) if one.score >= models.threshold]
    boxes: Floats = np.array([one.box for one in sure]).reshape(-1, 4)
    shared = overlaps(np.array([face.box for face in faces]), boxes)
    count = [face.size >= SMALLEST and face.visible >= LEAST_VISIBLE for face in faces]
    found = shared.max(1, initial=0.0) >= SAME_BOX
    wrong = int((shared.max(0, initial=0.0) < 0.3).sum())
    counted = [i for i, counts in enumerate(count) if counts]
    return [faces[i].size for i in counted], [bool(found[i]) for i in counted], wrong


@pytest.mark.parametrize("number", ONE_OF_THREE)
def test_sixty_people_of_32_to_400_pixels_are_found_in_a_large_group(number: int, models: LoadedPack) -> None:
    rng = sample_rng("test", "scene", 20_000 + number)
    sizes = np.exp(rng.uniform(np.log(33), np.log(400), 60))
    people, light, camera = _placed(rng, sizes.tolist(), FULL), draw_light(rng), draw_camera(rng)
    scene = draw_scene(
        people, (WIDTH, HEIGHT), rng, background=_background(rng, 10), light=light, camera=camera
    )
    picture = through_jpeg(scene.image, camera.jpeg)
    looks = models.looks
    counted, found, wrong = _compared(models, picture, scene.faces)
    assert len(counted) >= 55
    assert sum(found) >= 0.95 * len(found)
    assert wrong <= 0.05 * len(found)
    assert models.looks - looks <= 1 + 165 + 3 * len(found)


@pytest.mark.parametrize("number", ONE_OF_THREE)
def test_no_size_from_the_smallest_to_half_the_picture_falls_between_two_scales(
    number: int, models: LoadedPack
) -> None:
    rng = sample_rng("test", "scene", 20_100 + number)
    sizes = np.geomspace(34, HEIGHT / 2, 40)
    # the largest are shared out among the pictures, there is no room for all of them in one
    mine = [size for i, size in enumerate(sizes) if size < 700 or i % 3 == number]
    people = _placed(rng, mine, MILD)
    scene = draw_scene(people, (WIDTH, HEIGHT), rng, background=_background(rng, 0))
    counted, found, wrong = _compared(models, scene.image, scene.faces)
    assert len(counted) >= 20 and max(counted) > 2000
    assert [] == [round(size) for size, seen in zip(counted, found, strict=True) if not seen]
    assert 0 == wrong
