from __future__ import annotations

import os
import resource
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import av
import media_files as make
import numpy as np
import pytest
from inotify import Watch

from habeas.media.clips import decode as pyav_clip
from habeas.media.clips import stream as clip_track
from habeas.media.source import probe_at
from habeas.media.values import Frame
from habeas.model.errors import BadInput
from habeas.model.installation.limits import MediaLimits, Sampling

LIMITS = MediaLimits()
KEYFRAMES = Sampling()


def _frames(path: Path, sampling: Sampling = KEYFRAMES, limits: MediaLimits = LIMITS) -> Iterator[Frame]:
    fd = os.open(path, os.O_RDONLY)
    try:
        yield from pyav_clip.frames(fd, sampling, limits)
    finally:
        os.close(fd)


def _moving(index: int) -> np.ndarray:
    image = np.full((120, 160, 3), 40, np.uint8)
    image[40:80, index : index + 40] = (0, 0, 230)
    return image


def test_keyframes_are_enough_where_they_are_dense(tmp_path: Path) -> None:
    make.clip(tmp_path / "a.mp4", _moving, frames=100, gop=20)
    seen = list(_frames(tmp_path / "a.mp4"))
    assert [0, 800, 1600, 2400, 3200] == [frame.at_ms for frame in seen]
    assert [0, 1, 2, 3, 4] == [frame.index for frame in seen]
    for frame in seen:  # the picture of that moment, not another's
        square = np.flatnonzero(frame.image[60, :, 2] > 150)
        assert abs(square[0] - frame.at_ms * 25 / 1000) <= 2


def test_sparse_keyframes_are_filled_up_by_a_full_decode(tmp_path: Path) -> None:
    make.clip(tmp_path / "a.mp4", _moving, frames=100, gop=100)
    times = [frame.at_ms for frame in _frames(tmp_path / "a.mp4")]
    assert max(np.diff([*times, 4000])) <= 1000
    assert 8 == len(times)


def test_a_last_second_without_a_keyframe_counts_as_a_gap(tmp_path: Path) -> None:
    make.clip(tmp_path / "a.mp4", _moving, frames=49, rate=25, gop=25)  # keys at 0 and 1 s, the end at 1.96 s
    assert 2 == len(list(_frames(tmp_path / "a.mp4", Sampling(max_gap_ms=1000))))
    assert 4 == len(list(_frames(tmp_path / "a.mp4", Sampling(max_gap_ms=950))))


def test_frames_are_never_more_often_than_asked(tmp_path: Path) -> None:
    make.clip(tmp_path / "a.mp4", _moving, frames=100, gop=1)
    assert 8 == len(list(_frames(tmp_path / "a.mp4")))
    assert 20 == len(list(_frames(tmp_path / "a.mp4", Sampling("per_second", per_second=5))))


def test_a_fragmented_clip_reads_the_same(tmp_path: Path) -> None:
    make.clip(tmp_path / "a.mp4", _moving, gop=10)
    make.clip(tmp_path / "b.mp4", _moving, gop=10, options={"movflags": "frag_keyframe+empty_moov"})
    assert [f.at_ms for f in _frames(tmp_path / "a.mp4")] == [f.at_ms for f in _frames(tmp_path / "b.mp4")]


def test_a_turned_clip_comes_upright(tmp_path: Path) -> None:
    def marked(index: int) -> np.ndarray:
        image = np.full((96, 160, 3), 20, np.uint8)
        image[:32, :32] = 240  # top left as stored; shown turned clockwise it is top right
        return image

    make.turned(make.clip(tmp_path / "a.mp4", marked, frames=5))
    (frame,) = _frames(tmp_path / "a.mp4")
    assert (160, 96, 3) == frame.image.shape
    assert frame.image[10, 85].min() > 180 and frame.image[10, 10].max() < 60


def test_cuts_are_counted_and_movement_is_not_one(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    scenes = [rng.integers(0, 255, (6, 8, 3)).astype(np.uint8).repeat(20, 0).repeat(20, 1) for _ in range(3)]

    def draw(index: int) -> np.ndarray:
        image = scenes[index // 50].copy()
        image[40:80, index % 50 : index % 50 + 40] = (0, 0, 230)
        return image

    make.clip(tmp_path / "a.mp4", draw, frames=150, gop=25)
    assert [0, 0, 1, 1, 2, 2] == [frame.shot for frame in _frames(tmp_path / "a.mp4")]


@pytest.mark.parametrize(
    ("limits", "sampling"),
    [
        (replace(LIMITS, max_frames=20), Sampling("per_second")),
        (replace(LIMITS, max_duration_s=1), Sampling()),
    ],
    ids=["frames", "duration"],
)
def test_caps_on_frames_and_length(tmp_path: Path, limits: MediaLimits, sampling: Sampling) -> None:
    make.clip(tmp_path / "a.mp4", _moving)
    with pytest.raises(BadInput) as refused:
        list(_frames(tmp_path / "a.mp4", sampling, limits))
    assert "over_limit" == refused.value.reason


def test_damaged_frames_are_refused_not_guessed(tmp_path: Path) -> None:
    data = bytearray(make.clip(tmp_path / "a.mp4", _moving).read_bytes())
    start, end = make.find(bytes(data), b"mdat")
    data[start + 8 : end] = os.urandom(end - start - 8)
    (tmp_path / "a.mp4").write_bytes(data)
    with pytest.raises(BadInput) as refused:
        list(_frames(tmp_path / "a.mp4"))
    assert "unreadable_container" == refused.value.reason


def test_memory_does_not_grow_with_the_length_of_a_clip(tmp_path: Path) -> None:
    make.clip(tmp_path / "short.mp4", frames=50, gop=5)
    make.clip(tmp_path / "long.mp4", frames=600, gop=5)
    every = Sampling("per_second", per_second=25)
    list(_frames(tmp_path / "short.mp4", every))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in _frames(tmp_path / "long.mp4", every):
        pass
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # KiB; 600 frames are 34 MB


def _pointing_at(canary: Path, port: int) -> dict[str, tuple[bytes, dict[str, str]]]:
    """Content that names the canary or the listener, and the options with which FFmpeg would follow it."""
    free = {
        "protocol_whitelist": "file,http,tcp,crypto,data",
        "allowed_extensions": "ALL",
        "extension_picky": "0",
    }
    head = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n"
    return {
        "m3u8 to a file": (f"{head}{canary}\n#EXT-X-ENDLIST\n".encode(), free),
        "m3u8 to an address": (f"{head}http://127.0.0.1:{port}/x.ts\n#EXT-X-ENDLIST\n".encode(), free),
        "concat list": (f"ffconcat version 1.0\nfile {canary}\n".encode(), {"safe": "0"}),
    }


@pytest.mark.parametrize("case", ["m3u8 to a file", "m3u8 to an address", "concat list"])
def test_a_list_opens_no_other_file_and_no_address(tmp_path: Path, case: str) -> None:
    canary = make.clip(tmp_path / "canary.mp4")
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.setblocking(False)
        content, follow = _pointing_at(canary, door.getsockname()[1])[case]
        (tmp_path / "a.mp4").write_bytes(content)
        watch = Watch(canary)
        with pytest.raises(BadInput) as refused:
            probe_at(tmp_path, "a.mp4", LIMITS)
        assert "playlist" == refused.value.reason
        with pytest.raises(BadInput):
            list(_frames(tmp_path / "a.mp4"))
        assert (0, 0) == (watch.opens(), _connections(door))

        # the same content, followed on purpose: the watch sees it
        trap = tmp_path / ("a.m3u8" if "m3u8" in case else "a.txt")
        trap.write_bytes(content)
        with suppress(av.FFmpegError, OSError):
            av.open(str(trap), options=follow, timeout=2).close()
        assert watch.opens() + _connections(door) > 0
        watch.close()


def _connections(door: socket.socket) -> int:
    count = 0
    while True:
        try:
            door.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


def test_a_clip_whose_frames_lie_in_another_file_opens_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a name without a folder is looked for here
    canary = make.clip(tmp_path / "canary.mp4")
    trap = make.with_outside_data(make.clip(tmp_path / "a.mp4"), str(canary))
    watch = Watch(canary)
    with pytest.raises(BadInput):
        list(_frames(trap))
    with suppress(BadInput):
        probe_at(tmp_path, "a.mp4", LIMITS)
    assert 0 == watch.opens()

    followed = av.open(str(trap), options={"enable_drefs": "1", "use_absolute_path": "1"})
    followed.close()
    assert watch.opens() > 0
    watch.close()


def test_the_door_refuses_whatever_the_container_asks_for() -> None:
    with pytest.raises(PermissionError):
        clip_track._refuse("http://127.0.0.1/x", 1, {})
