"""TIFFs as scanners, editors and cameras write them, and as nobody should."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import media_files as make
import numpy as np
import photo_files as photos
import pytest
from PIL import Image

from habeas.adapters import images
from habeas.adapters.media import probe_at
from habeas.errors import BadInput
from habeas.model.limits import MediaLimits

LIMITS = MediaLimits()
BGR = make.picture(64, 48)
RGB = np.ascontiguousarray(BGR[:, :, ::-1])
DEEP = RGB.astype(np.uint16) * 257
GREY = RGB[:, :, :1].repeat(3, axis=2)
WHOLE = RGB.tobytes()
Maker = Callable[[Path], object]


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


def _page(**tags: Sequence[int]) -> Maker:
    return lambda path: photos.tiff(path, [(photos.rgb_tags(**tags), [WHOLE])])


def _loop(path: Path) -> None:
    thumbnail = (photos.rgb_tags(t254=[1]), [WHOLE])
    photos.tiff(path, [(photos.rgb_tags(), [WHOLE]), thumbnail, thumbnail], loop=True)


def _many(count: int, **tags: Sequence[int]) -> Maker:
    pages = [(photos.rgb_tags(), [WHOLE])] + [(photos.rgb_tags(**tags), [b"\0"])] * (count - 1)
    return lambda path: photos.tiff(path, pages)


def _jpeg_cut_inside(path: Path) -> None:
    Image.fromarray(RGB).save(path, "TIFF", compression="jpeg")
    data = bytearray(path.read_bytes())
    end = data.index(b"\xff\xd9", data.index(b"\xff\xda"))  # of the first strip
    data[end : end + 2] = b"\0\0"
    path.write_bytes(data)


def _huge_table(path: Path) -> None:
    photos.tiff(path, [(photos.rgb_tags(), [WHOLE])])
    data = bytearray(path.read_bytes())
    at = data.index(struct.pack("<HHL", 273, 4, 1))
    data[at + 4 : at + 8] = struct.pack("<L", 2**21)
    path.write_bytes(data)


def _values_cut_off(path: Path) -> None:
    _page(t270=[65] * 50)(path)
    path.write_bytes(path.read_bytes()[:-10])


BAD: dict[str, tuple[Maker, str]] = {
    "float with NaN": (
        lambda p: photos.tiff_of(p, np.full((48, 64), np.nan, np.float32), t339=[3]), "unsupported_color",
    ),
    "float RGB": (
        lambda p: photos.tiff_of(p, np.full((48, 64, 3), np.nan, np.float32), t339=[3] * 3), "unsupported_color",
    ),
    "32-bit grey": (lambda p: photos.tiff_of(p, np.zeros((48, 64), np.uint32)), "unsupported_color"),
    "signed": (lambda p: photos.tiff_of(p, np.zeros((48, 64), np.int8), t339=[2]), "unsupported_color"),
    "64-bit grey": (lambda p: photos.tiff_of(p, np.zeros((48, 64), np.uint64)), "unsupported_color"),
    "raw sensor": (_page(t262=[32803]), "unsupported_color"),
    "plain YCbCr": (_page(t262=[6]), "unsupported_color"),
    "one channel too few": (_page(t277=[2], t258=[8, 8], t262=[2]), "unsupported_color"),
    "fax": (_page(t259=[4]), "unsupported_codec"),
    "old JPEG": (_page(t259=[6]), "unsupported_codec"),
    "claims 2^31 squared": (_page(t256=[2**31], t257=[2**31]), "over_limit"),
    "tile of 2^31 squared": (_page(t322=[2**31], t323=[2**31]), "over_limit"),
    "table of 2^21 strips": (_huge_table, "over_limit"),
    "100 directories": (_many(100, t254=[1]), "over_limit"),
    "directories in a circle": (_loop, "broken_image"),
    "no size": (_page(t256=[0]), "broken_image"),
    "no rows a strip": (_page(t278=[0]), "broken_image"),
    "too few strips": (_page(t278=[8]), "broken_image"),
    "strip too short": (_page(t279=[100]), "broken_image"),
    "strip without place": (_page(t273=[0]), "broken_image"),
    "tiles behind the end": (
        lambda p: photos.tiff(p, [(photos.rgb_tags(t322=[64], t323=[48], t324=[10**9]), [WHOLE])]), "truncated",
    ),
    "strip over the end": (_page(t279=[10**6]), "truncated"),
    "values cut off": (_values_cut_off, "truncated"),
    "first directory behind the end": (lambda p: p.write_bytes(b"II*\0\xff\xff\xff\x7f" + b"\0" * 90), "truncated"),
    "JPEG strip without its end": (_jpeg_cut_inside, "truncated"),
    "only a thumbnail": (_page(t254=[1]), "unsupported_format"),
    "two pages": (_many(2), "unsupported_format"),
    "big-endian BigTIFF": (lambda p: p.write_bytes(b"MM\0+" + b"\0" * 90), "unsupported_format"),
    "no directory": (lambda p: p.write_bytes(b"II*\0" + b"\0" * 90), "broken_image"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_a_directory_claims_is_refused_quickly_by_the_right_word(tmp_path: Path, case: str) -> None:
    maker, reason = BAD[case]
    maker(tmp_path / "a.tif")
    start = time.process_time()
    for read in (lambda: probe_at(tmp_path, "a.tif", LIMITS), lambda: _decoded(tmp_path / "a.tif")):
        with pytest.raises(BadInput) as refused:
            read()
        assert reason == refused.value.reason
        assert str(tmp_path) not in str(refused.value)
    assert time.process_time() - start < 1
