"""Packed files (tar, zip): recognised by name and content, and a member's bytes read from where they lie.

A member is read into memory that has no name and is sealed against change: nothing is unpacked to any disk, and the
decoder gets a descriptor of the member alone.
"""

from __future__ import annotations

import fcntl
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath

from habeas.media.files import disk_files as files
from habeas.media.values import MediaReason, Member
from habeas.model.errors import BadInput

MOST_BYTES = 256 << 20
"""Of one member, for it is held in memory. A longer clip has to lie in the archive as a file of its own."""

_CHUNK = 1 << 20
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL


def named(location: str) -> bool:
    """True where the name says so. Other formats are zip files too (documents, programs): those aren't looked into."""
    return PurePosixPath(location).suffix.lower() in {".tar", ".zip"}


def is_packed(fd: int) -> bool:
    """Whether the content is what such a name says."""
    head = os.pread(fd, 512, 0)
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06")) or head[257:262] == b"ustar"


@contextmanager
def content(fd: int, member: Member) -> Iterator[int]:
    """A descriptor that holds a member's bytes and can't be written to, closed at the end of the block.

    Raises BadInput: the member's own reason, `over_limit`, `truncated`, `broken_image`, `changed_while_read`.
    """
    if member.kind != "file":
        raise BadInput(member.kind, "a member that can't be read")
    if max(member.size, member.packed) > MOST_BYTES:
        raise BadInput(MediaReason.OVER_LIMIT, "too long for a packed file")
    before = files.stamp(fd)
    memory = os.memfd_create("member", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        _copy(fd, member, memory)
        files.unchanged(fd, before)
        fcntl.fcntl(memory, fcntl.F_ADD_SEALS, _SEALS)
        yield memory
    finally:
        os.close(memory)


def _copy(fd: int, member: Member, memory: int) -> None:
    size = crc = 0
    for chunk in _inflated(fd, member) if member.deflated else _raw(fd, member):
        size, crc = size + len(chunk), zlib.crc32(chunk, crc)
        if size > member.size:
            raise BadInput(MediaReason.OVER_LIMIT, "longer than its packed file says")
        os.write(memory, chunk)
    if size != member.size:
        raise BadInput(MediaReason.TRUNCATED, "shorter than its packed file says")
    if member.crc is not None and crc != member.crc:
        raise BadInput(MediaReason.BROKEN_IMAGE, "not the bytes that were packed")


def _raw(fd: int, member: Member) -> Iterator[bytes]:
    for at in range(member.start, member.start + member.packed, _CHUNK):
        yield os.pread(fd, min(_CHUNK, member.start + member.packed - at), at)


def _inflated(fd: int, member: Member) -> Iterator[bytes]:
    """At most a chunk at a time, whatever it would become."""
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for chunk in _raw(fd, member):
            waiting = chunk
            while waiting and not inflate.eof:
                yield inflate.decompress(waiting, _CHUNK)
                waiting = inflate.unconsumed_tail
        yield inflate.flush(_CHUNK)
    except zlib.error:
        raise BadInput(MediaReason.BROKEN_IMAGE, "packed bytes that can't be unpacked") from None
