"""Between two keyframes the frames that were passed over can be had: where two people came too near to tell apart."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import clip_files as make
import numpy as np
import pytest

from habeas.media.clips import decode as pyav_clip
from habeas.media.clips import skipped_frames as clip_passed
from habeas.media.files import disk_files as files
from habeas.media.sandbox.client import Decoder
from habeas.media.values import Frame, Frames, after
from habeas.model.errors import IntegrityError
from habeas.model.installation.limits import MediaLimits, Sampling

LIMITS = MediaLimits()
SPARSE = Sampling(max_gap_ms=1200, per_second=5)
PAIRS = [(container, codec) for container, codecs in make.HELD.items() for codec in codecs]


def _film(folder: Path, container: str = "mp4", codec: str = "h264", **how: Any) -> Path:
    how = {"frames": 75, "gop": 25} | how
    return make.film(folder / f"a.{make.SUFFIX[container]}", container, codec, **how)


@contextmanager
def _frames(path: Path, limits: MediaLimits = LIMITS) -> Iterator[Frames]:
    with files.open_regular(path.parent, path.name) as fd:
        frames = pyav_clip.frames(fd, SPARSE, limits)
        yield frames
        frames.close()


def _looked(frames: Frames, *wanted: int) -> list[Frame]:
    """Every frame given, when a closer look is asked for at the keyframes of these numbers."""
    seen, keys = [], 0
    frame = next(frames, None)
    while frame is not None:
        seen.append(Frame(frame.image.copy(), frame.at_ms, frame.index, frame.shot, frame.passed))
        keys += frame.passed
        frame = after(frames, closer=frame.passed and keys in wanted)
    return seen


@pytest.mark.parametrize(("container", "codec"), PAIRS)
def test_frames_between_two_keyframes_are_those_of_their_moments(
    tmp_path: Path, container: str, codec: str
) -> None:
    with _frames(_film(tmp_path, container, codec)) as frames:
        first = next(frames)
        assert not first.passed, "nothing lies before the first"
        coarse = next(frames)
        between = [frames.send(True)]
        while between[-1].at_ms < coarse.at_ms:
            between.append(next(frames))
        last = next(frames)
    assert coarse.passed and not between[-1].passed, "asked for once, a doubt is settled or stays"
    assert np.array_equal(coarse.image, between[-1].image)
    times = [frame.at_ms for frame in (first, *between, last)]
    assert sorted(times) == times and max(np.diff(times)[:-1]) <= 400 and 4 <= len(between) <= 5
    slack = 4 if codec == "av1" else 2
    for frame in (first, *between, last):
        assert abs(make.left_side(frame.image) - frame.at_ms / 40) <= slack
    assert list(range(1, len(between) + 1)) == [frame.index - 1 for frame in between]


def test_who_never_asks_gets_the_keyframes_alone(tmp_path: Path) -> None:
    with _frames(_film(tmp_path)) as frames:
        seen = _looked(frames)
    assert [(0, False), (1000, True), (2000, True)] == [(frame.at_ms, frame.passed) for frame in seen]


def test_asking_at_a_frame_that_passed_over_none_is_no_question(tmp_path: Path) -> None:
    with _frames(_film(tmp_path)) as frames:
        assert [0, 1000, 2000] == [next(frames).at_ms, frames.send(True).at_ms, next(frames).at_ms]


def test_a_cut_between_two_keyframes_is_found_where_it_is(tmp_path: Path) -> None:
    def draw(index: int) -> np.ndarray:
        return make.moving(index) if index < 35 else 255 - make.moving(index)

    with _frames(_film(tmp_path, draw=draw)) as frames:
        seen = _looked(frames, 2)
    assert [(0, 0), (1000, 0), (2000, 1)] == [(frame.at_ms, frame.shot) for frame in seen[:3]]
    assert (2000, 1) == (seen[-1].at_ms, seen[-1].shot) and 4 <= len(seen[3:])
    assert all(frame.shot == (frame.at_ms >= 1400) for frame in seen[3:])


def test_whoever_is_always_in_doubt_gets_no_more_frames_than_the_limit_and_loses_no_file(
    tmp_path: Path,
) -> None:
    path = _film(tmp_path, frames=175)
    with _frames(path, MediaLimits(max_frames=20)) as frames:
        seen = _looked(frames, *range(1, 7))
    assert list(range(0, 7000, 1000)) == sorted({frame.at_ms for frame in seen if frame.at_ms % 1000 == 0})
    assert not seen[-1].passed and 3 < sum(frame.at_ms % 1000 > 0 for frame in seen) < 10


@pytest.mark.parametrize("container", ["mp4", "matroska"])
@pytest.mark.parametrize(("degrees", "flip"), [(90, False), (180, False), (0, True), (90, True)])
def test_frames_between_are_turned_and_mirrored_as_their_keyframes_are(
    tmp_path: Path, container: str, degrees: int, flip: bool
) -> None:
    def corner(index: int) -> np.ndarray:
        image = np.full((96, 160, 3), 20, np.uint8)
        image[:32, :32] = 240
        return image

    path = _film(
        tmp_path, container, draw=corner, shape=lambda s: s.set_display_rotation(degrees, hflip=flip)
    )
    with _frames(path) as frames:
        seen = _looked(frames, 1, 2)
    assert 10 < len(seen) and 1 == len({frame.image.shape for frame in seen})
    places = [np.argwhere(frame.image[:, :, 1] > 150).mean(axis=0) for frame in seen]
    assert np.ptp(places, axis=0).max() <= 1


@pytest.mark.parametrize("codec", ["h264", "mpeg2"])
def test_a_closer_look_ends_where_a_frame_is_damaged(tmp_path: Path, codec: str) -> None:
    """What is decoded from a damaged frame shows a moment that is over: it would settle a doubt wrongly."""
    path = _film(tmp_path, "matroska", codec, draw=lambda i: make.moving(0 if i < 10 else 100))
    with av.open(str(path)) as film:
        places = [(p.pos, p.size) for p in film.demux(video=0) if p.size and 0.3 < p.pts * p.time_base < 0.55]
    data = bytearray(path.read_bytes())
    for start, size in places:
        data[start + size // 2] ^= 0xFF
    path.write_bytes(data)
    with _frames(path) as frames:
        seen = _looked(frames, 1)
    for frame in seen:
        truth = 0 if frame.at_ms < 400 else 100
        assert abs(make.left_side(frame.image) - truth) <= 2, "never what was shown before"
    assert max(frame.at_ms for frame in seen if frame.at_ms < 1000) < 600
    assert seen[-1].at_ms >= 2000, "and the clip goes on"


def test_a_stretch_too_long_for_memory_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _film(tmp_path)
    monkeypatch.setattr(clip_passed, "_MOST_BYTES", 2000)
    with _frames(path) as frames:
        assert [False, False, False] == [frame.passed for frame in _looked(frames)]


def test_nothing_is_promised_where_no_look_is_due_between(tmp_path: Path) -> None:
    with files.open_regular(tmp_path, _film(tmp_path, gop=1).name) as fd:
        frames = pyav_clip.frames(fd, Sampling(max_gap_ms=1200, per_second=2), LIMITS)
        assert [(0, False), (520, False), (1000, False)] == [
            (frame.at_ms, frame.passed) for frame in (next(frames), next(frames), next(frames))
        ]
        frames.close()


def test_a_closer_look_through_the_decoder_is_the_same(tmp_path: Path) -> None:
    path = _film(tmp_path)
    with _frames(path) as frames:
        plain = _looked(frames, 1)
    with Decoder(LIMITS) as decoder, path.open("rb") as file:
        through = _looked(decoder.frames(file.fileno(), "clip", SPARSE), 1)
        assert 8 == len(plain) == len(through)
        for one, other in zip(plain, through, strict=True):
            assert (one.at_ms, one.index, one.shot, one.passed) == (
                other.at_ms, other.index, other.shot, other.passed,
            )  # fmt: skip
            assert np.array_equal(one.image, other.image)
        assert 3 == len(_looked(decoder.frames(file.fileno(), "clip", SPARSE))), (
            "and what is asked next is fresh"
        )


def test_a_decoder_that_says_for_ever_that_it_passed_some_over_is_not_asked_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "told"
    path.write_bytes(b"passing")
    with Decoder(MediaLimits(max_frames=50), "decoder_stub") as decoder, path.open("rb") as file:
        frames = decoder.frames(file.fileno(), "clip", SPARSE)
        assert next(frames).passed
        with pytest.raises(IntegrityError):
            deque(iter(lambda: frames.send(True), None), maxlen=0)
