"""An archive's files: opened inside their source's folder, hashed here, parsed by the decoder, from one descriptor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from habeas.media.archive import walk as archive
from habeas.media.files import disk_files as files
from habeas.media.files.source_folders import SourceFolder
from habeas.media.sandbox import client as decoder
from habeas.media.sandbox.client import Decoder
from habeas.media.values import Frame, Frames, MediaReason, Probed
from habeas.model.errors import BadInput, UsageError
from habeas.model.installation.limits import MediaLimits, Sampling

READER_VERSION = "5"
"""How files become pixels and pixels become faces. Counted up when a file would give other pixels, tracks or boxes than
before: then what was made of it is made anew (it is part of the work digest)."""

_DAMAGED = frozenset(
    {
        MediaReason.TRUNCATED,
        MediaReason.BROKEN_IMAGE,
        MediaReason.UNREADABLE_CONTAINER,
        MediaReason.DECODER_CRASHED,
    }
)


def probe_at(root: Path | SourceFolder, location: str, limits: MediaLimits) -> Probed:
    """`probe` of the file at a location of a source's folder. Raises what `archive.open_file` and `probe` raise."""
    with archive.open_file(root, location, limits) as fd:
        return probe(fd, limits, claims_media=files.media_name(location))


def probe(fd: int, limits: MediaLimits, *, claims_media: bool = False) -> Probed:
    """Reads everything `catalog` needs from an open file. `claims_media`: its name has a media extension.

    Raises BadInput with a reason of `MediaReason`; the detail names no path and no value.
    """
    before = files.stamp(fd)
    size, mtime_ns = before[2], before[3]
    if size == 0:
        raise BadInput(MediaReason.EMPTY)
    if size > limits.max_bytes:
        raise BadInput(MediaReason.OVER_LIMIT, "more bytes than the limit")
    try:
        seen = decoder.shared(limits).headers(fd, claims_media=claims_media)
    except BadInput as bad:
        if bad.reason in _DAMAGED:
            files.sha256_of(fd)  # a failing disk, or a file that is being written, looks like damage
        raise
    digest = files.sha256_of(fd)
    files.unchanged(fd, before)
    return Probed(
        seen.media, seen.format, digest, size, mtime_ns, seen.captured_at, seen.width, seen.height,
        seen.duration_ms,
    )  # fmt: skip


class Asset(Protocol):
    """What opening a file needs of what is planned for it."""

    @property
    def source_id(self) -> str:
        """The source whose folder it lies in."""
        ...

    @property
    def location(self) -> str:
        """Its path inside that folder."""
        ...

    @property
    def media(self) -> str:
        """`photo` or `clip`."""
        ...


class OpenFile:
    """One opened asset. What was hashed is what is decoded, or `unchanged` raises."""

    def __init__(self, fd: int, media: str, reader: Decoder, sampling: Sampling) -> None:
        self._fd, self._media, self._reader, self._sampling = fd, media, reader, sampling
        self._stamp = files.stamp(fd)

    def sha256(self) -> bytes:
        """SHA-256 of the content, 32 bytes. Raises BadInput (`changed_while_read`, `unreadable`)."""
        return files.sha256_of(self._fd)

    def frames(self) -> Frames:
        """A frame's picture is valid until the next one is asked for: `Decoder.frames`."""
        return self._reader.frames(self._fd, self._media, self._sampling)

    def unchanged(self) -> None:
        """Raises BadInput (`changed_while_read`) if the file changed since it was opened."""
        files.unchanged(self._fd, self._stamp)


class ArchiveMedia:
    """Opens assets of registered sources. `roots`: source id -> its folder."""

    def __init__(
        self, roots: Mapping[str, Path | SourceFolder], limits: MediaLimits, sampling: Sampling
    ) -> None:
        self._roots, self._limits, self._sampling = dict(roots), limits, sampling

    @contextmanager
    def open(self, plan: Asset) -> Iterator[OpenFile]:
        """Raises BadInput as `archive.open_file` does, UsageError for a source that isn't registered."""
        if plan.source_id not in self._roots:
            raise UsageError(
                "an asset of an unregistered source was planned", hint="Register the source first."
            )
        with archive.open_file(self._roots[plan.source_id], plan.location, self._limits) as fd:
            yield OpenFile(fd, plan.media, decoder.shared(self._limits), self._sampling)


def pictures(folder: Path, limits: MediaLimits) -> Iterator[tuple[str, Frame | BadInput]]:
    """Each photo under a folder, or why it can't be read; clips are left out.

    A picture is valid until the next one is asked for: `Decoder.frames`.
    """
    reader = decoder.shared(limits)
    for entry in archive.walk(folder, limits):
        try:
            if entry.kind != "file":
                raise BadInput(entry.kind)
            with archive.open_file(folder, entry.location, limits) as fd:
                seen = probe(fd, limits, claims_media=files.media_name(entry.location))
                if seen.media == "photo":
                    for frame in reader.frames(fd, "photo", Sampling()):
                        yield entry.location, frame
        except BadInput as bad:
            yield entry.location, bad
