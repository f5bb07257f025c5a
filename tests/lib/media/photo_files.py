"""Photos that Pillow doesn't write itself: TIFFs tag by tag, AVIFs and PNGs with parts put in, JPEGs in inks."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pillow_heif as heif
from media_files import Picture, picture
from numpy.typing import NDArray
from PIL import Image

Tags = Mapping[int, Sequence[int]]
_CODES = {"B": 1, "H": 3, "L": 4}


def tiff(
    path: Path, pages: Sequence[tuple[Tags, Sequence[bytes]]], *, order: str = "<", loop: bool = False
) -> Path:
    """One directory a page. The strips or tiles of a page are written first, where its tags don't say a place.

    `loop`: the last directory names the first as the next one.
    """
    data = bytearray((b"II*\0" if order == "<" else b"MM\0*") + b"\0" * 4)
    link, first = 4, 0
    for tags, parts in pages:
        places = []
        for part in parts:
            places.append(len(data))
            data += part
        data += b"\0" * (len(data) % 2)
        tiled = 322 in tags
        filled = {
            324 if tiled else 273: places,
            325 if tiled else 279: [len(part) for part in parts],
            **tags,
        }
        entries, behind = b"", b""
        start = len(data) + 2 + 12 * len(filled) + 4
        for tag, values in sorted(filled.items()):
            code = "L" if tag in {273, 279, 324, 325} or max(values, default=0) > 65535 else "H"
            packed = struct.pack(f"{order}{len(values)}{code}", *values)
            value = packed.ljust(4, b"\0")
            if len(packed) > 4:
                value, behind = struct.pack(order + "L", start + len(behind)), behind + packed
            entries += struct.pack(order + "HHL", tag, _CODES[code], len(values)) + value
        here = len(data)
        data[link : link + 4] = struct.pack(order + "L", here)
        first, link = first or here, start - 4
        data += struct.pack(order + "H", len(filled)) + entries + b"\0" * 4 + behind
    if loop:
        data[link : link + 4] = struct.pack(order + "L", first)
    path.write_bytes(data)
    return path


def rgb_tags(width: int = 64, height: int = 48, **more: Sequence[int]) -> dict[int, Sequence[int]]:
    """Tags of an RGB picture of 8 bits in one strip; `more` as t258=(16, 16, 16)."""
    tags: dict[int, Sequence[int]] = {
        256: [width], 257: [height], 258: [8, 8, 8], 259: [1], 262: [2], 277: [3], 278: [height],
    }  # fmt: skip
    return tags | {int(name[1:]): values for name, values in more.items()}


def tiff_of(
    path: Path, image: NDArray[np.generic] | None = None, *, order: str = "<", **more: Sequence[int]
) -> Path:
    """An RGB or grey TIFF of one strip out of the array's own numbers (bytes are swapped for `order`)."""
    pixels = np.ascontiguousarray(picture(64, 48)[:, :, ::-1]) if image is None else image
    height, width = pixels.shape[:2]
    samples = pixels.shape[2] if pixels.ndim == 3 else 1
    bits = [pixels.dtype.itemsize * 8] * samples
    stored = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    tags = rgb_tags(width, height, t258=bits, t277=[samples], t262=[2 if samples > 1 else 1]) | {
        int(name[1:]): values for name, values in more.items()
    }
    return tiff(path, [(tags, [stored])], order=order)


def tiled_tiff(path: Path, image: Picture, side: int = 32) -> Path:
    """Uncompressed tiles of `side` pixels, padded at the edges; `image` is BGR."""
    height, width = image.shape[:2]
    down, across = -(-height // side), -(-width // side)
    padded = np.zeros((down * side, across * side, 3), np.uint8)
    padded[:height, :width] = image[:, :, ::-1]
    tiles = [
        padded[y : y + side, x : x + side].tobytes()
        for y in range(0, down * side, side)
        for x in range(0, across * side, side)
    ]
    tags = rgb_tags(width, height, t322=[side], t323=[side])
    del tags[278]
    return tiff(path, [(tags, tiles)])


def inks(image: Picture) -> Image.Image:
    """A BGR picture in cyan, magenta, yellow and no black."""
    full = np.zeros((*image.shape[:2], 4), np.uint8)
    full[:, :, :3] = 255 - image[:, :, ::-1]
    return Image.frombytes("CMYK", image.shape[1::-1], full.tobytes())


def ycck_jpeg(path: Path, image: Picture) -> Path:
    """A JPEG whose Adobe segment says YCCK: its inks, inverted, as luma and chroma beside black."""
    cmyk = np.asarray(inks(image))
    coded = np.asarray(Image.fromarray(np.ascontiguousarray(cmyk[:, :, :3])).convert("YCbCr"))
    # Pillow inverts CMYK as it writes; what stands in the file has to be luma, chroma and inverted black
    stored = np.dstack([255 - coded, cmyk[:, :, 3]])
    Image.frombytes("CMYK", image.shape[1::-1], stored.tobytes()).save(path, "JPEG", quality=98)
    data = bytearray(path.read_bytes())
    data[data.index(b"Adobe") + 11] = 2
    path.write_bytes(data)
    return path


def with_chunk(path: Path, name: bytes, content: bytes) -> Path:
    """Puts a chunk into a PNG, right behind its header."""
    data = path.read_bytes()
    chunk = struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    path.write_bytes(data[:33] + chunk + data[33:])
    return path


def png_16_bits(image: NDArray[np.uint16], key: tuple[int, int, int]) -> bytes:
    """An RGB PNG of 16 bits a channel in which the colour `key` is transparent."""
    height, width = image.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in image)
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)),
        (b"tRNS", struct.pack(">3H", *key)), (b"IDAT", zlib.compress(rows)), (b"IEND", b""),
    ]  # fmt: skip
    chunks = (struct.pack(">I", len(c)) + n + c + struct.pack(">I", zlib.crc32(n + c)) for n, c in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def avif_of_size(path: Path, width: int, height: int) -> Path:
    """An AVIF whose size properties claim something else than its pixels."""
    Image.fromarray(picture()[:, :, ::-1]).save(path, "AVIF", speed=10)
    return _claiming(path, width, height)


def heic_of_size(path: Path, width: int, height: int) -> Path:
    """A HEIC whose size property claims something else than its pixels."""
    heif.from_pillow(Image.fromarray(picture()[:, :, ::-1])).save(path, format="HEIF")
    return _claiming(path, width, height)


def heic_grid(path: Path, side: int = 64, claims: tuple[int, int, int, int] | None = None) -> Path:
    """A HEIC as phones write them, a grid of tiles. `claims`: rows and columns less one, width and height instead."""
    shown = picture(320, 200)
    heif.options.GRID_TILE_SIZE = side
    try:
        heif.from_pillow(Image.fromarray(shown[:, :, ::-1])).save(
            path, format="HEIF", quality=100, chroma=444
        )
    finally:
        heif.options.GRID_TILE_SIZE = 0
    data = path.read_bytes()
    at = data.index(struct.pack(">HH", 320, 200), data.index(b"grid")) - 4 if claims else 0
    if claims:
        path.write_bytes(data[:at] + struct.pack(">BBBBHH", 0, 0, *claims) + data[at + 8 :])
    return path


def _claiming(path: Path, width: int, height: int) -> Path:
    data = path.read_bytes()
    at = data.index(b"ispe") + 8
    path.write_bytes(data[:at] + struct.pack(">II", width, height) + data[at + 8 :])
    return path


def webp_of_size(path: Path, width: int, height: int) -> Path:
    """A WebP whose canvas claims this size; what lies on it is 160 x 120."""
    Image.fromarray(picture()[:, :, ::-1]).save(path, "WEBP", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0")
    data = bytearray(path.read_bytes())
    at = data.index(b"VP8X") + 12
    data[at : at + 6] = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    path.write_bytes(data)
    return path
