"""WebP, TIFF, AVIF and HEIC beside JPEG and PNG: read as they look, and refused by the right word."""

from __future__ import annotations

import os
import struct
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import media_files as make
import numpy as np
import photo_files as photos
import pillow_heif
import pytest
from bad_media import PHOTOS, heic
from PIL import Image

from habeas.media.photos import decode as images
from habeas.media.source import probe_at
from habeas.model.errors import BadInput
from habeas.model.installation.limits import MediaLimits

pillow_heif.register_heif_opener()
LIMITS = MediaLimits()
SAVED_AS, BOXED = {"heic": "HEIF"}, {"avif", "heic"}
EXACT: dict[str, dict[str, object]] = {
    "png": {}, "webp": {"lossless": True, "exact": True}, "tiff": {},
    "avif": {"quality": 100, "subsampling": "4:4:4", "speed": 10},
    "heic": {"quality": 100, "chroma": 444},
}  # fmt: skip


def _save(path: Path, kind: str, image: Image.Image | None = None, **more: object) -> Path:
    shown = Image.fromarray(make.picture()[:, :, ::-1]) if image is None else image
    shown.save(path, SAVED_AS.get(kind, kind.upper()), **{**EXACT[kind], **more})
    return path


def _decoded(path: Path, limits: MediaLimits = LIMITS) -> np.ndarray:
    fd = os.open(path, os.O_RDONLY)
    try:
        return images.decode(fd, limits).image
    finally:
        os.close(fd)


def _reason(path: Path, limits: MediaLimits = LIMITS) -> str:
    with pytest.raises(BadInput) as refused:
        probe_at(path.parent, path.name, limits)
    assert str(path.parent) not in str(refused.value)
    return refused.value.reason


@pytest.mark.parametrize("kind", EXACT)
def test_content_decides_what_a_photo_is_and_its_pixels_come_through(tmp_path: Path, kind: str) -> None:
    seen = probe_at(tmp_path, _save(tmp_path / "a.jpg", kind).name, LIMITS)
    assert ("photo", kind, 160, 120) == (seen.media, seen.format, seen.width, seen.height)
    assert np.abs(_decoded(tmp_path / "a.jpg").astype(int) - make.picture()).max() <= (
        12 if kind in BOXED else 0
    )


@pytest.mark.parametrize("orientation", range(1, 10))
@pytest.mark.parametrize("kind", EXACT)
def test_every_format_comes_upright_at_the_size_the_catalogue_has(
    tmp_path: Path, kind: str, orientation: int
) -> None:
    stored = Image.fromarray(make.picture(64, 48)[:, :, ::-1])
    about = Image.Exif()
    about[0x0112] = orientation
    _save(tmp_path / "a", kind, stored, exif=about.tobytes())
    turn = images._UPRIGHT.get(orientation)
    upright = np.asarray(stored if turn is None else stored.transpose(turn))[:, :, ::-1]
    seen, image = probe_at(tmp_path, "a", LIMITS), _decoded(tmp_path / "a")
    assert upright.shape == image.shape == (seen.height, seen.width, 3)
    assert np.abs(image.astype(int) - upright).max() <= (12 if kind in BOXED else 0)


@pytest.mark.parametrize("kind", EXACT)
def test_every_format_says_when_it_was_taken(tmp_path: Path, kind: str) -> None:
    about = Image.Exif()
    about.get_ifd(0x8769).update({0x9003: "2026:03:04 05:06:07", 0x9011: "Z"})
    _save(tmp_path / "a", kind, exif=about.tobytes())
    assert datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC) == probe_at(tmp_path, "a", LIMITS).captured_at


@pytest.mark.parametrize("kind", EXACT)
def test_one_more_picture_in_the_file_is_refused(tmp_path: Path, kind: str) -> None:
    other = Image.fromarray(make.picture()[::-1])
    _save(tmp_path / "a", kind, save_all=True, append_images=[other])
    assert "unsupported_format" == _reason(tmp_path / "a")
    with pytest.raises(BadInput, match="more than one picture"):
        _decoded(tmp_path / "a")


@pytest.mark.parametrize("kind", EXACT)
def test_what_is_transparent_is_not_seen(tmp_path: Path, kind: str) -> None:
    image = np.dstack([make.picture(64, 48), np.full((48, 64), 255, np.uint8)])
    image[:, 32:, 3] = 0
    image[:, 32:, :3] = 0
    seen = _decoded(_save(tmp_path / "a", kind, Image.fromarray(image)))
    assert seen[:, 34:].min() >= 250
    assert seen[:, :30].max() < 250


@pytest.mark.parametrize("kind", EXACT)
def test_a_file_cut_anywhere_is_refused_as_cut(tmp_path: Path, kind: str) -> None:
    data = _save(tmp_path / "whole", kind).read_bytes()
    for keep in range(12, len(data) - 1, max(1, len(data) // 25)):
        (tmp_path / "cut").write_bytes(data[:keep])
        assert "truncated" == _reason(tmp_path / "cut")
        with pytest.raises(BadInput):
            _decoded(tmp_path / "cut")


@pytest.mark.parametrize("kind", EXACT)
def test_random_damage_is_read_or_refused_and_never_anything_else(tmp_path: Path, kind: str) -> None:
    data = _save(tmp_path / "whole", kind, Image.fromarray(make.picture(48, 40))).read_bytes()
    for seed in range(60):
        rng = np.random.default_rng(seed)
        damaged = bytearray(data)
        for at in (*rng.integers(0, min(300, len(data)), 2), *rng.integers(0, len(data), 2)):
            damaged[at] = rng.integers(0, 256)
        (tmp_path / "damaged").write_bytes(damaged)
        for read in (_decoded, lambda path: probe_at(path.parent, path.name, LIMITS)):
            with suppress(BadInput):
                read(tmp_path / "damaged")


@pytest.mark.parametrize("kind", EXACT)
def test_caps_hold_for_every_format(tmp_path: Path, kind: str) -> None:
    _save(tmp_path / "a", kind)
    for limits in (replace(LIMITS, max_bytes=100), replace(LIMITS, max_pixels=160 * 120 - 1)):
        assert "over_limit" == _reason(tmp_path / "a", limits)


@pytest.mark.parametrize("kind", EXACT)
def test_a_photo_with_a_zip_behind_it_is_the_photo(tmp_path: Path, kind: str) -> None:
    with _save(tmp_path / "a", kind).open("ab") as file:
        file.write(
            struct.pack(">I", 12) + b"free\0\0\0\0" if kind in BOXED else b"PK\x03\x04 a zip, so they say"
        )
    assert kind == probe_at(tmp_path, "a", LIMITS).format


@pytest.mark.parametrize("side", [64, 100, 512])
def test_a_phones_grid_of_tiles_is_one_picture(tmp_path: Path, side: int) -> None:
    photos.heic_grid(tmp_path / "a", side)
    seen = probe_at(tmp_path, "a", LIMITS)
    assert ("heic", 320, 200) == (seen.format, seen.width, seen.height)
    assert np.abs(_decoded(tmp_path / "a").astype(int) - make.picture(320, 200)).max() <= 12


@pytest.mark.parametrize("case", PHOTOS)
def test_what_cannot_be_used_is_named_quickly(tmp_path: Path, case: str) -> None:
    maker, reason = PHOTOS[case]
    maker(tmp_path / "a.jpg")
    start = time.process_time()
    assert reason == _reason(tmp_path / "a.jpg")
    assert time.process_time() - start < 2


def test_a_burst_is_refused_with_what_to_do(tmp_path: Path) -> None:
    heic(b"msf1", b"hevc")(tmp_path / "a.heic")
    with pytest.raises(BadInput, match="convert it to JPEG or PNG"):
        probe_at(tmp_path, "a.heic", LIMITS)


def test_a_heic_is_no_broken_picture_where_no_thread_may_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos.heic_grid(tmp_path / "a")
    monkeypatch.setattr(images, "_threads", lambda: False)
    with pytest.raises(BadInput, match="unsupported_codec"):
        _decoded(tmp_path / "a")


def test_a_webp_canvas_bigger_than_its_picture_is_refused_not_filled(tmp_path: Path) -> None:
    photos.webp_of_size(tmp_path / "a.webp", 320, 320)
    with pytest.raises(BadInput) as refused:
        _decoded(tmp_path / "a.webp")
    assert "broken_image" == refused.value.reason
