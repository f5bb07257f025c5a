"""Training pictures, drawn once into shards that trainers map into memory.

A shard is one .npy file of pixels and one .npz of labels, written under a temporary name and renamed when it
is whole, so a trainer may wait for it. Samples are numbered; the same number is the same picture.
"""

from __future__ import annotations

import time
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from habeas.synthetic.drawing.people import Person
from habeas.synthetic.drawing.scenes import FaceLabel, draw_random_scene, draw_snapshot
from habeas.synthetic.seeds import PEOPLE_TRAIN, sample_rng
from habeas.synthetic.training.samples.alignment import SIDE, TEMPLATE, similarity

MARGIN: Final = 8  # pixels around the aligned square, so that a trainer can shift it
WINDOW: Final = SIDE + 2 * MARGIN
CROP_PEOPLE: Final = 32_000
CROP_SHARDS: Final = 11  # shard k holds one picture of every person
_PART: Final = 500  # people whose crops a process draws at a time
SCENES_PER_SHARD: Final = 2_000
SCENE_SHARDS: Final = {
    320: 8,
    640: 1,
}  # picture side -> number of shards (a shard of 640 is a quarter as long)
MOST_FACES: Final = 12


def wait_for(path: Path) -> Path:
    """The path, as soon as the process that draws it has finished it."""
    while not path.exists():
        time.sleep(2.0)
    return path


def _finish(array: NDArray[np.uint8], labels: dict[str, NDArray[np.generic]], path: Path) -> None:
    labels_path = path.with_suffix(".npz")
    np.savez(labels_path, **labels)  # type: ignore[arg-type]
    temporary = path.with_suffix(".part")
    with temporary.open("wb") as stream:
        np.save(stream, array)
    temporary.rename(path)


def crop_path(folder: Path, shard: int) -> Path:
    """Where the crops of a shard lie: uint8 (people, WINDOW, WINDOW, 3) BGR, and `landmarks` (people, 5, 2)."""
    return folder / f"crops-{shard}.npy"


def draw_crops(folder: Path, shard: int, pool: Executor, people: int = CROP_PEOPLE) -> None:
    """One aligned picture of every training person, with the true landmarks inside the window."""
    path = crop_path(folder, shard)
    if path.exists():
        return
    temporary = path.with_suffix(".part")
    np.lib.format.open_memmap(temporary, "w+", np.uint8, (people, WINDOW, WINDOW, 3)).flush()
    parts = [range(first, min(first + _PART, people)) for first in range(0, people, _PART)]
    marks = list(pool.map(_draw_part, [temporary] * len(parts), [shard] * len(parts), parts))
    np.savez(path.with_suffix(".npz"), landmarks=np.concatenate(marks))
    temporary.rename(path)


def _draw_part(path: Path, shard: int, people: range) -> NDArray[np.float32]:
    """Some people's crops into their places of the file; gives their landmarks."""
    cv2.setNumThreads(1)
    pixels = np.load(path, mmap_mode="r+")
    landmarks = np.empty((len(people), 5, 2), np.float32)
    for place, index in enumerate(people):
        person = Person.from_seed(PEOPLE_TRAIN.start + index)
        pixels[index], landmarks[place] = draw_crop(person, sample_rng("train", "crop", index, shard))
    pixels.flush()
    return landmarks


def draw_crop(person: Person, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """One window of an aligned face (WINDOW, WINDOW, 3) BGR and its landmarks there (5, 2)."""
    face = float(np.exp(rng.uniform(np.log(40), np.log(220))))
    side = int(np.ceil(1.65 * face))
    scene = draw_snapshot(person, rng, (side, side), face)
    marks = np.array(scene.faces[0].landmarks)
    matrix = similarity(marks, TEMPLATE + MARGIN)
    window = cv2.warpAffine(scene.image, matrix, (WINDOW, WINDOW), flags=cv2.INTER_LINEAR)
    return window.astype(np.uint8, copy=False), (marks @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)


def scene_path(folder: Path, side: int, shard: int) -> Path:
    """Where the scenes of a shard lie: uint8 (n, side, side, 3) BGR, `faces` (n, MOST_FACES, 16), `count` (n,).

    A face is box (4), landmarks (10), size and visible share, in pixels.
    """
    return folder / f"scenes-{side}-{shard}.npy"


def draw_scenes(folder: Path, side: int, shard: int) -> None:
    """Scenes with faces from 10 pixels up (in the small pictures) or from 20 (in the large ones)."""
    path = scene_path(folder, side, shard)
    if path.exists():
        return
    number = SCENES_PER_SHARD if side == 320 else SCENES_PER_SHARD // 2
    pixels = np.empty((number, side, side, 3), np.uint8)
    faces = np.zeros((number, MOST_FACES, 16), np.float32)
    count = np.zeros(number, np.int64)
    for index in range(number):
        rng = sample_rng("train", "scene", index, 1000 * side + shard)
        scene = draw_random_scene(
            rng, PEOPLE_TRAIN, (side, side), most=8, smallest=side / 27, largest=0.85 * side
        )
        pixels[index] = scene.image
        count[index] = len(scene.faces)
        for slot, label in enumerate(scene.faces):
            faces[index, slot] = as_row(label)
    _finish(pixels, {"faces": faces, "count": count}, path)


def as_row(label: FaceLabel) -> NDArray[np.float32]:
    """A label as 16 numbers: box, landmarks, size, visible share."""
    marks = [value for point in label.landmarks for value in point]
    return np.array([*label.box, *marks, label.size, label.visible], np.float32)


def draw_all_scenes(folder: Path) -> None:
    """All scene shards, in the order the detector's training asks for them."""
    for shard in range(SCENE_SHARDS[320]):
        draw_scenes(folder, 320, shard)
        if shard == 2:
            draw_scenes(folder, 640, 0)


def draw_all_crops(folder: Path, processes: int = 1) -> None:
    """All crop shards, in the order the embedder's training asks for them."""
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        for shard in range(CROP_SHARDS):
            draw_crops(folder, shard, pool)
