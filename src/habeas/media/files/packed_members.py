"""What a tar or zip file says it holds. For the decoder's child: whatever a stranger made is parsed there.

Nothing is unpacked: a member is a run of bytes of its file, as it is or deflated.
"""

from __future__ import annotations

import os
import struct
import tarfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

from habeas.media.files import packed_content as packed
from habeas.media.files.disk_files import PositionedReader
from habeas.media.values import MediaReason, Member
from habeas.model.errors import BadInput

MOST = 100_000
"""Members of one file. More fit no worker's memory beside a picture, and shards hold some thousands."""

_BLOWN_UP, _AT_LEAST = 50, 1 << 30
"""Bytes that all members may become together: so many times the file's, or so many. Photos and clips are compressed
already; pictures that aren't seldom shrink to a twentieth."""

_LOCAL = struct.Struct("<4s5H3L2H")  # a zip member's own header: APPNOTE 4.3.7
_ENCRYPTED = 0x1 | 0x40 | 0x2000


def members(fd: int) -> list[Member]:
    """Every member but folders, each with why it can't be read where that shows. Raises BadInput."""
    head = os.pread(fd, 4, 0)
    listed = _zip if head.startswith(b"PK") else _tar
    collected: list[Member] = []
    try:
        for member in listed(fd):
            collected.append(member)
            if len(collected) > MOST:
                raise BadInput(MediaReason.OVER_LIMIT, "more members than the limit")
    except (tarfile.TarError, zipfile.BadZipFile, NotImplementedError, struct.error, EOFError, ArithmeticError,
            ValueError, LookupError, OSError):  # fmt: skip
        raise BadInput(MediaReason.UNREADABLE_CONTAINER, "its list of members can't be read") from None
    return _checked(collected, os.fstat(fd).st_size)


def _checked(members: list[Member], end: int) -> list[Member]:
    """Marks names that lead nowhere, or to two members, and bytes that aren't there. Raises BadInput for a bomb."""
    names = Counter(member.name for member in members)

    def kind(member: Member) -> str:
        if names[member.name] > 1 or any(part in (b"", b".", b"..") for part in member.name.split(b"/")):
            return MediaReason.BAD_LOCATION
        inside = min(member.start, member.packed, member.size) >= 0 and member.start + member.packed <= end
        return member.kind if inside or member.kind != "file" else MediaReason.TRUNCATED

    checked = [replace(member, kind=kind(member)) for member in members]
    _no_bomb([m for m in checked if m.kind == "file" and max(m.size, m.packed) <= packed.MOST_BYTES], end)
    return checked


def _no_bomb(readable: list[Member], end: int) -> None:
    """Raises BadInput where members share bytes, or would become far more than they are."""
    runs = sorted((m.start, m.start + m.packed) for m in readable if m.packed > 0)
    if any(later < end_before for (_, end_before), (later, _) in pairwise(runs)):
        raise BadInput(MediaReason.UNREADABLE_CONTAINER, "two of its members share bytes")
    if sum(m.size for m in readable) > max(_AT_LEAST, _BLOWN_UP * end):
        raise BadInput(MediaReason.OVER_LIMIT, "its members would become more than the limit")


def _plain(name: str) -> bytes:
    path = name.encode("utf-8", "surrogateescape")
    return path[2:] if path.startswith(b"./") else path


def _tar(fd: int) -> Iterator[Member]:
    file: Any = PositionedReader(fd)
    with tarfile.open(fileobj=file, mode="r:", errorlevel=2) as opened:
        tar: Any = opened
        for info in tar:
            tar.members = []  # it would keep each, for ever
            if info.isdir():
                continue
            kind = "file" if info.isreg() and not info.issparse() else MediaReason.NOT_A_FILE
            if info.issym() or info.islnk():
                kind = MediaReason.SYMLINK
            yield Member(_plain(info.name), kind, False, info.offset_data, info.size, info.size, None)
        if os.pread(fd, tarfile.BLOCKSIZE, tar.offset).strip(b"\0"):  # it stops without a word
            raise BadInput(MediaReason.UNREADABLE_CONTAINER, "damaged or cut between two members")


def _zip(fd: int) -> Iterator[Member]:
    file: Any = PositionedReader(fd)
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            start = _data_of(fd, info.header_offset)
            kind = "file"
            if info.flag_bits & _ENCRYPTED or info.compress_type not in (
                zipfile.ZIP_STORED,
                zipfile.ZIP_DEFLATED,
            ):
                kind = MediaReason.UNSUPPORTED_CODEC
            elif info.create_system == 3 and (info.external_attr >> 28) not in (
                0,
                0o10,
            ):  # Unix: a plain file
                kind = MediaReason.SYMLINK if info.external_attr >> 28 == 0o12 else MediaReason.NOT_A_FILE
            deflated = info.compress_type == zipfile.ZIP_DEFLATED
            yield Member(
                _plain(info.filename), kind, deflated, start, info.compress_size, info.file_size, info.CRC
            )


def _data_of(fd: int, header: int) -> int:
    """Where a member's bytes begin: behind a header of its own, whose lengths may differ from the list's."""
    if header < 0:
        raise BadInput(MediaReason.UNREADABLE_CONTAINER, "its list of members can't be read")
    signature, *_, name, extra = _LOCAL.unpack(os.pread(fd, _LOCAL.size, header))
    if signature != b"PK\x03\x04":
        raise BadInput(MediaReason.UNREADABLE_CONTAINER, "its list of members can't be read")
    return int(header + _LOCAL.size + name + extra)
