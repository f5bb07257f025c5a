"""Photos by Pillow: part headers and caps before a pixel, then an upright sRGB picture in BGR.

Only five readers of Pillow and that of libheif are reachable, no other plug-in.
"""

from __future__ import annotations

import os
import re
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache

import numpy as np
import PIL.Image
import pillow_heif
from PIL import AvifImagePlugin, ImageFile, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin
from PIL.Image import Transpose
from pillow_heif.as_plugin import HeifImageFile

from habeas.media.files.disk_files import PositionedReader
from habeas.media.photos import colour as photo_colors
from habeas.media.photos import formats as photo_kinds
from habeas.media.photos import transfer as photo_transfer
from habeas.media.values import Frame, Image, MediaReason
from habeas.model.errors import BadInput
from habeas.model.installation.limits import MediaLimits

MIN_SIDE = 16
"""Shortest side in pixels: smaller pictures hold no usable face."""

_READERS: dict[str, type[ImageFile.ImageFile]] = {
    "jpeg": JpegImagePlugin.JpegImageFile,
    "png": PngImagePlugin.PngImageFile,
    "webp": WebPImagePlugin.WebPImageFile,
    "tiff": TiffImagePlugin.TiffImageFile,
    "avif": AvifImagePlugin.AvifImageFile,
    "heic": HeifImageFile,
}
_EXIF_IFD, _ORIENTATION, _TAKEN, _TAKEN_OFFSET = 0x8769, 0x0112, 0x9003, 0x9011
_UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
_TURNED = frozenset({5, 6, 7, 8})  # orientations that swap width and height
_BROKEN = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, RuntimeError, EOFError,
    AttributeError, AssertionError, struct.error, zlib.error,
)  # fmt: skip


class ImageHeader:
    """Upright size in pixels and time of capture; None if the header has no time with an offset."""

    def __init__(self, width: int, height: int, captured_at: datetime | None) -> None:
        self.width, self.height, self.captured_at = width, height, captured_at


def read_header(fd: int, limits: MediaLimits) -> ImageHeader:
    """Header of a JPEG, PNG, WebP, TIFF, AVIF or HEIC: upright size in pixels, time of capture. Decodes no pixel.

    Raises BadInput: `over_limit`, `too_small`, `unsupported_format`, `unsupported_codec`, `unsupported_color`,
    `truncated`, `broken_image`.
    """
    with _opened(fd, limits) as image:
        exif = _exif(image)
        width, height = image.size
        if exif.get(_ORIENTATION) in _TURNED and not _turned_already(image):
            width, height = height, width
        return ImageHeader(width, height, _captured_at(exif))


def decode(fd: int, limits: MediaLimits) -> Frame:
    """The whole picture, BGR uint8 (H, W, 3) in sRGB, upright, over white where it is transparent.

    Raises BadInput as `read_header` does.
    """
    with _opened(fd, limits) as image, _refusing():
        image.load()
        kind = photo_kinds.kind_of(os.pread(fd, 4096, 0))
        shown = photo_transfer.as_shown(fd, kind, image, photo_colors.to_rgb(image))
        orientation = _exif(image).get(_ORIENTATION)
        if orientation in _UPRIGHT and not isinstance(image, TiffImagePlugin.TiffImageFile):
            shown = shown.transpose(_UPRIGHT[orientation])
        return Frame(_bgr(shown))


def _bgr(image: PIL.Image.Image) -> Image:
    # Pillow swaps the channels while it copies, which is far quicker than NumPy behind it
    pixels = bytearray(image.tobytes("raw", "BGR"))
    return np.frombuffer(pixels, np.uint8).reshape(image.height, image.width, 3)


def _turned_already(image: PIL.Image.Image) -> bool:
    """Pillow's TIFF reader alone turns a picture itself; the size it gives is upright where the tag says so."""
    return isinstance(image, TiffImagePlugin.TiffImageFile) and image.tag_v2.get(_ORIENTATION) in _TURNED


@contextmanager
def _opened(fd: int, limits: MediaLimits) -> Iterator[PIL.Image.Image]:
    kind = photo_kinds.kind_of(os.pread(fd, 4096, 0))
    if not kind:
        raise BadInput(MediaReason.BROKEN_IMAGE, "it doesn't begin like a photo")
    photo_kinds.check(fd, kind, limits)
    if kind == "heic" and not _threads():
        raise BadInput(
            MediaReason.UNSUPPORTED_CODEC, "HEIC needs a thread, which can't be let on this kernel"
        )
    # another module may have set Pillow to fill truncated pictures with grey
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    # one reader for stored and packed strips: Pillow's own one mixes up 16-bit planes
    TiffImagePlugin.READ_LIBTIFF = True
    AvifImagePlugin.DEFAULT_MAX_THREADS = pillow_heif.options.DECODE_THREADS = 1  # a worker has one core
    # thumbnails, depth maps and the like beside the picture aren't needed
    pillow_heif.options.THUMBNAILS = pillow_heif.options.DEPTH_IMAGES = pillow_heif.options.AUX_IMAGES = False
    with warnings.catch_warnings():
        # Pillow's own cap warns where ours raises
        warnings.simplefilter("ignore")
        with _refusing():
            image = _READERS[kind](PositionedReader(fd))  # type: ignore[arg-type]
        with image:
            width, height = image.size
            if width * height > limits.max_pixels:
                raise BadInput(MediaReason.OVER_LIMIT, "more pixels than the limit")
            if min(width, height) < MIN_SIDE:
                raise BadInput(MediaReason.TOO_SMALL, f"a side is shorter than {MIN_SIDE} pixels")
            if kind != "tiff" and getattr(image, "n_frames", 1) > 1:
                raise BadInput(MediaReason.UNSUPPORTED_FORMAT, "more than one picture in a file")
            if kind == "png" and [part.extents for part in image.tile] != [(0, 0, width, height)]:
                # no pixels, or a stray frame of an animation: what it leaves out would come out black
                raise BadInput(MediaReason.BROKEN_IMAGE, "its pixels don't cover it")
            if image.mode not in photo_colors.MODES:
                raise BadInput(MediaReason.UNSUPPORTED_COLOR, "whole numbers of 8 or 16 bits are read")
            yield image


@cache
def _threads() -> bool:
    """Whether this process may start one, as libde265 does for every picture."""
    started = threading.Thread(target=lambda: None)
    try:
        started.start()
    except RuntimeError:
        return False
    started.join()
    return True


@contextmanager
def _refusing() -> Iterator[None]:
    """What Pillow raises, as BadInput in the words of the closed list."""
    try:
        yield
    except (MemoryError, PIL.Image.DecompressionBombError):
        raise BadInput(MediaReason.OVER_LIMIT, "the picture doesn't fit in memory") from None
    except _BROKEN as error:
        raise BadInput(_reason(str(error).lower()), "its content can't be decoded") from None


def _reason(message: str) -> str:
    if "truncated" in message or "premature" in message:
        return MediaReason.TRUNCATED
    if "unknown pixel mode" in message or "cannot handle" in message:
        return MediaReason.UNSUPPORTED_COLOR
    return MediaReason.BROKEN_IMAGE


def _exif(image: PIL.Image.Image) -> PIL.Image.Exif:
    try:
        return image.getexif()
    except _BROKEN:
        return PIL.Image.Exif()


def _captured_at(exif: PIL.Image.Exif) -> datetime | None:
    """DateTimeOriginal with its offset. A wall clock without a zone is no instant: absent."""
    try:
        inner = exif.get_ifd(_EXIF_IFD)
        taken, offset = (
            str(inner.get(_TAKEN, "")).strip(" \0"),
            str(inner.get(_TAKEN_OFFSET, "")).strip(" \0"),
        )
        if not re.fullmatch(r"[+-]\d\d:\d\d|Z", offset):
            return None
        return datetime.strptime(f"{taken}{offset}", "%Y:%m:%d %H:%M:%S%z")
    except _BROKEN:
        return None
