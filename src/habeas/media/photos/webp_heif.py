"""The chunks of a WebP (RIFF), the boxes of an AVIF or HEIC (ISO/IEC 14496-12, 23008-12), walked by their headers."""

from __future__ import annotations

import os
import struct

from habeas.media.values import MediaReason
from habeas.model.errors import BadInput
from habeas.model.installation.limits import MediaLimits

_MAX_PARTS = 10_000
_MAX_META = 16 << 20


def webp(fd: int, size: int) -> None:
    """Raises BadInput: `truncated`, `over_limit`. What its chunks hold is libwebp's to check."""
    (length,) = struct.unpack("<I", os.pread(fd, 4, 4))
    end, at = 8 + length, 12
    if end > size:
        raise BadInput(MediaReason.TRUNCATED, "shorter than it says")
    for _ in range(_MAX_PARTS):
        if at + 8 > end:
            return
        (length,) = struct.unpack("<I", os.pread(fd, 4, at + 4))
        if at + 8 + length > end:
            raise BadInput(MediaReason.TRUNCATED, "a chunk ends behind the file")
        at += 8 + length + length % 2
    raise BadInput(MediaReason.OVER_LIMIT, "too many chunks")


def heif(fd: int, size: int, limits: MediaLimits) -> None:
    """Raises BadInput: `truncated`, `over_limit`. libavif and libheif check what the boxes say to each other."""
    at = 0
    for _ in range(_MAX_PARTS):
        if at >= size:
            return
        head = os.pread(fd, 16, at)
        length, name = struct.unpack(">I4s", head[:8]) if len(head) >= 8 else (size + 1, b"")
        if length == 1:
            length = struct.unpack(">Q", head[8:16])[0] if len(head) == 16 else size + 1
        elif length == 0:
            length = size - at
        if length < 8 or at + length > size:
            raise BadInput(MediaReason.TRUNCATED, "a box ends behind the file")
        if name == b"meta":
            _sizes(fd, at, length, limits)
        at += length
    raise BadInput(MediaReason.OVER_LIMIT, "too many boxes")


def _sizes(fd: int, at: int, length: int, limits: MediaLimits) -> None:
    if length > _MAX_META:
        raise BadInput(MediaReason.OVER_LIMIT, "its header is too big")
    # each size property is its name, four zero bytes, width and height
    for behind in os.pread(fd, length, at).split(b"ispe\0\0\0\0")[1:]:
        if len(behind) < 8:
            raise BadInput(MediaReason.BROKEN_IMAGE, "a size is cut off")
        width, height = struct.unpack(">II", behind[:8])
        if width * height > limits.max_pixels:
            raise BadInput(MediaReason.OVER_LIMIT, "more pixels than the limit")
