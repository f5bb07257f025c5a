"""An MP4's boxes (ISO/IEC 14496-12), walked before FFmpeg sees them.

FFmpeg makes room for as many samples as a table claims, twenty-four bytes each: a small file that claims a
hundred million would fill a machine.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator

from habeas.media.values import MediaReason
from habeas.model.errors import BadInput
from habeas.model.installation.limits import MediaLimits

_MAX_PARTS = 1_000_000
_MAX_MOOV = 256 << 20
_SAMPLES_A_FRAME = 2  # sound has its own samples
_PCM_BLOCK = 1024  # sound without compression is indexed in blocks
_SOUND = int.from_bytes(b"soun")
_MAX_BOXES, _MAX_DEPTH = 100_000, 8
_NESTED = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf"})

Box = tuple[bytes, int, int]
"""Name, first byte behind the header, end."""


def check(fd: int, size: int, limits: MediaLimits) -> None:
    """A movie box, nothing behind the file's end, nothing encrypted, no more samples than could be wanted.

    Raises BadInput: `truncated`, `unreadable_container`, `unsupported_codec`, `over_limit`.
    """
    at, cut, movie, samples = 0, False, False, 0
    for _ in range(_MAX_PARTS):
        if at >= size:
            break
        name, length = _head(os.pread(fd, 16, at), size - at)
        if name in (b"moov", b"moof"):
            movie = movie or name == b"moov"
            inside = _read(fd, at, min(length, size - at))
            samples += _samples(inside)
            if samples > limits.max_frames * _SAMPLES_A_FRAME:
                raise BadInput(MediaReason.OVER_LIMIT, "it claims more samples than the limit")
        if length < 8 or at + length > size:
            cut = True
            break
        at += length
    if not movie:
        raise BadInput(MediaReason.UNREADABLE_CONTAINER, "it has no movie box (moov)")
    if cut:
        raise BadInput(MediaReason.TRUNCATED, "a box ends behind the file")


def _head(head: bytes, left: int) -> tuple[bytes, int]:
    length, name = struct.unpack(">I4s", head[:8]) if len(head) >= 8 else (1, b"")
    if length == 1:
        length = struct.unpack(">Q", head[8:16])[0] if len(head) == 16 else left + 1
    return name, length or left


def _read(fd: int, at: int, length: int) -> bytes:
    if length > _MAX_MOOV:
        raise BadInput(MediaReason.OVER_LIMIT, "its movie box is too big")
    data = os.pread(fd, length, at)
    # an encrypted sample entry is its name and six reserved zero bytes
    if b"encv\0\0\0\0\0\0" in data:
        raise BadInput(MediaReason.UNSUPPORTED_CODEC, "its video is encrypted")
    return data


def _boxes(data: bytes, at: int, end: int, depth: int = 0) -> Iterator[Box]:
    """The boxes between two places, and those inside, each before what it holds."""
    while at + 8 <= end:
        name, length = _head(data[at : at + 16], end - at)
        start = at + (16 if data[at : at + 4] == b"\0\0\0\1" else 8)
        stop = min(end, at + max(8, length))
        yield name, start, stop
        if name in _NESTED and depth < _MAX_DEPTH:
            yield from _boxes(data, start, stop, depth + 1)
        at = stop


def _samples(data: bytes) -> int:
    """Samples that a movie box or a fragment claims, as many as FFmpeg would index."""
    total, tables = 0, dict[bytes, tuple[int, ...]]()
    for count, (name, start, end) in enumerate(_boxes(data, 0, len(data))):
        if count >= _MAX_BOXES:
            raise BadInput(MediaReason.OVER_LIMIT, "too many boxes")
        words = struct.unpack(">4I", data[start : min(end, start + 16)].ljust(16, b"\0"))
        if name == b"trak":
            total, tables = total + _indexed(tables), {}
        elif name == b"trun":
            total += words[1]
        elif name == b"stsc":
            runs = data[start + 8 : start + 8 + (end - start - 8) // 12 * 12]
            tables[name] = (max((most for (most,) in struct.iter_unpack(">4xI4x", runs)), default=0),)
        else:
            tables[name] = max(words, tables.get(name, words))
    return total + _indexed(tables)


def _indexed(tables: dict[bytes, tuple[int, ...]]) -> int:
    """Samples of one track, from the first words of its boxes (version and flags, then the fields)."""
    nothing = (0, 0, 0, 0)
    runs = tables.get(b"stts", nothing)
    if tables.get(b"hdlr", nothing)[2] == _SOUND and runs[1] == 1 and runs[3] == 1:
        chunks = max(tables.get(b"stco", nothing)[1], tables.get(b"co64", nothing)[1])
        return chunks + chunks * tables.get(b"stsc", (0,))[0] // _PCM_BLOCK
    return max(tables.get(b"stsz", nothing)[2], tables.get(b"stz2", nothing)[2])
