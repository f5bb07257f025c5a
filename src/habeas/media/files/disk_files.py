"""The archive's files: found without following a link, opened part by part, hashed, checked for change.

Nothing here trusts a name. A walk reports what it won't read; an open goes down from the source's folder one
name at a time (openat with O_NOFOLLOW), so that no link, swapped in at any moment, leads outside.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from habeas.media.claimed_times import nanoseconds
from habeas.media.files import locations
from habeas.media.files.source_folders import FOLDER, SHORT_OF, SourceFolder, open_root
from habeas.media.values import Found, MediaReason
from habeas.model.errors import BadInput, Unavailable

_PHOTO_EXTENSIONS = frozenset(
    {".jpg", ".jpeg", ".jpe", ".png", ".webp", ".tif", ".tiff", ".avif", ".heic", ".heif"}
)
_CLIP_EXTENSIONS = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".ts", ".m2ts", ".mts", ".mpg", ".mpeg", ".vob"}
)
MEDIA_EXTENSIONS = _PHOTO_EXTENSIONS | _CLIP_EXTENSIONS
_CHUNK = 1 << 20
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_LATER = SHORT_OF

Stamp = tuple[int, int, int, int, int]
"""Device, inode, size, mtime_ns, ctime_ns."""


def media_name(location: str) -> bool:
    """True if the name claims to be a photo or a clip. Names decide nothing; they choose words."""
    return PurePosixPath(location).suffix.lower() in MEDIA_EXTENSIONS


def walk(root: Path | SourceFolder, skipped: Collection[str] = ()) -> Iterator[Found]:
    """Everything under `root` but plain folders, sorted by name in each folder. `skipped`: locations left out whole.

    A link is reported and not followed; a folder with a media name is reported and walked.
    Raises as `open_root` does if `root` itself can't be opened.
    """
    top = open_root(root)
    try:
        waiting: list[list[bytes]] = [[]]
        while waiting:
            inside = waiting.pop()
            listing, folders = _listed(top, inside, skipped)
            yield from listing
            waiting.extend(reversed(folders))
    finally:
        os.close(top)


def _listed(top: int, inside: list[bytes], skipped: Collection[str]) -> tuple[list[Found], list[list[bytes]]]:
    results: list[Found] = []
    folders: list[list[bytes]] = []
    try:
        with _folder(top, inside) as folder, os.scandir(folder) as entries:
            listed = sorted((os.fsencode(e.name), e.stat(follow_symlinks=False)) for e in entries)
    except OSError as error:
        if error.errno in _LATER:
            raise _later(error) from None
        return [Found(locations.encode(b"/".join(inside)), MediaReason.UNREADABLE)], []
    for name, about in listed:
        location = locations.encode(b"/".join([*inside, name]))
        if location in skipped:
            continue
        if stat.S_ISDIR(about.st_mode):
            folders.append([*inside, name])
            if not media_name(location):
                continue
        times = nanoseconds(about.st_mtime_ns), nanoseconds(about.st_ctime_ns)
        node = about.st_dev, about.st_ino
        results.append(Found(location, _kind(about.st_mode), about.st_size, *times, node))
    return results, folders


def _kind(mode: int) -> str:
    if stat.S_ISREG(mode):
        return "file"
    return MediaReason.SYMLINK if stat.S_ISLNK(mode) else MediaReason.NOT_A_FILE


@contextmanager
def _folder(top: int, inside: list[bytes]) -> Iterator[int]:
    here = os.dup(top)
    try:
        for name in inside:
            below = os.open(name, FOLDER, dir_fd=here)
            os.close(here)
            here = below
        # a descriptor of its own: scandir moves the position that dup shares
        own = os.open(b".", FOLDER, dir_fd=here)
    finally:
        os.close(here)
    try:
        yield own
    finally:
        os.close(own)


@contextmanager
def open_regular(root: Path | SourceFolder, location: str) -> Iterator[int]:
    """A read-only descriptor of a regular file inside `root`, closed at the end of the block.

    Raises BadInput: `bad_location`, `missing`, `symlink`, `not_a_file`, `unreadable`, and as `open_root` does;
    Unavailable when the system is short of something and the same call may work later.
    """
    with open_along(root, location) as (fd, below):
        if below:
            raise BadInput(MediaReason.SYMLINK, "a part of the path is a link or no folder")
        yield fd


@contextmanager
def open_along(root: Path | SourceFolder, location: str) -> Iterator[tuple[int, list[bytes]]]:
    """The first regular file on the way to a location, and the names below it: none where it is the location's own.

    Raises as `open_regular` does.
    """
    names = locations.parts(location)
    here = open_root(root)
    try:
        depth = 0
        # looked at before it is opened: opening a device can do something
        while stat.S_ISDIR((about := _about(names[depth], here)).st_mode) and depth + 1 < len(names):
            below = os.open(names[depth], FOLDER, dir_fd=here)
            os.close(here)
            here, depth = below, depth + 1
        _regular(about)
        fd = os.open(names[depth], _FILE, dir_fd=here)
    except OSError as error:
        raise _refused(error) from None
    finally:
        os.close(here)
    try:
        _regular(os.fstat(fd))
        yield fd, names[depth + 1 :]
    finally:
        os.close(fd)


def _about(name: bytes, folder: int) -> os.stat_result:
    return os.stat(name, dir_fd=folder, follow_symlinks=False)


def is_folder(root: Path | SourceFolder, location: str) -> bool:
    """Whether a folder lies there, reached without following a link. Raises like open_regular."""
    names = locations.parts(location)
    top = open_root(root)
    try:
        with _folder(top, names):
            return True
    except OSError as error:
        if error.errno in _LATER:
            raise _later(error) from None
        return False
    finally:
        os.close(top)


def _regular(about: os.stat_result) -> None:
    kind = _kind(about.st_mode)
    if kind != "file":
        raise BadInput(kind, "only regular files are read")


def _refused(error: OSError) -> BadInput | Unavailable:
    if error.errno in _LATER:
        return _later(error)
    if error.errno == errno.ENOENT:
        return BadInput(MediaReason.MISSING, "gone since it was listed")
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return BadInput(MediaReason.SYMLINK, "a part of the path is a link or no folder")
    if error.errno == errno.ENXIO:
        return BadInput(MediaReason.NOT_A_FILE, "only regular files are read")
    return BadInput(MediaReason.UNREADABLE, error.strerror or "permission denied or I/O error")


def _later(error: OSError) -> Unavailable:
    return Unavailable(f"files can't be opened now ({error.strerror})", hint="Run it again.")


def stamp(fd: int) -> Stamp:
    """What changes when the content does: device, inode, size in bytes, mtime and ctime in nanoseconds."""
    about = os.fstat(fd)
    return (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)


def unchanged(fd: int, before: Stamp) -> None:
    """Raises BadInput `changed_while_read` if the file isn't what `stamp` saw."""
    if stamp(fd) != before:
        raise BadInput(MediaReason.CHANGED, "the file was written to while it was read")


def sha256_of(fd: int) -> bytes:
    """SHA-256 of the whole file, without moving the descriptor's position.

    Raises BadInput `changed_while_read` if it grew, shrank or was written to meanwhile, `unreadable` when the disk
    can't give it.
    """
    before = stamp(fd)
    digest, read = hashlib.sha256(), 0
    try:
        while chunk := os.pread(fd, _CHUNK, read):
            digest.update(chunk)
            read += len(chunk)
            if read > before[2]:
                break
    except OSError as error:
        raise _refused(error) from None
    unchanged(fd, before)
    if read != before[2]:
        raise BadInput(MediaReason.CHANGED, "the file's length changed while it was read")
    return digest.digest()


class PositionedReader:
    """A read-only, seekable file object over a descriptor that leaves the descriptor's own position alone.

    Has no name and no close: third parties get bytes and nothing they could open again.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._size = os.fstat(fd).st_size
        self._at = 0

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes from the current offset, all if negative. Raises OSError."""
        wanted = self._size - self._at if size < 0 else size
        data = os.pread(self._fd, max(0, wanted), self._at)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to an offset in bytes and return it. Raises OSError for one before the start."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError(errno.EINVAL, "before the start")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        """Current offset in bytes."""
        return self._at
