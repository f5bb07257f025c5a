"""The segments of a JPEG and the chunks of a PNG, walked by their headers."""

from __future__ import annotations

import os
import struct
import zlib

from habeas.media.values import MediaReason
from habeas.model.errors import BadInput

_PNG_SIGNATURE = 8  # bytes
_BARE = frozenset({0x01, *range(0xD0, 0xD8)})  # JPEG markers without a length
_CHUNK = 1 << 20
_MAX_PARTS = 1_000_000
_MAX_JPEG_HEADER = 16 << 20  # Pillow joins EXIF segments one by one: a square in time
_MAX_SCANS = 100  # each costs a pass over the whole picture; encoders write about ten
_MAX_PNG_BESIDES = 64 << 20  # chunks that aren't pixels are kept in memory


def first_scan(fd: int) -> int:
    """Where a JPEG's first scan begins, in bytes. Raises BadInput: `truncated`, `broken_image`, `over_limit`."""
    at = 2
    while at <= _MAX_JPEG_HEADER:
        head = os.pread(fd, 4, at)
        if len(head) < 4:
            raise BadInput(MediaReason.TRUNCATED, "ends before its first scan")
        if head[0] != 0xFF:
            raise BadInput(MediaReason.BROKEN_IMAGE, "its segments don't follow each other")
        if head[1] == 0xFF:  # fill byte
            at += 1
        elif head[1] in _BARE:
            at += 2
        elif head[1] == 0xDA:
            return at
        else:
            at += 2 + struct.unpack(">H", head[2:4])[0]
    raise BadInput(MediaReason.OVER_LIMIT, "too much before its first scan")


def whole_jpeg(fd: int) -> None:
    """Raises BadInput as `first_scan` does, and unless an end marker follows it.

    Inside a scan FF is always stuffed, so a marker is a marker.
    """
    at, before, scans = first_scan(fd), b"", 0
    while chunk := os.pread(fd, _CHUNK, at):
        data = before + chunk
        end = data.find(b"\xff\xd9")
        scans += data.count(b"\xff\xda", 0, end if end >= 0 else len(data))
        if scans > _MAX_SCANS:
            raise BadInput(MediaReason.OVER_LIMIT, "too many scans")
        if end >= 0:
            return
        before, at = chunk[-1:], at + len(chunk)
    raise BadInput(MediaReason.TRUNCATED, "no end of image")


def chunks(fd: int, size: int, *, checksums: bool = False) -> None:
    """A PNG's chunks up to its end chunk. Raises BadInput: `truncated`, `broken_image`, `over_limit`."""
    at, besides = _PNG_SIGNATURE, 0
    for _ in range(_MAX_PARTS):
        head = os.pread(fd, 8, at)
        if len(head) < 8:
            raise BadInput(MediaReason.TRUNCATED, "no end chunk")
        length, name = struct.unpack(">I4s", head)
        if at + 12 + length > size:
            raise BadInput(MediaReason.TRUNCATED, "a chunk ends behind the file")
        besides += 0 if name == b"IDAT" else length
        if besides > _MAX_PNG_BESIDES:
            raise BadInput(MediaReason.OVER_LIMIT, "too much besides its pixels")
        # Pillow doesn't look: damaged pixels would pass for a picture
        if checksums and _crc(fd, at + 4, 4 + length) != os.pread(fd, 4, at + 8 + length):
            raise BadInput(MediaReason.BROKEN_IMAGE, "a chunk doesn't match its checksum")
        if name == b"IEND":
            return
        at += 12 + length
    raise BadInput(MediaReason.OVER_LIMIT, "too many chunks")


def _crc(fd: int, at: int, length: int) -> bytes:
    crc, end = 0, at + length
    while at < end:
        chunk = os.pread(fd, min(_CHUNK, end - at), at)
        if not chunk:
            break
        crc, at = zlib.crc32(chunk, crc), at + len(chunk)
    return crc.to_bytes(4, "big")
