"""TIFFs that nobody should write, and the word for each."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import media_files as make
import numpy as np
import photo_files as photos
from PIL import Image

Maker = Callable[[Path], object]
RGB = np.ascontiguousarray(make.picture(64, 48)[:, :, ::-1])
WHOLE = RGB.tobytes()


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
