"""Folders of sources: reached from the archive's folder without following a link, and each of one source alone.

What a source was registered for holds for what lies in its folder. A link in place of that folder, or of one above it,
would bring footage of one source under the grounds of another; so would a folder that is mounted at two places.
"""

from __future__ import annotations

import errno
import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from habeas.media.files import locations
from habeas.media.values import MediaReason
from habeas.model.errors import BadInput, Unavailable

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
SHORT_OF = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""Errors of a system short of resources; nothing is wrong with the file."""

Node = tuple[int, int]
"""Device and inode: identity of a file or folder, independent of its name."""


@dataclass(frozen=True, slots=True)
class SourceFolder:
    """Where a source's files lie: `root` as registered, a location inside the archive's folder."""

    archive: Path
    root: str


def open_root(place: Path | SourceFolder) -> int:
    """A descriptor of the folder. A bare path is one that a person named, and may be a link.

    Raises BadInput `source_linked` or `source_away` for a source's folder, Unavailable for another, and when the system
    is short of something or the archive's own folder can't be opened.
    """
    if isinstance(place, Path):
        return _open_named(place, "the folder")
    return _open_down(place)[0]


def _open_named(place: Path, what: str) -> int:
    try:
        return os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise Unavailable(
            f"{what} can't be opened ({error.strerror})", hint=f"Check that {place} exists and may be read."
        ) from None


def _open_down(place: SourceFolder) -> tuple[int, list[Node]]:
    """The folder, and every folder on the way to it from the archive's own, itself included."""
    here = _open_named(place.archive, "the archive's folder")
    names = [] if place.root == "." else locations.parts(place.root)
    way = [_node(here)]
    for name in names:
        try:
            below = os.open(name, FOLDER, dir_fd=here)
        except OSError as error:
            raise _unusable(error, name, here) from None
        finally:
            os.close(here)
        here = below
        way.append(_node(here))
    return here, way


def _node(fd: int) -> Node:
    about = os.fstat(fd)
    return about.st_dev, about.st_ino


def _unusable(error: OSError, name: bytes, folder: int) -> BadInput | Unavailable:
    if error.errno in SHORT_OF:
        return Unavailable(f"a folder can't be opened now ({error.strerror})", hint="Run it again.")
    if error.errno in (errno.ELOOP, errno.ENOTDIR) and _is_link(name, folder):
        return BadInput(MediaReason.SOURCE_LINKED, "a folder on the way to it is a symbolic link")
    return BadInput(MediaReason.SOURCE_AWAY, error.strerror or "permission denied or I/O error")


def _is_link(name: bytes, folder: int) -> bool:
    try:
        os.readlink(name, dir_fd=folder)
    except OSError:
        return False
    return True


def usable(archive: Path, roots: Mapping[str, str]) -> tuple[dict[str, SourceFolder], dict[str, str]]:
    """Sources (id -> root) whose folders can be used, and why the others can't (id -> MediaReason).

    Two sources whose folders are one, or of which one holds the other, can neither be used: it is unclear which
    grounds hold. Raises Unavailable when the archive's own folder can't be opened.
    """
    ways: dict[str, list[Node]] = {}
    refused: dict[str, str] = {}
    for source_id, root in sorted(roots.items()):
        try:
            fd, way = _open_down(SourceFolder(archive, root))
        except BadInput as bad:
            refused[source_id] = bad.reason
            continue
        os.close(fd)
        ways[source_id] = way
    owners: dict[Node, set[str]] = defaultdict(set)
    for source_id, way in ways.items():
        owners[way[-1]].add(source_id)
    for way in ways.values():
        holders = {other for node in way for other in owners.get(node, ())}
        if len(holders) > 1:
            refused |= dict.fromkeys(holders, MediaReason.SOURCE_SHARED)
    folders = {name: SourceFolder(archive, roots[name]) for name in ways if name not in refused}
    return folders, refused
