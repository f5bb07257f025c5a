"""JPEG and PNG by Pillow: headers first, caps before a pixel, then an upright BGR picture.

Two formats and no other of Pillow's are reachable, so no plug-in with a history of its own is.
"""

from __future__ import annotations

import re
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import numpy as np
import PIL.Image
from PIL import ImageFile, ImageOps

from habeas.adapters.files import PositionedReader
from habeas.errors import BadInput
from habeas.model.face import Frame, Image
from habeas.model.limits import MediaLimits
from habeas.model.media import MediaReason

FORMATS = ("JPEG", "PNG")
MIN_SIDE = 16
"""Pictures with a shorter side hold no face that could be used."""

_MODES = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA"})
_EXIF_IFD, _ORIENTATION, _TAKEN, _TAKEN_OFFSET = 0x8769, 0x0112, 0x9003, 0x9011
_TURNED = frozenset({5, 6, 7, 8})  # orientations that swap width and height
_BROKEN = (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, struct.error, OverflowError)


class ImageHeader:
    """What the header says: upright size and when the picture was taken."""

    def __init__(self, width: int, height: int, captured_at: datetime | None) -> None:
        self.width, self.height, self.captured_at = width, height, captured_at


def read_header(fd: int, limits: MediaLimits) -> ImageHeader:
    """Header of a JPEG or PNG, no pixel decoded.

    Raises BadInput: `over_limit`, `too_small`, `unsupported_color`, `broken_image`.
    """
    with _opened(fd, limits) as image:
        exif = _exif(image)
        width, height = image.size
        if exif.get(_ORIENTATION) in _TURNED:
            width, height = height, width
        return ImageHeader(width, height, _captured_at(exif))


def decode(fd: int, limits: MediaLimits) -> Frame:
    """The whole picture, H x W x 3 uint8 BGR, turned upright by its EXIF orientation.

    Raises BadInput as `read_header` does, and `truncated`.
    """
    with _opened(fd, limits) as image:
        orientation = _exif(image).get(_ORIENTATION)
        try:
            image.load()
            turned = ImageOps.exif_transpose(image) if orientation in range(2, 9) else image
            upright: Image = np.ascontiguousarray(np.asarray(turned.convert("RGB"))[:, :, ::-1])
        except MemoryError:
            raise BadInput(MediaReason.OVER_LIMIT, "the picture doesn't fit in memory") from None
        except _BROKEN as error:
            cut = "truncated" in str(error) or "premature" in str(error).lower()
            raise BadInput(MediaReason.TRUNCATED if cut else MediaReason.BROKEN_IMAGE) from None
    return Frame(upright)


@contextmanager
def _opened(fd: int, limits: MediaLimits) -> Iterator[PIL.Image.Image]:
    # somebody may have told Pillow to fill cut-off pictures with grey; not here
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    with warnings.catch_warnings():
        # Pillow's own cap warns where ours raises
        warnings.simplefilter("ignore")
        try:
            image = PIL.Image.open(PositionedReader(fd), formats=FORMATS)  # type: ignore[arg-type]
        except PIL.Image.DecompressionBombError:
            raise BadInput(MediaReason.OVER_LIMIT, "more pixels than the limit") from None
        except _BROKEN:
            raise BadInput(MediaReason.BROKEN_IMAGE, "the header can't be read") from None
        with image:
            width, height = image.size
            if width * height > limits.max_pixels:
                raise BadInput(MediaReason.OVER_LIMIT, "more pixels than the limit")
            if min(width, height) < MIN_SIDE:
                raise BadInput(MediaReason.TOO_SMALL, f"a side is shorter than {MIN_SIDE} pixels")
            if image.mode not in _MODES:
                raise BadInput(MediaReason.UNSUPPORTED_COLOR, "grey, palette and RGB of 8 bits are read")
            yield image


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
