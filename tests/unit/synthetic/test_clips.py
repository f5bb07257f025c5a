"""Drawn clips: people are there in their time window, in their place, and the file plays."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from habeas.synthetic import Actor, ClipFrame, Person, Waypoint, sample_rng, write_clip
from habeas.synthetic.archives.clips import draw_clip_frames


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    cv2.setNumThreads(1)


def _actors() -> list[Actor]:
    walker = (Waypoint(0, 40.0, 70.0, 40.0), Waypoint(1000, 200.0, 70.0, 40.0))
    return [
        Actor.seated(Person.from_seed(1), 60.0, 90.0, 48.0, 0, 600),
        Actor(Person.from_seed(2), walker, 400, 1000),
    ]


def _film(path: Path) -> list[ClipFrame]:
    rng = sample_rng("unit", "clip", 1)
    return write_clip(path, _actors(), 1000, 10, (240, 160), rng, gop=5, cuts_ms=[700])


def test_people_are_there_in_their_time_window_only(tmp_path: Path) -> None:
    truth = _film(tmp_path / "a.mp4")
    assert [frame.ms for frame in truth] == list(range(0, 1000, 100))
    for frame in truth:
        there = {face.person_seed for face in frame.faces}
        assert (1 in there) == (frame.ms < 600)
        assert (2 in there) == (frame.ms >= 400)


def test_a_seated_person_stays_and_a_walker_moves(tmp_path: Path) -> None:
    truth = _film(tmp_path / "a.mp4")
    middles: dict[int, list[float]] = {1: [], 2: []}
    for frame in truth:
        for face in frame.faces:
            middles[face.person_seed].append((face.box[0] + face.box[2]) / 2)
    assert np.ptp(middles[1]) <= 1.5
    assert np.ptp(middles[2]) > 60


def test_the_file_plays_and_looks_like_what_was_drawn(tmp_path: Path) -> None:
    _film(tmp_path / "a.mp4")
    drawn = draw_clip_frames(_actors(), 1000, 10, (240, 160), sample_rng("unit", "clip", 1), cuts_ms=[700])
    with av.open(str(tmp_path / "a.mp4")) as film:
        assert film.streams.video[0].codec_context.name == "h264"
        played = [frame.to_ndarray(format="bgr24") for frame in film.decode(video=0)]
    assert len(played) == len(drawn) == 10
    for seen, (image, _) in zip(played, drawn, strict=True):
        assert np.abs(seen.astype(int) - image).mean() < 12


def test_a_cut_begins_another_shot(tmp_path: Path) -> None:
    frames = [
        image
        for image, _ in draw_clip_frames([], 1000, 10, (64, 48), sample_rng("unit", "clip", 2), cuts_ms=[500])
    ]
    before = np.abs(frames[4].astype(int) - frames[3]).mean()
    across = np.abs(frames[5].astype(int) - frames[4]).mean()
    assert across > 3 * before


def test_the_same_seed_films_the_same_bytes(tmp_path: Path) -> None:
    """Also where memory holds other rubbish: an encoder once let what it had not written shine through."""
    probe = (
        "import sys, cv2; cv2.setNumThreads(1)\n"
        "from pathlib import Path\n"
        "from habeas.synthetic import Actor, Person, sample_rng, write_clip\n"
        "actors = [Actor.seated(Person.from_seed(1), 60.0, 90.0, 48.0, 0, 600)]\n"
        "write_clip(Path(sys.argv[1]), actors, 600, 10, (128, 96), sample_rng('unit', 'clip', 1))\n"
    )
    for name, rubbish in (("a.mp4", "85"), ("b.mp4", "165")):
        command = [sys.executable, "-c", probe, str(tmp_path / name)]
        subprocess.run(command, check=True, env={**os.environ, "MALLOC_PERTURB_": rubbish})
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
