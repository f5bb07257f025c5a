"""Faces of any size in pictures of any size, with the pack that is shipped and drawn people."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_pack
from numpy.typing import NDArray

from habeas.faces.binding.bind import bind
from habeas.faces.boxes import overlaps
from habeas.faces.detection import insightface_models as insightface_pack
from habeas.faces.detection.insightface_models import LoadedPack
from habeas.faces.detection.search import CLOSER_PX, Search
from habeas.faces.detection.tiles import fitted, tiles
from habeas.faces.model_packs import registry as packs
from habeas.faces.tracking.tracker import Tracker
from habeas.faces.values import Detection
from habeas.media.values import Frame, Image
from habeas.model.installation.limits import BindingRules, FaceRules
from habeas.model.installation.resources import PROJECT
from habeas.model.lines import Line
from habeas.synthetic import (
    MILD,
    FaceLabel,
    Person,
    Placement,
    Scene,
    draw_nuisance,
    draw_scene,
    sample_rng,
)
from habeas.synthetic.drawing.backgrounds import draw_background
from habeas.synthetic.drawing.scenes import draw_random_scene
from habeas.synthetic.seeds import PEOPLE_TEST
from habeas.synthetic.training.samples.matching import LEAST_VISIBLE, SAME_BOX

PACK = PROJECT / "models" / "synthetic"
INPUT = (640, 640)
GROUP = (1730, 1220)
drawn = pytest.mark.skipif(not (PACK / "pack.toml").is_file(), reason="no pack of drawn people here yet")


@pytest.fixture(scope="module")
def models() -> LoadedPack:
    return insightface_pack.load(packs.read(PACK), PACK)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> LoadedPack:
    folder = tiny_pack.write(tmp_path_factory.mktemp("packs") / "tiny")
    return insightface_pack.load(packs.read(folder), folder)


def _people(places: Sequence[tuple[float, float, float]], size: tuple[int, int], number: int) -> Scene:
    """People at (x, y) with faces of the given sizes, before a quiet background."""
    rng = sample_rng("unit", "scene", number)
    placed = [
        Placement(Person.from_seed(PEOPLE_TEST.start + 50 * number + i), x, y, face, draw_nuisance(rng, MILD))
        for i, (x, y, face) in enumerate(places)
    ]
    return draw_scene(placed, size, rng, background=draw_background(rng, *size, busy=0.1))


@pytest.fixture(scope="module")
def group() -> Scene:
    """Faces from 34 to 500 pixels, the small ones where the tiles' edges cross them."""
    laid = tiles(*GROUP, INPUT, 32, 28)
    inner_x = sorted({t.x1 for t in laid if t.x1 < GROUP[0]} | {t.x0 for t in laid if t.x0 > 0})
    inner_y = sorted({t.y1 for t in laid if t.y1 < GROUP[1]} | {t.y0 for t in laid if t.y0 > 0})
    on_edges = [(x, 130, 40 + 12 * i) for i, x in enumerate(inner_x)]
    on_edges += [(1150, y, 36 + 8 * i) for i, y in enumerate(inner_y)]
    free = [(440, 780, 500), (1000, 900, 200), (1450, 480, 130), (1350, 1000, 60), (1550, 900, 34)]
    return _people([*on_edges, *free], GROUP, 1)


@pytest.fixture(scope="module")
def found(models: LoadedPack, group: Scene) -> list[Detection]:
    return models.detect(group.image)


def _overlap(one: Sequence[float], other: Sequence[float]) -> float:
    return float(overlaps(np.array([one]), np.array([other]))[0, 0])


def _match(face: FaceLabel, found: Sequence[Detection]) -> list[Detection]:
    return [one for one in found if _overlap(face.box, one.box) >= 0.5]


@drawn
def test_each_face_of_a_large_picture_is_found_once_whatever_its_size(
    group: Scene, found: list[Detection], models: LoadedPack
) -> None:
    assert [1] * len(group.faces) == [len(_match(face, found)) for face in group.faces]
    assert len(group.faces) == len(found)
    assert sorted((d.score for d in found), reverse=True) == [d.score for d in found]
    assert all(d.score >= models.threshold for d in found)


@drawn
def test_landmarks_go_with_their_box(group: Scene, found: list[Detection]) -> None:
    for face in group.faces:
        (one,) = _match(face, found)
        assert (np.float32, (5, 2)) == (one.landmarks.dtype, one.landmarks.shape)
        assert np.abs(one.landmarks - np.array(face.landmarks)).max() < 0.2 * face.size


@drawn
def test_without_tiles_the_small_ones_would_be_lost(group: Scene, models: LoadedPack) -> None:
    """What the test above is worth."""
    small = [face for face in group.faces if face.size < 60]
    coarse = Search(models._detector, models.pack, 90)
    seen = coarse.detect(group.image)
    assert 1 == coarse.looks
    assert any(not _match(face, seen) for face in small)


@drawn
def test_what_a_closer_look_is_not_certain_of_counts_for_nothing(group: Scene, models: LoadedPack) -> None:
    strict = replace(models.pack, detector=replace(models.pack.detector, threshold=0.999))
    seen = Search(models._detector, strict, 32).detect(group.image)
    alone, _ = models._detector.detect(group.image, input_size=fitted(*GROUP, INPUT, 32, 28))
    assert {one.box for one in seen} <= {tuple(map(float, row[:4])) for row in alone}


@drawn
@pytest.mark.parametrize("size", [(640, 480), (1700, 900), (400, 300)])
def test_a_picture_that_shows_every_wanted_face_costs_one_look(
    size: tuple[int, int], models: LoadedPack
) -> None:
    scene = _people([(size[0] / 2, size[1] / 2, 120)], size, 2)
    looks, searched = models.looks, models.pictures_searched
    alone, _ = models._detector.detect(scene.image, input_size=fitted(*size, INPUT, 32, 28))
    (one,) = models.detect(scene.image)
    assert (1, 1) == (models.looks - looks, models.pictures_searched - searched)
    assert tuple(map(float, alone[0, :4])) == one.box


@drawn
def test_a_large_picture_costs_a_look_a_tile_and_one_a_face(models: LoadedPack, group: Scene) -> None:
    looks = models.looks
    models.detect(group.image)
    at_least = 1 + len(tiles(*GROUP, INPUT, 32, 28))
    assert at_least < models.looks - looks <= at_least + 3 * len(group.faces)  # one that two tiles see, twice


@drawn
def test_a_large_face_is_the_whole_pictures_and_stays_what_it_was(
    group: Scene, found: list[Detection], models: LoadedPack
) -> None:
    alone, _ = models._detector.detect(group.image, input_size=fitted(*GROUP, INPUT, 32, 28))
    largest = max(group.faces, key=lambda face: face.size)
    (one,) = _match(largest, found)
    assert one.box in [tuple(map(float, row[:4])) for row in alone]


def _crops(number: int) -> Iterator[tuple[Image, tuple[float, ...], NDArray[np.float64]]]:
    """Nothing but a face, its box 90 %, 95 % and all of the picture each way; pictures, boxes and landmarks."""
    rng = sample_rng("test", "crop", number, 78)
    person = Person.from_seed(PEOPLE_TEST.start + 600 + number)
    scene = draw_scene([Placement(person, 450, 450, 300, draw_nuisance(rng, MILD))], (900, 900), rng)
    x0, y0, x1, y1 = scene.faces[0].box
    for share in (0.90, 0.95, 1.0):
        half_w, half_h = (x1 - x0) / 2 / share, (y1 - y0) / 2 / share
        left, top = round((x0 + x1) / 2 - half_w), round((y0 + y1) / 2 - half_h)
        right, bottom = round((x0 + x1) / 2 + half_w), round((y0 + y1) / 2 + half_h)
        cut = np.ascontiguousarray(scene.image[top:bottom, left:right])
        marks = np.array(scene.faces[0].landmarks) - (left, top)
        yield cut, (x0 - left, y0 - top, x1 - left, y1 - top), marks


@drawn
@pytest.mark.parametrize("number", [0, 6, 13, 16])  # some that one look at the whole misses or sees double
def test_a_face_that_fills_the_picture_is_found_and_found_alone(number: int, models: LoadedPack) -> None:
    looks = models.looks
    for picture, box, marks in _crops(number):
        (one,) = models.detect(picture)
        assert one.score >= models.threshold
        assert _overlap(box, one.box) >= 0.7
        assert np.abs(one.landmarks - marks).max() < 0.1 * (box[3] - box[1])
    assert 2 * 3 == models.looks - looks


@drawn
def test_a_portrait_cropped_to_the_face_is_bound_to_its_line(models: LoadedPack) -> None:
    """Passport photos and chips: the box reaches the border or over it, and every landmark lies inside."""
    line = Line("line", "somebody", None, None, None, None, False)
    refused: Counter[str] = Counter()
    for number in (0, 3, 6, 9, 13, 16):
        for picture, _, _ in _crops(number):
            tracker = Tracker(FaceRules(), models.threshold)
            tracker.add(Frame(picture), models.detect(picture))
            refused += bind([line], tracker.finish(), True, BindingRules()).refused
    assert Counter() == refused


def test_a_picture_with_nobody_is_looked_at_once_more(tiny: LoadedPack) -> None:
    looks = tiny.looks
    assert [] == tiny.detect(tiny_pack.scene())
    assert 2 == tiny.looks - looks


Row = tuple[NDArray[np.float32], NDArray[np.float32]]


@pytest.mark.parametrize(
    ("score", "aside", "kept"), [(0.9, 0.0, True), (0.4, 0.0, False), (0.9, 0.5, False)],
    ids=["certain", "weak", "somewhere else"],
)  # fmt: skip
def test_what_a_tile_takes_for_a_face_is_looked_at_closer(
    score: float, aside: float, kept: bool, tiny: LoadedPack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A face in the middle of each tile, and what a closer look at it says: so certain, and so far aside."""

    def detect(image: Image, input_size: tuple[int, int] | None = None) -> Row:
        tile, height, width = input_size == INPUT, *image.shape[:2]
        if not tile and input_size != (CLOSER_PX, CLOSER_PX):
            return np.empty((0, 5), np.float32), np.empty((0, 5, 2), np.float32)
        half = 20 if tile else CLOSER_PX / 6
        x, y = width / 2 + (0 if tile else aside * 4 * half), height / 2
        box = np.array([[x - half, y - half, x + half, y + half, 0.9 if tile else score]], np.float32)
        return box, np.zeros((1, 5, 2), np.float32)

    monkeypatch.setattr(tiny._detector, "detect", detect)
    assert kept == bool(tiny.detect(np.zeros((1300, 1800, 3), np.uint8)))


def test_a_search_holds_no_second_picture(tiny: LoadedPack) -> None:
    picture = np.full((4000, 6000, 3), 120, np.uint8)
    tracemalloc.start()
    tiny.detect(picture)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < picture.nbytes / 3


def test_a_picture_one_pixel_wide_is_searched_too(tiny: LoadedPack) -> None:
    for shape in ((1, 1, 3), (1, 5000, 3), (3000, 2, 3)):
        assert [] == tiny.detect(np.zeros(shape, np.uint8))


def test_packs_that_look_for_other_sizes_are_not_mistaken_for_each_other(tmp_path: Path) -> None:
    folder = tiny_pack.write(tmp_path / "tiny")
    pack = packs.read(folder)
    assert insightface_pack.load(pack, folder, 32) is not insightface_pack.load(pack, folder, 64)


@drawn
def test_in_thumbnails_as_many_faces_are_found_as_if_they_were_blown_up(
    models: LoadedPack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def both() -> Iterator[tuple[int, int, int]]:
        for number in range(60):
            rng = sample_rng("unit", "scene", 9_000 + number)
            scene = draw_random_scene(rng, PEOPLE_TEST, ((160, 120), (128, 160), (224, 224))[number % 3])
            wanted = [face for face in scene.faces if face.size >= 32 and face.visible >= LEAST_VISIBLE]
            found = models.detect(scene.image)
            with monkeypatch.context() as blown_up:
                blown_up.setattr(Search, "_fitted", lambda *_: None)
                larger = models.detect(scene.image)
            yield len(wanted), _hits(models, wanted, found), _hits(models, wanted, larger)

    wanted, found, larger = (sum(counted) for counted in zip(*both(), strict=True))
    assert wanted > 80
    assert found >= larger and found >= 0.9 * wanted


def _hits(models: LoadedPack, faces: Sequence[FaceLabel], found: Sequence[Detection]) -> int:
    sure = [one for one in found if one.score >= models.threshold]
    return sum(any(_overlap(face.box, one.box) >= SAME_BOX for one in sure) for face in faces)


@pytest.mark.parametrize(
    ("whole", "large", "expected"),
    [(0.7, 0.0, 0.4), (0.0, 0.95, 0.45), (0.0, 0.5, 0.5)],
    ids=["the whole is certain", "only thumbnails are, and the larger", "only the smallest is"],
)
def test_landmarks_come_from_the_largest_look_that_is_certain(
    whole: float, large: float, expected: float, tiny: LoadedPack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look puts its landmarks elsewhere; the smallest has the best score."""
    picture = np.zeros((400, 400, 3), np.uint8)

    def detect(image: Image, input_size: tuple[int, int] | None = None) -> Row:
        side = max(image.shape[:2])
        score, mark = {160: (0.99, 0.5), 320: (large, 0.45)}.get(side, (whole, 0.4))
        low, high = (0, side) if side == 400 else (side / 4, side / 2)
        box = np.array([[low + 0.05 * high] * 2 + [low + 0.95 * high] * 2 + [score]], np.float32)
        marks = np.full((1, 5, 2), low + mark * high, np.float32)
        kept = box[:, 4] >= 0.3
        return box[kept], marks[kept]

    monkeypatch.setattr(tiny._detector, "detect", detect)
    (one,) = tiny.detect(picture)
    assert np.allclose(one.landmarks, expected * 400)


def test_a_face_that_a_larger_look_is_certain_of_is_not_dropped_for_lying_in_a_large_one(
    tiny: LoadedPack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bystander's face before somebody's who fills the picture: both count, so nobody is bound. Doubtful parts go."""

    def detect(image: Image, input_size: tuple[int, int] | None = None) -> Row:
        side = max(image.shape[:2])
        low, high = (0, side) if side == 400 else (side / 4, side / 2)
        seen = [(0.05, 0.95, 0.9)] if side != 400 else [(0.3, 0.5, 0.8), (0.6, 0.7, 0.4), (0.0, 0.9, 0.35)]
        box = np.array([[low + a * high] * 2 + [low + b * high] * 2 + [s] for a, b, s in seen], np.float32)
        return box, np.full((len(seen), 5, 2), low + high / 2, np.float32)

    monkeypatch.setattr(tiny._detector, "detect", detect)
    sizes = sorted(round(one.size) for one in tiny.detect(np.zeros((400, 400, 3), np.uint8)))
    assert [80, 360] == sizes
