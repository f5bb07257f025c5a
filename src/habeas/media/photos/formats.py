"""Which kind of photo a file is, by its first bytes, and whether its parts are all there.

Headers of parts only: what stands here runs before Pillow sees the file, so that no size, count or place that
a file merely claims reaches a decoder.
"""

from __future__ import annotations

import os
import struct

from habeas.media.photos import jpeg_png, tiff_pages, webp_heif
from habeas.media.values import MediaReason
from habeas.model.errors import BadInput
from habeas.model.installation.limits import MediaLimits

_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_TIFFS = (b"II*\0", b"MM\0*", b"II+\0")
_BIG_ENDIAN_BIGTIFF = b"MM\0+"
SIGNATURES = (_JPEG, _PNG, *_TIFFS, _BIG_ENDIAN_BIGTIFF, b"RIFF")

_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIC_BRANDS = frozenset({b"heic", b"heix"})
_SEQUENCES = frozenset({b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"msf1"})
_STILL_BRANDS = _AVIF_BRANDS | _HEIC_BRANDS | _SEQUENCES | {b"mif1", b"mif2", b"miaf"}


def kind_of(head: bytes) -> str:
    """One of jpeg, png, webp, tiff, avif, heic; empty where the first bytes are no photo's.

    `head`: at least the whole `ftyp` box, if it is one. Raises BadInput for photos that are known and not read.
    """
    if head.startswith(_JPEG):
        return "jpeg"
    if head.startswith(_PNG):
        return "png"
    if head.startswith(_TIFFS):
        return "tiff"
    if head.startswith(_BIG_ENDIAN_BIGTIFF):
        raise BadInput(MediaReason.UNSUPPORTED_FORMAT, "a big-endian BigTIFF isn't read")
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp" and head[8:12] in _STILL_BRANDS:
        return _still(head)
    return ""


def _still(head: bytes) -> str:
    (length,) = struct.unpack(">I", head[:4])
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, min(length, len(head)), 4))}
    if brands & _AVIF_BRANDS:
        return "avif"
    if brands & _HEIC_BRANDS and head[8:12] not in _SEQUENCES:
        return "heic"
    raise BadInput(
        MediaReason.UNSUPPORTED_CODEC, "a burst or a layered HEIC isn't read: convert it to JPEG or PNG"
    )


def check(fd: int, kind: str, limits: MediaLimits) -> None:
    """Part headers of a photo of this kind: sizes within the limits, every part inside the file, one picture.

    Raises BadInput: `truncated`, `broken_image`, `over_limit`, `unsupported_format`, and of a TIFF also
    `unsupported_color` and `unsupported_codec`.
    """
    size = os.fstat(fd).st_size
    if kind == "jpeg":
        jpeg_png.first_scan(fd)
    elif kind == "png":
        jpeg_png.chunks(fd, size)
    elif kind == "webp":
        webp_heif.webp(fd, size)
    elif kind == "tiff":
        tiff_pages.check(fd, size, limits)
    else:
        webp_heif.heif(fd, size, limits)


def whole(fd: int, kind: str) -> None:
    """What takes reading the whole file: a JPEG's end and number of scans, a PNG's checksums."""
    if kind == "jpeg":
        jpeg_png.whole_jpeg(fd)
    elif kind == "png":
        jpeg_png.chunks(fd, os.fstat(fd).st_size, checksums=True)
