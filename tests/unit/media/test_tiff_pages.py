"""TIFFs as scanners, editors and cameras write them, and as nobody should."""

from __future__ import annotations

import os
import time
from pathlib import Path

import media_files as make
import numpy as np
import photo_files as photos
import pytest
from bad_tiff import BAD, RGB, WHOLE, Maker
from PIL import Image

from habeas.media.photos import decode as images
from habeas.media.source import probe_at
from habeas.model.errors import BadInput
from habeas.model.installation.limits import MediaLimits

LIMITS = MediaLimits()
BGR = make.picture(64, 48)
DEEP = RGB.astype(np.uint16) * 257
GREY = RGB[:, :, :1].repeat(3, axis=2)


def _decoded(path: Path) -> np.ndarray:
    fd = os.open(path, os.O_RDONLY)
    try:
        return images.decode(fd, LIMITS).image
    finally:
        os.close(fd)


def _saved(**options: object) -> Maker:
    return lambda path: Image.fromarray(RGB).save(path, "TIFF", **options)


def _planes(path: Path, image: np.ndarray) -> None:
    tags = photos.rgb_tags(t258=[image.dtype.itemsize * 8] * 3, t284=[2])
    photos.tiff(path, [(tags, [image[:, :, channel].tobytes() for channel in range(3)])])


def _twelve_bits(path: Path) -> None:
    first, second = (DEEP[:, :, 0].ravel()[start::2] >> 4 for start in (0, 1))
    packed = np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], axis=1).astype(np.uint8)
    photos.tiff(path, [(photos.rgb_tags(t258=[12], t277=[1], t262=[1]), [packed.tobytes()])])


def _with_thumbnail(path: Path) -> None:
    photos.tiff(path, [(photos.rgb_tags(), [WHOLE]), (photos.rgb_tags(t254=[1]), [WHOLE])])


GOOD: dict[str, tuple[Maker, np.ndarray]] = {
    "LZW": (_saved(compression="tiff_lzw"), BGR),
    "deflate": (_saved(compression="tiff_adobe_deflate"), BGR),
    "PackBits": (_saved(compression="packbits"), BGR),
    "BigTIFF": (_saved(big_tiff=True), BGR),
    "tiles": (lambda p: photos.tiled_tiff(p, BGR), BGR),
    "big-endian": (lambda p: photos.tiff_of(p, order=">"), BGR),
    "16 bits": (lambda p: photos.tiff_of(p, DEEP), BGR),
    "16 bits, big-endian": (lambda p: photos.tiff_of(p, DEEP, order=">"), BGR),
    "planes": (lambda p: _planes(p, RGB), BGR),
    "planes of 16 bits": (lambda p: _planes(p, DEEP), BGR),
    "grey of 16 bits": (lambda p: photos.tiff_of(p, DEEP[:, :, 0]), GREY),
    "grey of 12 bits": (_twelve_bits, GREY),
    "grey where 0 is white": (lambda p: photos.tiff_of(p, 255 - RGB[:, :, 0], t262=[0]), GREY),
    "16-bit grey where 0 is white": (lambda p: photos.tiff_of(p, 65535 - DEEP[:, :, 0], t262=[0]), GREY),
    "a thumbnail behind it": (_with_thumbnail, BGR),
}


@pytest.mark.parametrize("case", GOOD)
def test_each_way_to_store_a_picture_gives_its_pixels(tmp_path: Path, case: str) -> None:
    maker, expected = GOOD[case]
    maker(tmp_path / "a.tif")
    seen = probe_at(tmp_path, "a.tif", LIMITS)
    assert ("tiff", 64, 48) == (seen.format, seen.width, seen.height)
    assert np.array_equal(expected, _decoded(tmp_path / "a.tif"))


def test_jpeg_inside_a_tiff_is_read(tmp_path: Path) -> None:
    Image.fromarray(RGB).save(tmp_path / "a.tif", compression="jpeg", quality=95)
    assert np.abs(_decoded(tmp_path / "a.tif").astype(int) - BGR).mean() < 12


@pytest.mark.parametrize("case", BAD)
def test_what_a_directory_claims_is_refused_quickly_by_the_right_word(tmp_path: Path, case: str) -> None:
    maker, reason = BAD[case]
    maker(tmp_path / "a.tif")
    start = time.monotonic()
    for read in (lambda: probe_at(tmp_path, "a.tif", LIMITS), lambda: _decoded(tmp_path / "a.tif")):
        with pytest.raises(BadInput) as refused:
            read()
        assert reason == refused.value.reason
        assert str(tmp_path) not in str(refused.value)
    assert time.monotonic() - start < 10, "the decoder that probes is a process of its own"
