"""Files on their way in: what a walk finds, what a probe reads, and why a file is set aside."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

LOOK_AGAIN = -1
"""In `assets.changed_ns`: the next run reads the file again. Rows of older versions have null there."""


class MediaReason:
    """Why a file can't be used (closed list; the words stand in `quarantine`)."""

    # found, but nothing that can be opened and read
    SYMLINK = "symlink"
    NOT_A_FILE = "not_a_file"  # FIFO, device, socket, folder with a media name
    UNREADABLE = "unreadable"  # permission denied or I/O error
    MISSING = "missing"  # gone since it was listed
    BAD_LOCATION = "bad_location"  # the text names no place inside the source
    CHANGED = "changed_while_read"
    CONTENT = "content_changed"  # readable, but no longer the content that was catalogued
    SOURCE_AWAY = "source_away"  # its source's folder isn't there, or can't be opened
    SOURCE_LINKED = "source_linked"  # its source's folder, or one above it, is a link
    SOURCE_SHARED = "source_shared"  # its source's folder is, or holds, the folder of another source
    SOURCE_EMPTY = "source_empty"  # nothing lies where many files were: a share that is away looks so
    TWO_SOURCES = "in_two_sources"  # one file by device and inode, found in two sources
    # content
    EMPTY = "empty_file"
    TRUNCATED = "truncated"
    WRONG_EXTENSION = "wrong_extension"  # a media name, and content of no format we read
    UNSUPPORTED_FORMAT = "unsupported_format"
    UNSUPPORTED_COLOR = "unsupported_color"
    UNSUPPORTED_CODEC = "unsupported_codec"
    BROKEN_IMAGE = "broken_image"
    UNREADABLE_CONTAINER = "unreadable_container"
    PLAYLIST = "playlist"  # a list that points at other files or addresses
    OVER_LIMIT = "over_limit"
    TOO_SMALL = "too_small"
    DECODER_CRASHED = "decoder_crashed"  # the process that read it died of it

    ALL = frozenset(
        {
            SYMLINK, NOT_A_FILE, UNREADABLE, MISSING, BAD_LOCATION, CHANGED, CONTENT, SOURCE_AWAY, SOURCE_LINKED,
            SOURCE_SHARED, SOURCE_EMPTY, TWO_SOURCES, EMPTY, TRUNCATED, WRONG_EXTENSION,
            UNSUPPORTED_FORMAT, UNSUPPORTED_COLOR, UNSUPPORTED_CODEC, BROKEN_IMAGE,
            UNREADABLE_CONTAINER, PLAYLIST, OVER_LIMIT, TOO_SMALL, DECODER_CRASHED,
        }
    )  # fmt: skip

    AGAIN = frozenset(
        {
            SYMLINK, NOT_A_FILE, UNREADABLE, MISSING, BAD_LOCATION, CHANGED, CONTENT, SOURCE_AWAY, SOURCE_LINKED,
            SOURCE_SHARED, SOURCE_EMPTY, TWO_SOURCES,
        }
    )  # fmt: skip
    """Reasons that say nothing about the content: the file is tried again in every run that finds it."""


@dataclass(frozen=True, slots=True)
class Found:
    """One thing a walk came across. `kind` is "file", or the MediaReason why it can't be opened.

    `location` is relative to the source's folder, in the form of `habeas.media.files.locations`. Times are of the
    inode, as
    `media.claimed_times.nanoseconds` has them; `node` is its device and number, of the packed file for what lies in
    one.
    """

    location: str
    kind: str
    size: int = 0
    mtime_ns: int = 0
    ctime_ns: int = 0
    node: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Member:
    """One file inside a packed one (tar, zip): a run of bytes of it, as they are or deflated.

    `kind` is "file", or the MediaReason why it can't be read; `name` is relative, "/" between its parts.
    """

    name: bytes
    kind: str
    deflated: bool
    start: int
    packed: int  # bytes it takes there
    size: int  # bytes it has
    crc: int | None  # CRC-32 of those, where it is known


@dataclass(frozen=True, slots=True)
class Headers:
    """What a file's headers say, and a clip's first frame. Sizes are in pixels, upright, and square for a clip."""

    media: str  # "photo" | "clip"
    format: str  # as in `Probed`
    width: int
    height: int
    captured_at: datetime | None  # with zone; None = it doesn't say, or says it without a zone
    duration_ms: int  # 0 for a photo


@dataclass(frozen=True, slots=True)
class Probed:
    """What a file says about itself, read without decoding a photo, and no more than a clip's first frame.

    Sizes are in pixels, upright, and for a clip in square pixels.
    """

    media: str  # "photo" | "clip"
    format: (
        str  # "jpeg" | "png" | "webp" | "tiff" | "avif" | "heic" | "mp4" | "matroska" | "mpegts" | "mpegps"
    )
    sha256: bytes
    bytes: int
    mtime_ns: int
    captured_at: datetime | None  # with zone; None = it doesn't say, or says it without a zone
    width: int
    height: int
    duration_ms: int  # 0 for a photo


Image = NDArray[np.uint8]
"""(H, W, 3) uint8, BGR, upright."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded picture. `at_ms` is 0 for a photo; `shot` counts cuts from 0.

    `passed`: frames between the previous one and this one were skipped, and can be requested (`Frames`).
    """

    image: Image = field(repr=False)
    at_ms: int = 0
    index: int = 0
    shot: int = 0
    passed: bool = False


Frames = Generator[Frame, bool | None, None]
"""Frames in time order. After one with `passed`, `send(True)` gives the frames that were skipped before it, then that
one again, counted anew and with `passed` False."""


def after(frames: Frames, *, closer: bool) -> Frame | None:
    """The next frame, those that were passed over first if they are wanted `closer`; None at the end."""
    try:
        return frames.send(True if closer else None)
    except StopIteration:
        return None
