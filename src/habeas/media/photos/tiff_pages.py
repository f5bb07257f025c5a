"""Which pictures a TIFF holds and where their pixels lie, by its directories alone (TIFF 6.0, BigTIFF).

Pillow and libtiff trust a directory. This module checks each entry against the file first: no circle, no table bigger
than its use, no strip behind the end, and one picture.
"""

from __future__ import annotations

import os
from math import ceil

from habeas.media.photos import tiff_directories
from habeas.media.photos.tiff_directories import Directory, File
from habeas.media.values import MediaReason
from habeas.model.errors import BadInput
from habeas.model.installation.limits import MediaLimits

MAX_DIRECTORIES = 64

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_STRIPS, _SAMPLES, _ROWS, _STRIP_BYTES, _PLANAR, _FORMAT = 273, 277, 278, 279, 284, 339
_TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_BYTES = 322, 323, 324, 325
_NONE, _LZW, _JPEG, _DEFLATE, _OLD_DEFLATE, _PACKBITS = 1, 5, 7, 8, 32946, 32773
_COMPRESSIONS = frozenset({_NONE, _LZW, _JPEG, _DEFLATE, _OLD_DEFLATE, _PACKBITS})
_YCBCR = 6
_PHOTOMETRICS = frozenset({0, 1, 2, 3, 5, _YCBCR, 8})  # grey both ways, RGB, palette, CMYK, YCbCr, Lab


def check(fd: int, size: int, limits: MediaLimits) -> None:
    """One picture whose pixels lie in the file; thumbnails and masks behind it are let be.

    Raises BadInput: `over_limit`, `broken_image`, `truncated`, `unsupported_format`, `unsupported_codec`,
    `unsupported_color`.
    """
    head = os.pread(fd, 16, 0)
    if len(head) < 16:
        raise BadInput(MediaReason.TRUNCATED, "ends inside its own signature")
    big = head[2:4] == b"+\0"
    file = File(fd, size, "<" if head[:2] == b"II" else ">", big)
    at, seen = file.number(head[8:16] if big else head[4:8]), set[int]()
    while at:
        if at in seen:
            raise BadInput(MediaReason.BROKEN_IMAGE, "its directories go in a circle")
        if len(seen) == MAX_DIRECTORIES:
            raise BadInput(MediaReason.OVER_LIMIT, "too many directories")
        directory = tiff_directories.read(file, at)
        if not seen:
            _picture(directory, limits)
        elif not directory.reduced:
            raise BadInput(MediaReason.UNSUPPORTED_FORMAT, "more than one picture in a file")
        seen.add(at)
        at = directory.next
    if not seen:
        raise BadInput(MediaReason.BROKEN_IMAGE, "it has no directory")


def _picture(page: Directory, limits: MediaLimits) -> None:
    if page.reduced:
        raise BadInput(MediaReason.UNSUPPORTED_FORMAT, "its first picture is only a thumbnail or a mask")
    packed, colors = page.value(_COMPRESSION, _NONE), page.value(_PHOTOMETRIC)
    if packed not in _COMPRESSIONS:
        raise BadInput(MediaReason.UNSUPPORTED_CODEC, "its compression isn't read: convert it to JPEG or PNG")
    if set(page.values(_FORMAT, (1,))) != {1}:
        raise BadInput(MediaReason.UNSUPPORTED_COLOR, "neither floating nor signed numbers are read")
    # outside of JPEG, libtiff's way to luma and chroma goes on where a strip is damaged, and leaves it grey
    plain_ycbcr = colors == _YCBCR and (packed != _JPEG or page.value(_PLANAR, 1) != 1)
    if colors not in _PHOTOMETRICS or plain_ycbcr:
        raise BadInput(MediaReason.UNSUPPORTED_COLOR, "neither a sensor's raw data nor plain YCbCr is read")
    width, height = page.value(_WIDTH), page.value(_HEIGHT)
    if width * height > limits.max_pixels:
        raise BadInput(MediaReason.OVER_LIMIT, "more pixels than the limit")
    if width * height == 0:
        raise BadInput(MediaReason.BROKEN_IMAGE, "it has no size")
    _stored(page, width, height, limits)


def _stored(page: Directory, width: int, height: int, limits: MediaLimits) -> None:
    """Every strip or tile the size asks for is there, none of it behind the file's end."""
    tiled = _TILES in page.tags
    if tiled:
        across, down = page.value(_TILE_WIDTH), page.value(_TILE_HEIGHT)
        offsets, lengths = page.values(_TILES), page.values(_TILE_BYTES)
    else:
        across, down = width, min(page.value(_ROWS, height), height)
        offsets, lengths = page.values(_STRIPS), page.values(_STRIP_BYTES)
    if across * down > limits.max_pixels:
        raise BadInput(MediaReason.OVER_LIMIT, "a tile has more pixels than the limit")
    planes = page.value(_SAMPLES, 1) if page.value(_PLANAR, 1) == 2 else 1
    wanted = ceil(width / across) * ceil(height / down) * planes if across * down else 0
    if wanted == 0 or not wanted == len(offsets) == len(lengths):
        raise BadInput(MediaReason.BROKEN_IMAGE, "its strips or tiles don't cover the picture")
    packed, a_row = page.value(_COMPRESSION, _NONE), ceil(across * _bits_a_pixel(page) / 8)
    for index, (at, length) in enumerate(zip(offsets, lengths, strict=True)):
        if at + length > page.file.size:
            raise BadInput(MediaReason.TRUNCATED, "a strip or tile lies behind the file's end")
        rows = down if tiled else min(down, height - index % ceil(height / down) * down)
        least = rows * a_row if packed == _NONE else 1
        if at == 0 or length < least:
            raise BadInput(MediaReason.BROKEN_IMAGE, "a strip or tile is too short")
        # libtiff would fill up what a cut strip lacks, with grey
        if packed == _JPEG and b"\xff\xd9" not in page.file.read(at + max(0, length - 64), min(length, 64)):
            raise BadInput(MediaReason.TRUNCATED, "a strip or tile has no end of image")


def _bits_a_pixel(page: Directory) -> int:
    """Bits that one pixel takes in a strip or tile: of all its channels, or of one where each has its own."""
    bits, samples = page.values(_BITS, (1,)), page.value(_SAMPLES, 1)
    if page.value(_PLANAR, 1) == 2:
        return bits[0]
    return sum(bits) if len(bits) == samples else bits[0] * samples
