"""An archive's files as habeas sees them: plain ones, and those inside packed files (tar, zip), read in place.

A packed file counts as a folder: `lot.tar/0007.jpg` is a location like any other. So rosters name it, a leave-out of
`lot.tar` covers all of it, and content that is packed or unpacked stays the same asset.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from habeas.media.files import disk_files as files
from habeas.media.files import locations
from habeas.media.files import packed_content as packed
from habeas.media.files.source_folders import SourceFolder
from habeas.media.sandbox import client as decoder
from habeas.media.values import Found, MediaReason, Member
from habeas.model.errors import BadInput
from habeas.model.installation.limits import MediaLimits

_KEPT = 4  # lists of members that a process remembers
_lists: OrderedDict[files.Stamp, Mapping[bytes, Member]] = OrderedDict()


def walk(root: Path | SourceFolder, limits: MediaLimits) -> Iterator[Found]:
    """As `files.walk`, with the members of each packed file in its place. Raises as `open_root` does."""
    for entry in files.walk(root):
        if entry.kind == "file" and packed.named(entry.location):
            yield from _inside(root, entry, limits)
        else:
            yield entry


def _inside(root: Path | SourceFolder, entry: Found, limits: MediaLimits) -> Iterator[Found]:
    try:
        with files.open_regular(root, entry.location) as fd:
            if not packed.is_packed(fd):
                yield entry
                return
            members = _members(fd, limits)
    except BadInput as bad:
        yield replace(entry, kind=bad.reason)
        return
    for name, member in members.items():
        location = f"{entry.location}/{locations.encode(name)}"
        yield replace(entry, location=location, kind=member.kind, size=member.size)


@contextmanager
def open_file(root: Path | SourceFolder, location: str, limits: MediaLimits) -> Iterator[int]:
    """As `files.open_regular`, also for a file inside a packed one. Raises as that and `packed.content` do."""
    with files.open_along(root, location) as (fd, below):
        if not below:
            yield fd
            return
        member = _members(fd, limits).get(b"/".join(below)) if packed.is_packed(fd) else None
        if member is None:
            raise BadInput(MediaReason.MISSING, "no such file where a packed one lies")
        with packed.content(fd, member) as memory:
            yield memory


def is_folder(root: Path | SourceFolder, location: str, limits: MediaLimits) -> bool:
    """Whether a folder, a packed file or a folder in one lies there, reached without following a link.

    Raises Unavailable, and BadInput as `files.open_regular` does.
    """
    if files.is_folder(root, location):
        return True
    try:
        with files.open_along(root, location) as (fd, below):
            if not packed.is_packed(fd):
                return False
            inside = b"".join(name + b"/" for name in below)
            return any(name.startswith(inside) for name in _members(fd, limits))
    except BadInput:
        return False


def _members(fd: int, limits: MediaLimits) -> Mapping[bytes, Member]:
    """By name. A file that was written to since has another list."""
    stamp = files.stamp(fd)
    if stamp not in _lists:
        by_name = {member.name: member for member in decoder.shared(limits).members(fd)}
        files.unchanged(fd, stamp)
        _lists[stamp] = by_name
    _lists.move_to_end(stamp)
    while len(_lists) > _KEPT:
        _lists.popitem(last=False)
    return _lists[stamp]
