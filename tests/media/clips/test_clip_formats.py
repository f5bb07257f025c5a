from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import clip_files as make
import numpy as np
import pytest

from habeas.media.clips import decode as pyav_clip
from habeas.media.clips.frame_image import one_field
from habeas.media.clips.stream import Spans
from habeas.media.clips.timestamps import Clock
from habeas.media.files import disk_files as files
from habeas.media.source import probe_at
from habeas.media.values import Frame
from habeas.model.errors import BadInput
from habeas.model.installation.limits import MediaLimits, Sampling

LIMITS = MediaLimits()
KEYFRAMES, EVERY = Sampling(per_second=25), Sampling("per_second", per_second=25)
PAIRS = [(container, codec) for container, codecs in make.HELD.items() for codec in codecs]
UNINDEXED = [("mpegts", "h264"), ("vob", "mpeg2"), ("vob", "h264"), ("matroska", "vp9"), ("webm", "av1")]


def _frames(path: Path, sampling: Sampling = EVERY, limits: MediaLimits = LIMITS) -> Iterator[Frame]:
    with files.open_regular(path.parent, path.name) as fd:
        yield from pyav_clip.frames(fd, sampling, limits)


def _times(path: Path, sampling: Sampling = EVERY) -> list[int]:
    return [frame.at_ms for frame in _frames(path, sampling)]


def _film(
    tmp_path: Path, container: str, codec: str = "h264", draw: make.Draw = make.moving, **how: Any
) -> Path:
    return make.film(tmp_path / f"a.{make.SUFFIX[container]}", container, codec, draw, **how)


@pytest.mark.parametrize(("container", "codec"), PAIRS)
def test_each_codec_in_each_container_shows_the_picture_of_the_moment(
    tmp_path: Path, container: str, codec: str
) -> None:
    path = _film(tmp_path, container, codec)
    about = probe_at(tmp_path, path.name, LIMITS)
    assert ("clip", make.WORD[container], 160, 120) == (about.media, about.format, about.width, about.height)
    assert 1900 <= about.duration_ms <= 2000
    seen = list(_frames(path))
    assert 42 <= len(seen) <= 50
    slack = 4 if codec == "av1" else 2  # its fastest encoder lets a small square lag
    for frame in seen:
        assert abs(make.left_side(frame.image) - frame.at_ms / 40) <= slack


@pytest.mark.parametrize(("container", "codec"), UNINDEXED)
def test_dense_keyframes_are_found_without_an_index(tmp_path: Path, container: str, codec: str) -> None:
    path = _film(tmp_path, container, codec, gop=10)
    seen = list(_frames(path, KEYFRAMES))
    assert 4 <= len(seen) <= 6
    for frame in seen:
        assert abs(make.left_side(frame.image) - frame.at_ms / 40) <= 2


@pytest.mark.parametrize(("container", "codec"), UNINDEXED)
def test_sparse_keyframes_without_an_index_are_filled_up(tmp_path: Path, container: str, codec: str) -> None:
    path = _film(tmp_path, container, codec, frames=60, gop=100)
    assert max(np.diff([*_times(path, Sampling()), 2400])) <= 1000


def test_keyframes_that_thin_out_in_later_fragments_are_filled_up(tmp_path: Path) -> None:
    noise = np.random.default_rng(5).integers(0, 255, (12, 240, 320, 3), np.uint8)
    shown = iter(range(200))

    def keys(frame: av.VideoFrame) -> av.VideoFrame:
        index = next(shown)
        frame.pict_type = 1 if index < 40 and index % 5 == 0 else 0
        return frame

    path = _film(
        tmp_path, "mp4", "h264", lambda i: noise[i % 12], frames=110, ready=keys,
        options={"movflags": "frag_keyframe+empty_moov"},
        extra={"x264-params": "keyint=infinite:scenecut=0", "forced-idr": "1"},
    )  # fmt: skip
    assert os.stat(path).st_size > 6_000_000  # more than FFmpeg reads at first
    assert max(np.diff([*_times(path, Sampling()), 4400])) <= 1000


def test_frames_shown_later_than_decoded_make_no_gap_at_the_end(tmp_path: Path) -> None:
    path = _film(tmp_path, "mp4", frames=100, gop=25)
    assert [0, 1000, 2000, 3000] == _times(path, Sampling())


def test_an_index_that_calls_every_frame_a_keyframe_is_found_out(tmp_path: Path) -> None:
    path = _film(tmp_path, "mp4", frames=100, gop=100)
    data = path.read_bytes()
    assert 1 == data.count(b"stss")  # without the list of keyframes every frame is one
    path.write_bytes(data.replace(b"stss", b"free"))
    seen = list(_frames(path, Sampling()))
    assert list(range(8)) == [frame.at_ms // 500 for frame in seen]
    assert list(range(8)) == [frame.index for frame in seen]


def test_a_keyframe_that_is_lost_is_made_up_for_by_the_frames_around_it(tmp_path: Path) -> None:
    path = _film(tmp_path, "matroska", frames=100, gop=20)
    with av.open(str(path)) as film:
        places = [(packet.pos, packet.size) for packet in film.demux(video=0) if packet.is_keyframe]
    data = bytearray(path.read_bytes())
    start = data.index(b"\x65", places[2][0])  # an IDR slice becomes one that nobody knows
    data[start] = 0x78
    path.write_bytes(data)
    seen = list(_frames(path, Sampling(max_gap_ms=900)))
    assert max(np.diff([*[frame.at_ms for frame in seen], 4000])) <= 1400


@pytest.mark.parametrize(
    ("between", "most"), [(3, 660), (11, 560), (16, 560)], ids=["few", "as many as between looks", "more"]
)
def test_a_clip_is_looked_at_as_often_as_asked_whatever_is_left_undecoded(
    tmp_path: Path, between: int, most: int
) -> None:
    params = f"keyint=250:scenecut=0:bframes={between}:b-adapt=0:b-pyramid=none"
    path = _film(tmp_path, "mp4", frames=100, extra={"preset": "veryfast", "x264-params": params})
    with av.open(str(path)) as film:
        kinds = [av.video.frame.PictureType(frame.pict_type).name for frame in film.decode(video=0)]
    assert kinds.count("B") >= 0.7 * len(kinds)
    seen = list(_frames(path, Sampling()))
    assert max(np.diff([frame.at_ms for frame in seen])) <= most and 7 <= len(seen)
    for frame in seen:
        assert abs(make.left_side(frame.image) - frame.at_ms / 40) <= 2


def test_a_clip_that_goes_on_behind_its_last_reference_is_decoded_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else nobody would see who comes in after it."""
    decoded: list[str] = []
    pictures = pyav_clip._pictures

    def noted(*args: Any, **how: Any) -> Iterator[Any]:
        decoded.append(how.get("leave_out", "nothing"))
        return pictures(*args, **how)

    monkeypatch.setattr(pyav_clip, "_pictures", noted)
    path = _film(tmp_path, "matroska", frames=50, gop=100)
    assert [0, 500, 1000, 1500] == [at // 500 * 500 for at in _times(path, Sampling())]
    assert ["NONREF"] == decoded
    monkeypatch.setattr(
        pyav_clip, "spans", lambda *_: Spans(3000, float("inf"))
    )  # a second that none refers to
    assert [0, 500, 1000, 1500] == [at // 500 * 500 for at in _times(path, Sampling())]
    assert ["NONREF", "NONREF", "nothing"] == decoded


def test_a_live_recording_without_a_length_is_measured(tmp_path: Path) -> None:
    path = _film(tmp_path, "matroska", options={"live": "1"})
    assert 2000 == probe_at(tmp_path, path.name, LIMITS).duration_ms


@pytest.mark.parametrize("codec", make.HELD["mpegts"])
def test_a_broadcast_that_begins_between_keyframes_is_seen_from_the_first_one(
    tmp_path: Path, codec: str
) -> None:
    path = _film(tmp_path, "mpegts", codec, frames=60, gop=20)
    data = path.read_bytes()
    path.write_bytes(data[188 * (len(data) // 188 // 6) :])
    seen = list(_frames(path))
    assert 37 <= len(seen) <= 40
    late = seen[0].at_ms  # the time is that of the recording, which began without a picture
    assert late > 200
    assert late + 1500 <= probe_at(tmp_path, path.name, LIMITS).duration_ms <= late + 1600
    for frame in seen:
        assert abs(make.left_side(frame.image) - 20 - (frame.at_ms - late) / 40) <= 3


def test_time_goes_on_where_a_transport_stream_counts_from_0_again(tmp_path: Path) -> None:
    wrap = 2**33 * 25 // 90_000
    path = _film(tmp_path, "mpegts", first=wrap - 25)
    assert [40 * index for index in range(50)] == _times(path)
    assert 2000 == probe_at(tmp_path, path.name, LIMITS).duration_ms


def test_time_goes_on_where_a_second_recording_is_joined(tmp_path: Path) -> None:
    one = _film(tmp_path, "mpegts", "mpeg2")
    one.write_bytes(one.read_bytes() * 2)
    times = _times(one)
    assert 98 <= len(times) <= 100
    assert max(np.diff(times)) <= 80 and times[-1] > 3800
    assert 3900 <= probe_at(tmp_path, one.name, LIMITS).duration_ms <= 4000
    assert 8 <= len(_times(one, KEYFRAMES)) <= 12


def test_a_late_start_is_no_gap(tmp_path: Path) -> None:
    for container, hours in (("mpegts", 9), ("vob", 9), ("matroska", 2)):
        path = _film(tmp_path, container, "mpeg2", first=25 * 3600 * hours)
        assert 0 == _times(path)[0]
        assert 1900 <= probe_at(tmp_path, path.name, LIMITS).duration_ms <= 2000


def test_frames_without_a_time_follow_the_rate_or_are_refused() -> None:
    clock = Clock(SimpleNamespace(time_base=Fraction(1, 1000), average_rate=Fraction(25)))
    assert [0, 40, 90, 130] == [clock.at_ms(stamp) for stamp in (10, None, 100, None)]
    for rate in (None, Fraction(0)):
        with pytest.raises(BadInput) as refused:
            Clock(SimpleNamespace(time_base=Fraction(1, 1000), average_rate=rate)).at_ms(None)
        assert "unreadable_container" == refused.value.reason


@pytest.mark.parametrize("container", ["matroska", "mp4", "mpegts"])
def test_a_rate_that_varies_keeps_its_times(tmp_path: Path, container: str) -> None:
    path = make.varied(tmp_path / "a", container, [0, 40, 400, 440, 1000])
    assert [0, 40, 400, 440, 1000] == _times(path)


@pytest.mark.parametrize(
    ("container", "codec"), [("mpegts", "mpeg2"), ("mpegts", "h264"), ("vob", "mpeg2"), ("matroska", "h264")]
)
def test_of_an_interlaced_frame_one_field_is_shown(tmp_path: Path, container: str, codec: str) -> None:
    def draw(index: int) -> np.ndarray:
        image = np.full((120, 160, 3), 30, np.uint8)
        image[::2, 20:60] = (0, 0, 220)  # where it was at the first moment
        image[1::2, 70:110] = (220, 0, 0)  # and at the second
        return image

    def weave(frame: av.VideoFrame) -> av.VideoFrame:
        return make.by_fields(frame.to_ndarray(format="bgr24"))

    path = _film(tmp_path, container, codec, draw, frames=5, ready=weave, extra={"flags": "+ilme+ildct"})
    for frame in _frames(path):
        shown = frame.image[20:100].astype(int)
        assert np.abs(np.diff(shown, axis=0)).max() < 30  # no comb
        assert np.abs(shown[:, 40] - (0, 0, 220)).max() < 30
        assert np.abs(shown[:, 90] - 30).max() < 30


@pytest.mark.parametrize("height", [8, 9])
def test_a_missing_line_lies_between_its_neighbours(height: int) -> None:
    image = np.arange(height, dtype=np.uint8)[:, None, None].repeat(4, 1).repeat(3, 2) * 10
    woven = image.copy()
    woven[1::2] = 255
    shown = one_field(woven)
    assert (image[: height - 1 + height % 2] == shown[: height - 1 + height % 2]).all()
    assert (shown[-1] == image[height - 2 + height % 2]).all()


@pytest.mark.parametrize("container", ["mp4", "matroska", "mpegts", "vob"])
def test_television_pixels_become_square(tmp_path: Path, container: str) -> None:
    def shape(stream: Any) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(16, 15)

    path = _film(tmp_path, container, "mpeg2", lambda i: make.moving(i, 720, 576), frames=12, shape=shape)
    about = probe_at(tmp_path, path.name, LIMITS)
    assert (768, 576) == (about.width, about.height)
    assert {(576, 768, 3)} == {frame.image.shape for frame in _frames(path)}


def test_pixels_of_an_absurd_shape_are_shown_as_coded(tmp_path: Path) -> None:
    def shape(stream: Any) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(5, 1)

    path = _film(tmp_path, "mpegts", frames=3, shape=shape)
    assert {(120, 160, 3)} == {frame.image.shape for frame in _frames(path)}


@pytest.mark.parametrize("container", ["mp4", "mov", "matroska"])
@pytest.mark.parametrize(
    ("degrees", "flip", "corner"),
    [(90, False, (1, 0)), (180, False, (1, 1)), (270, False, (0, 1)), (0, True, (0, 1)), (90, True, (1, 1))],
)
def test_a_turned_or_mirrored_clip_comes_upright(
    tmp_path: Path, container: str, degrees: int, flip: bool, corner: tuple[int, int]
) -> None:
    def draw(index: int) -> np.ndarray:
        image = np.full((96, 160, 3), 20, np.uint8)
        image[:32, :32] = 240  # top left as stored
        return image

    path = _film(
        tmp_path,
        container,
        "h264",
        draw,
        frames=3,
        shape=lambda s: s.set_display_rotation(degrees, hflip=flip),
    )
    about = probe_at(tmp_path, path.name, LIMITS)
    for frame in _frames(path):
        assert (about.height, about.width, 3) == frame.image.shape
        bright = np.argwhere(frame.image[:, :, 1] > 150).mean(axis=0) / frame.image.shape[:2]
        assert corner == tuple(int(part > 0.5) for part in bright)


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le"])
@pytest.mark.parametrize("matrix", [1, 5], ids=["BT.709", "BT.601"])
@pytest.mark.parametrize("span", [1, 2], ids=["limited", "full"])
def test_colours_come_out_as_they_were(tmp_path: Path, pix_fmt: str, matrix: int, span: int) -> None:
    patches = np.array([(30, 60, 200), (180, 120, 30), (60, 170, 90), (140, 170, 220)], np.uint8)
    image = patches.repeat(40, 0)[None].repeat(120, 0)

    def ready(frame: av.VideoFrame) -> av.VideoFrame:
        return frame.reformat(format=pix_fmt, dst_colorspace=matrix, dst_color_range=span)

    def shape(stream: Any) -> None:
        stream.codec_context.colorspace, stream.codec_context.color_range = matrix, span

    path = _film(
        tmp_path, "matroska", "h264", lambda _: np.ascontiguousarray(image), frames=2, pix_fmt=pix_fmt,
        shape=shape, ready=ready, extra={"crf": "4"},
    )  # fmt: skip
    for frame in _frames(path):
        for place, patch in enumerate(patches):
            assert np.abs(frame.image[60, place * 40 + 20].astype(int) - patch).max() <= 6


@pytest.mark.parametrize(("size", "matrix"), [((1280, 720), 1), ((720, 1280), 1), ((704, 576), 5)])
def test_where_no_matrix_is_named_the_size_says_which(
    tmp_path: Path, size: tuple[int, int], matrix: int
) -> None:
    image = np.full((size[1], size[0], 3), (30, 60, 200), np.uint8)
    path = _film(
        tmp_path, "mp4", "h264", lambda _: image, frames=2, extra={"crf": "4"},
        ready=lambda frame: frame.reformat(format="yuv420p", dst_colorspace=matrix),
    )  # fmt: skip
    with av.open(str(path)) as film:
        assert 2 == int(next(film.decode(video=0)).colorspace), "it names none"
    for frame in _frames(path):
        assert np.abs(frame.image.reshape(-1, 3).astype(int) - (30, 60, 200)).max() <= 6


def test_sizes_may_be_odd_or_large(tmp_path: Path) -> None:
    odd = _film(tmp_path, "webm", "vp9", lambda i: make.moving(i, 161, 121), frames=3)
    assert {(121, 161, 3)} == {frame.image.shape for frame in _frames(odd)}
    large = _film(tmp_path, "mpegts", "h265", lambda i: make.moving(i, 3840, 2160), frames=2)
    assert {(2160, 3840, 3)} == {frame.image.shape for frame in _frames(large)}


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("mpegts", "h264"),
        ("mpegts", "mpeg2"),
        ("matroska", "vp9"),
        ("vob", "mpeg2"),
        ("mp4", "h264"),
        ("mp4", "vp9"),
    ],
)
def test_a_size_that_changes_is_the_size_of_those_frames(tmp_path: Path, container: str, codec: str) -> None:
    path = make.growing(tmp_path / "a", container, codec, [(160, 120), (320, 240)])
    sizes = [frame.image.shape[:2] for frame in _frames(path)]
    assert 19 <= sizes.count((120, 160)) <= 20 and 19 <= sizes.count((240, 320)) <= 20


@pytest.mark.parametrize("container", ["mp4", "matroska"])
def test_an_attached_picture_is_no_track(tmp_path: Path, container: str) -> None:
    path = make.with_cover(tmp_path / "a", container)
    assert {(120, 160, 3)} == {frame.image.shape for frame in _frames(path)}


@pytest.mark.parametrize(
    ("defaults", "place"), [((True, False), 0), ((False, True), 100)], ids=["the first", "the second"]
)
def test_of_two_tracks_the_default_one_is_read(
    tmp_path: Path, defaults: tuple[bool, bool], place: int
) -> None:
    path = make.two_tracks(tmp_path / "a", "matroska", defaults)
    assert place == pytest.approx(make.left_side(next(_frames(path)).image), abs=2)


@pytest.mark.parametrize(
    ("container", "defaults"),
    [("matroska", (True, True)), ("matroska", (False, False)), ("mpegts", (True, False))],
)
def test_two_tracks_and_no_word_which_are_refused(
    tmp_path: Path, container: str, defaults: tuple[bool, bool]
) -> None:
    path = make.two_tracks(tmp_path / "a", container, defaults)
    with pytest.raises(BadInput) as refused:
        probe_at(tmp_path, path.name, LIMITS)
    assert "unreadable_container" == refused.value.reason


def test_a_matroska_clip_says_when_it_was_made(tmp_path: Path) -> None:
    path = _film(tmp_path, "matroska", frames=3, created="2026-03-04T05:06:07Z")
    assert datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC) == probe_at(tmp_path, path.name, LIMITS).captured_at


def test_a_dated_transport_stream_is_read_like_any(tmp_path: Path) -> None:
    plain = _film(tmp_path, "mpegts")
    dated = make.film(tmp_path / "a.m2ts", "mpegts", options={"mpegts_m2ts_mode": "1"})
    assert 0 == os.stat(dated).st_size % 192
    assert _times(plain) == _times(dated)


def test_a_film_of_old_quicktime_needs_no_file_type(tmp_path: Path) -> None:
    path = _film(tmp_path, "mov")
    data = path.read_bytes()
    assert b"ftyp" == data[4:8]
    path.write_bytes(b"\0\0\0\x14free" + data[8:])
    assert 50 == len(_times(path))
