from __future__ import annotations

import os
import resource
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from time import monotonic
from typing import Any

import clip_files as make
import media_files
import numpy as np
import pytest
from av.container.core import Flags
from inotify import Watch

from habeas.media.clips import decode as pyav_clip
from habeas.media.clips import mp4 as mp4_boxes
from habeas.media.clips import stream as clip_track
from habeas.media.files import disk_files as files
from habeas.media.source import probe_at
from habeas.media.values import Frame, MediaReason
from habeas.model.errors import BadInput
from habeas.model.installation.limits import MediaLimits, Sampling

LIMITS = MediaLimits()
EVERY = Sampling("per_second", per_second=25)
CONTAINERS = ["mp4", "matroska", "mpegts", "vob"]
STREAMS = {"mpegts", "vob"}  # without a length of their own
TABLES = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
SIGNATURES = {
    "mp4": b"\0\0\0\x18ftypisom\0\0\2\0isomiso2",
    "matroska": b"\x1a\x45\xdf\xa3\x84\x42\x86\x81\1",
    "mpegts": b"G".ljust(188, b"\xff") * 5,
    "vob": b"\0\0\1\xba\x44\0\4\0\4\1\0\0\3\xf8",
}


def _frames(path: Path, sampling: Sampling = EVERY, limits: MediaLimits = LIMITS) -> Iterator[Frame]:
    with files.open_regular(path.parent, path.name) as fd:
        yield from pyav_clip.frames(fd, sampling, limits)


def _read(path: Path, limits: MediaLimits = LIMITS) -> None:
    """As the catalogue reads a file, then as the worker does."""
    probe_at(path.parent, path.name, limits)
    list(_frames(path, EVERY, limits))


def _refused(path: Path, limits: MediaLimits = LIMITS) -> str:
    with pytest.raises(BadInput) as refused:
        _read(path, limits)
    assert refused.value.reason in MediaReason.ALL
    assert str(path) not in str(refused.value)
    return str(refused.value.reason)


def _codec(container: str) -> str:
    return "mpeg2" if container == "vob" else "h264"


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_clip_cut_anywhere_is_refused_or_a_shorter_recording(tmp_path: Path, container: str) -> None:
    whole = make.film(tmp_path / "whole", container, _codec(container), frames=12)
    data, cut = whole.read_bytes(), tmp_path / "cut"
    for number in range(40):
        keep = len(data) * number // 40
        cut.write_bytes(data[:keep])
        try:
            probe_at(tmp_path, "cut", LIMITS)
        except BadInput:
            continue
        assert container in STREAMS  # and never inside a packet
        assert container == "vob" or keep % 188 == 0
        with suppress(BadInput):
            assert len(list(_frames(cut))) < 12


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_clip_cut_inside_a_packet_is_truncated(tmp_path: Path, container: str) -> None:
    path = make.film(tmp_path / "a", container, _codec(container), frames=12)
    data = path.read_bytes()
    for cut in (7, 300, 301):
        path.write_bytes(data[:-cut])
        if container != "mp4" or cut > 7:  # the movie box is last there: without it nothing can be read
            assert _refused(path) in ("truncated", "unreadable_container")
    if container != "mp4":
        path.write_bytes(data[:-7])
        assert "truncated" == _refused(path)


@pytest.mark.parametrize("container", CONTAINERS)
def test_random_damage_is_read_or_refused_and_never_anything_else(tmp_path: Path, container: str) -> None:
    data = make.film(tmp_path / "whole", container, _codec(container), frames=8).read_bytes()
    for seed in range(40):
        rng = np.random.default_rng(seed)
        damaged = bytearray(data)
        for at in rng.integers(0, len(data) if seed % 2 else min(900, len(data)), 4):
            damaged[at] = rng.integers(0, 256)
        (tmp_path / "damaged").write_bytes(damaged)
        with suppress(BadInput):
            probe_at(tmp_path, "damaged", LIMITS)
            list(_frames(tmp_path / "damaged", Sampling()))


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_signature_with_nothing_behind_it_is_refused(tmp_path: Path, container: str) -> None:
    for behind in (b"", b"\0" * 50_000, b"\xff" * 50_000, b"\0\0\1\xe0" * 12_500):
        (tmp_path / "a").write_bytes(SIGNATURES[container] + behind)
        assert _refused(tmp_path / "a") in ("truncated", "unreadable_container", "unsupported_codec")


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_list_in_the_clothes_of_a_clip_opens_no_other_file_and_no_address(
    tmp_path: Path, container: str
) -> None:
    canary = media_files.clip(tmp_path / "canary.mp4", frames=3)
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.setblocking(False)
        address = f"http://127.0.0.1:{door.getsockname()[1]}/x.ts"
        for text in (
            f"\n#EXTM3U\n#EXTINF:1,\n{canary}\n{address}\n#EXT-X-ENDLIST\n",
            f"\nffconcat version 1.0\nfile {canary}\n",
        ):
            path = tmp_path / f"a.{make.SUFFIX[container]}"
            path.write_bytes(SIGNATURES[container] + text.encode())
            watch = Watch(canary)
            _refused(path)
            with pytest.raises(BadInput):
                list(_frames(path))
            assert 0 == watch.opens()
            watch.close()
        with pytest.raises(BlockingIOError):
            door.accept()


@pytest.mark.parametrize("container", CONTAINERS)
def test_no_container_is_opened_without_the_door_or_with_frames_held_back(
    tmp_path: Path, container: str
) -> None:
    make.film(tmp_path / "a", container, _codec(container), frames=3)
    with files.open_regular(tmp_path, "a") as fd, clip_track.opened(fd, LIMITS) as clip:
        assert clip_track._refuse is clip.container.io_open
        assert 0 == clip.container.flags & Flags.gen_pts.value
        assert clip.kind.demuxer == clip.container.format.name == clip.container.options["format_whitelist"]


def test_the_door_alone_keeps_a_clip_from_another_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    canary = media_files.clip(tmp_path / "canary.mp4", frames=3)
    trap = media_files.with_outside_data(media_files.clip(tmp_path / "a.mp4", frames=3), str(canary))
    monkeypatch.setattr(clip_track, "_OPTIONS", {"enable_drefs": "1", "use_absolute_path": "1"})
    watch = Watch(canary)
    with suppress(BadInput):
        list(_frames(trap))
    assert 0 == watch.opens()
    watch.close()


@pytest.mark.parametrize(
    ("container", "codec"),
    [("mpegts", "h264"), ("mpegts", "h265"), ("mpegts", "mpeg2"), ("vob", "mpeg2"), ("matroska", "vp9"),
     ("matroska", "vp8"), ("matroska", "av1"), ("matroska", "h264")],
)  # fmt: skip
def test_frames_that_grow_beyond_the_limit_are_over_it(tmp_path: Path, container: str, codec: str) -> None:
    path = make.growing(tmp_path / "a", container, codec, [(160, 120), (640, 480)])
    assert "over_limit" == _refused(path, replace(LIMITS, max_pixels=200 * 200))


@pytest.mark.parametrize("container", CONTAINERS)
def test_caps_on_pixels_frames_and_length_hold_in_every_container(tmp_path: Path, container: str) -> None:
    path = make.film(tmp_path / "a", container, _codec(container))
    for limits in (
        replace(LIMITS, max_pixels=160 * 120 - 1),
        replace(LIMITS, max_frames=20),
        replace(LIMITS, max_duration_s=1),
    ):
        assert "over_limit" == _refused(path, limits)


def test_a_picture_stretched_beyond_the_limit_is_over_it(tmp_path: Path) -> None:
    def shape(stream: Any) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(3, 1)

    path = make.film(tmp_path / "a", frames=3, shape=shape)
    assert "over_limit" == _refused(path, replace(LIMITS, max_pixels=160 * 120 * 2))
    assert "too_small" == _refused(make.film(tmp_path / "b", "vob", "mpeg2", lambda i: make.moving(i)[:8]))


def test_a_header_of_a_hundred_hours_is_over_the_limit(tmp_path: Path) -> None:
    path = make.with_length(make.film(tmp_path / "a.mkv", "matroska"), 100 * 3_600_000)
    assert "over_limit" == _refused(path)


def test_time_stamps_that_leap_are_over_the_limit(tmp_path: Path) -> None:
    path = make.varied(tmp_path / "a.mkv", "matroska", [0, 40, 80, 100 * 3_600_000])
    assert "over_limit" == _refused(path)


def test_a_start_before_0_is_no_error(tmp_path: Path) -> None:
    path = make.film(tmp_path / "a.ts", "mpegts", frames=3, first=-125)
    assert [0, 40, 80] == [frame.at_ms for frame in _frames(path)]


@pytest.mark.parametrize("count", [2**32 - 1, 80_000_000, 3_000_000])
def test_a_table_that_claims_millions_of_samples_is_refused_before_room_is_made(
    tmp_path: Path, count: int
) -> None:
    path = media_files.clip(tmp_path / "a.mp4", frames=3)
    data = bytearray(path.read_bytes())
    sizes, _ = media_files.find(bytes(data), *TABLES, b"stsz")
    data[sizes + 12 : sizes + 20] = struct.pack(">II", 1, count)
    chunks, _ = media_files.find(bytes(data), *TABLES, b"stsc")
    data[chunks + 20 : chunks + 24] = struct.pack(">I", count)
    path.write_bytes(data)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, monotonic()
    assert "over_limit" == _refused(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # KiB
    assert monotonic() - start < 1


def test_a_fragment_that_claims_millions_of_samples_is_refused(tmp_path: Path) -> None:
    path = make.film(tmp_path / "a.mp4", "mp4", frames=5, options={"movflags": "frag_keyframe+empty_moov"})
    data = bytearray(path.read_bytes())
    at = data.index(b"trun")
    data[at + 8 : at + 12] = struct.pack(">I", 80_000_000)
    path.write_bytes(data)
    assert "over_limit" == _refused(path)


def test_sound_without_compression_counts_by_blocks() -> None:
    def full(name: bytes, *words: int) -> bytes:
        return struct.pack(f">I4sI{len(words)}I", 12 + 4 * len(words), name, 0, *words)

    def track(handler: bytes, per_chunk: int) -> bytes:
        inside = full(b"hdlr", 0, int.from_bytes(handler)) + full(b"stts", 1, 10**8, 1)
        inside += full(b"stsc", 1, 1, per_chunk, 1) + full(b"stsz", 4, 10**8) + full(b"stco", 100)
        return struct.pack(">I4s", 8 + len(inside), b"trak") + inside

    assert 100 + 10**8 // 1024 == mp4_boxes._samples(track(b"soun", 10**6))
    assert 10**8 == mp4_boxes._samples(track(b"vide", 10**6))
    assert mp4_boxes._samples(track(b"soun", 2**32 - 1)) > 10**8


def test_more_boxes_than_a_film_needs_are_refused(tmp_path: Path) -> None:
    many = struct.pack(">I4s", 8, b"free") * 100_001
    (tmp_path / "a.mp4").write_bytes(SIGNATURES["mp4"] + struct.pack(">I4s", 8 + len(many), b"moov") + many)
    assert "over_limit" == _refused(tmp_path / "a.mp4")


def test_boxes_inside_boxes_without_end_are_refused(tmp_path: Path) -> None:
    deep = b"".join(struct.pack(">I4s", 8 * (100_000 - level), b"trak") for level in range(99_998))
    movie = struct.pack(">I4s", 8 + len(deep), b"moov") + deep
    (tmp_path / "a.mp4").write_bytes(SIGNATURES["mp4"] + movie)
    assert _refused(tmp_path / "a.mp4") in ("over_limit", "unreadable_container")


def _encrypted_packets(path: Path) -> None:
    data = bytearray(make.film(path, "mpegts").read_bytes())
    for at in range(188 * 3, len(data), 188):
        data[at + 3] |= 0x80
    path.write_bytes(data)


def _encrypted_pack(path: Path) -> None:
    data = bytearray(make.film(path, "vob", "mpeg2").read_bytes())
    at = data.index(b"\0\0\1\xe0", len(data) // 2)
    data[at + 6] |= 0x10
    path.write_bytes(data)


ENCRYPTED: dict[str, Callable[[Path], object]] = {
    "matroska": lambda path: make.with_encryption(make.film(path, "matroska")),
    "mpegts": _encrypted_packets,
    "vob": _encrypted_pack,
}


@pytest.mark.parametrize("container", ENCRYPTED)
def test_encrypted_video_is_named_so(tmp_path: Path, container: str) -> None:
    ENCRYPTED[container](tmp_path / "a")
    assert "unsupported_codec" == _refused(tmp_path / "a")


def test_the_surgery_alone_harms_no_clip(tmp_path: Path) -> None:
    path = make.with_encryption(make.film(tmp_path / "a", "matroska"), mark=b"")
    assert 50 == len(list(_frames(path)))


@pytest.mark.parametrize("container", ["mp4", "matroska"])
def test_a_codec_that_is_not_read_is_named_so(tmp_path: Path, container: str) -> None:
    path = make.film(tmp_path / "a", container, "mpeg4", frames=3)
    assert "unsupported_codec" == _refused(path)


@pytest.mark.parametrize("container", ["mpegts", "matroska"])
def test_memory_does_not_grow_with_the_length_of_a_clip(tmp_path: Path, container: str) -> None:
    short = make.film(tmp_path / "short", container, frames=50)
    long = make.film(tmp_path / "long", container, frames=600, draw=lambda i: make.moving(i % 100))
    list(_frames(short))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert 600 == sum(1 for _ in _frames(long))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 15_000  # KiB; 600 frames are 34 MB


def test_tracks_that_come_up_at_the_end_change_nothing(tmp_path: Path) -> None:
    noise = np.random.default_rng(5).integers(0, 255, (12, 240, 320, 3), np.uint8)
    sharp = {"qmin": "1", "qmax": "2"}
    path = make.film(tmp_path / "a", "vob", "mpeg2", lambda i: noise[i % 12], frames=70, extra=sharp)
    assert path.stat().st_size > 6_000_000  # more than FFmpeg reads at first
    sound = b"".join(
        b"\0\0\1" + bytes([0xC0 + number]) + b"\0\x40\x80\0\0".ljust(66, b"\x55") for number in range(32)
    )
    whole = path.read_bytes().removesuffix(b"\0\0\1\xb9")
    path.write_bytes(whole + sound)
    assert 68 <= len(list(_frames(path))) <= 70


def test_names_with_the_new_endings_claim_to_be_media() -> None:
    for ending in make.SUFFIX.values():
        assert files.media_name(f"a.{ending.upper()}")
    assert os.path.splitext("a.ts")[1] in files.MEDIA_EXTENSIONS
