"""Files of a plan, drawn: photos with their time and orientation, clips in H.264. Any plan, any number of workers."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from habeas.synthetic.archives.archive_plan import Cast, Shot
from habeas.synthetic.archives.clips import Actor, Waypoint, write_clip
from habeas.synthetic.drawing.camera import encode_jpeg
from habeas.synthetic.drawing.nuisance import MILD, draw_camera, draw_light, draw_nuisance
from habeas.synthetic.drawing.people import Person
from habeas.synthetic.drawing.scenes import FaceLabel, Placement, draw_portrait, draw_scene
from habeas.synthetic.seeds import sample_rng

Progress = Callable[[int, int], None]
"""Called with (files drawn, files in all) after each file."""


def draw_shots(
    archive: Path, shots: Sequence[Shot], seed: int, workers: int = 1, progress: Progress | None = None
) -> list[list[dict[str, Any]]]:
    """Draw every shot into `archive`; what is really to be seen in each, in their order."""
    for folder in {(archive / shot.source_id / shot.file).parent for shot in shots}:
        folder.mkdir(parents=True, exist_ok=True)

    def counted(drawn: Iterable[list[dict[str, Any]]]) -> list[list[dict[str, Any]]]:
        done = []
        for faces in drawn:
            done.append(faces)
            if progress:
                progress(len(done), len(shots))
        return done

    tasks = [(archive, shot, seed) for shot in shots]
    if workers <= 1:
        return counted(map(_draw, tasks))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return counted(pool.map(_draw, tasks))


def _draw(task: tuple[Path, Shot, int]) -> list[dict[str, Any]]:
    archive, shot, seed = task
    cv2.setNumThreads(1)  # several OpenCV threads draw other bits
    place = archive / shot.source_id / shot.file
    rng = sample_rng("demo", shot.kind, shot.number, seed)
    faces = _film(place, shot, rng) if shot.kind == "clip" else _photograph(place, shot, rng)
    moment = shot.captured_at.timestamp()
    os.utime(place, (moment, moment))
    return faces


def _photograph(place: Path, shot: Shot, rng: np.random.Generator) -> list[dict[str, Any]]:
    if shot.kind == "portrait":
        scene = draw_portrait(Person.from_seed(shot.cast[0].person.seed), rng, shot.size)
    else:
        placed = [
            Placement(Person.from_seed(c.person.seed), c.x, c.y, c.face, draw_nuisance(rng, MILD))
            for c in shot.cast
        ]
        light, camera = draw_light(rng, MILD.light), draw_camera(rng, 0.3)
        scene = draw_scene(placed, shot.size, rng, light=light, camera=camera)
    # Stored lying on its side; the EXIF tag (6: turn right to view) puts it upright again.
    image = np.rot90(scene.image) if shot.turned else scene.image
    jpeg = encode_jpeg(np.ascontiguousarray(image), 90)
    place.write_bytes(_with_exif(jpeg, shot.captured_at, 6 if shot.turned else 1))
    return [_face(label, cast, None) for label, cast in zip(scene.faces, shot.cast, strict=True)]


def _film(place: Path, shot: Shot, rng: np.random.Generator) -> list[dict[str, Any]]:
    actors = [_actor(cast, shot) for cast in shot.cast]
    cuts = (shot.duration_ms // 3,) if shot.number % 5 == 1 else ()
    frames = write_clip(place, actors, shot.duration_ms, shot.fps, shot.size, rng, cuts_ms=cuts)
    by_seed = {cast.person.seed: cast for cast in shot.cast}
    return [_face(label, by_seed[label.person_seed], frame.ms) for frame in frames for label in frame.faces]


def _actor(cast: Cast, shot: Shot) -> Actor:
    person = Person.from_seed(cast.person.seed)
    if cast.nears > 1:
        last = cast.face * cast.nears  # who comes near a camera above the door grows and sinks
        near = Waypoint(cast.to_ms, cast.x, cast.y + 0.6 * (last - cast.face), last)
        path = (Waypoint(cast.from_ms, cast.x, cast.y, cast.face), near)
        return Actor(person, path, cast.from_ms, cast.to_ms)
    if not cast.walks:
        return Actor.seated(person, cast.x, cast.y, cast.face, cast.from_ms, cast.to_ms)
    path = (
        Waypoint(cast.from_ms, 0, cast.y, cast.face),
        Waypoint(cast.to_ms, shot.size[0], cast.y, cast.face),
    )
    return Actor(person, path, cast.from_ms, cast.to_ms)


def _face(label: FaceLabel, cast: Cast, at_ms: int | None) -> dict[str, Any]:
    face = {
        "badge": cast.person.badge,
        "box": [round(v, 1) for v in label.box],
        "visible": round(label.visible, 3),
    }
    return face if at_ms is None else {**face, "at_ms": at_ms}


def _with_exif(jpeg: bytes, captured_at: datetime, orientation: int) -> bytes:
    """The same picture with an EXIF header: when it was taken, with its zone, and which way is up."""
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = orientation
    detail = exif.get_ifd(0x8769)
    detail[0x9003] = captured_at.strftime("%Y:%m:%d %H:%M:%S")
    detail[0x9011] = "+00:00"
    body = exif.tobytes()
    return jpeg[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body + jpeg[2:]


def write_csv(place: Path, columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> None:
    """A list as an office hands it over."""
    with place.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
