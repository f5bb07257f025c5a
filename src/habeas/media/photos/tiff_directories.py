"""One directory of a TIFF or BigTIFF: its tags and their numbers, read only where they lie inside the file."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass

from habeas.media.values import MediaReason
from habeas.model.errors import BadInput

_MAX_TAGS = 4096
_MAX_VALUES = 1 << 20  # numbers in one tag: strips, tiles, a palette
_MAX_BLOB = 256 << 20  # bytes in one tag: an editor's layers
_SIZES = {
    1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8,
}  # fmt: skip
_WHOLE_NUMBERS = {1: "B", 3: "H", 4: "L", 13: "L", 16: "Q"}
_TEXTS = frozenset({1, 2, 6, 7})

_SUBFILE = 254
_NOT_THE_PICTURE = 0b101  # bits of NewSubfileType: a reduced copy, a mask


@dataclass(frozen=True, slots=True)
class File:
    """An open file of `size` bytes, its numbers in one byte order; `big` where places have 64 bits."""

    fd: int
    size: int
    order: str  # struct's "<" or ">"
    big: bool

    def read(self, at: int, length: int) -> bytes:
        """`length` bytes at offset `at`. Raises BadInput (`truncated`) past the end of the file."""
        if at + length > self.size:
            raise BadInput(MediaReason.TRUNCATED, "a part of it lies behind the file's end")
        return os.pread(self.fd, length, at)

    def number(self, data: bytes) -> int:
        """Unsigned integer in the file's byte order: 8 bytes in BigTIFF, else 4."""
        value: int = struct.unpack(self.order + ("Q" if self.big else "L"), data)[0]
        return value


@dataclass(frozen=True, slots=True)
class Directory:
    """Tags as they stand; `next` is the place of the directory behind, 0 behind the last."""

    file: File
    tags: dict[int, tuple[int, int, bytes]]  # type, count, the value or where it lies
    next: int

    def values(self, tag: int, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        """A tag's whole numbers, at least one. Raises BadInput: `broken_image`, `truncated`."""
        if tag not in self.tags:
            return default
        kind, count, value = self.tags[tag]
        if kind not in _WHOLE_NUMBERS or count == 0:
            raise BadInput(MediaReason.BROKEN_IMAGE, "a tag isn't of its type")
        length = count * _SIZES[kind]
        data = value[:length] if length <= len(value) else self.file.read(self.file.number(value), length)
        return struct.unpack(f"{self.file.order}{count}{_WHOLE_NUMBERS[kind]}", data)

    def value(self, tag: int, default: int = 0) -> int:
        """First value of a tag, or `default`."""
        return self.values(tag, (default,))[0]

    @property
    def reduced(self) -> bool:
        """A thumbnail or a mask."""
        return bool(self.value(_SUBFILE) & _NOT_THE_PICTURE)


def read(file: File, at: int) -> Directory:
    """The directory at a place. Raises BadInput: `truncated`, `over_limit`."""
    counter, entry, pointer = ("Q", 20, 8) if file.big else ("H", 12, 4)
    width = struct.calcsize(counter)
    (count,) = struct.unpack(file.order + counter, file.read(at, width))
    if count > _MAX_TAGS:
        raise BadInput(MediaReason.OVER_LIMIT, "too many tags")
    data = file.read(at + width, count * entry + pointer)
    tags: dict[int, tuple[int, int, bytes]] = {}
    for start in range(0, count * entry, entry):
        tag, kind, many, value = struct.unpack_from(
            file.order + ("HHQ8s" if file.big else "HHL4s"), data, start
        )
        length = many * _SIZES.get(kind, 0)
        if length > _MAX_BLOB or (many > _MAX_VALUES and kind not in _TEXTS):
            raise BadInput(MediaReason.OVER_LIMIT, "a tag holds too much")
        if length > pointer and file.number(value) + length > file.size:
            raise BadInput(MediaReason.TRUNCATED, "a tag's values lie behind the file's end")
        tags.setdefault(tag, (kind, many, value))  # as its readers do: the first counts
    return Directory(file, tags, file.number(data[-pointer:]))
