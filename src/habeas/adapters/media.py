"""An archive's files as frames: opened inside their source's folder, hashed and decoded from one descriptor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from habeas.adapters import files, images, probe, pyav_clip
from habeas.errors import BadInput, UsageError
from habeas.model.face import Frame
from habeas.model.limits import MediaLimits, Sampling
from habeas.model.rows import AssetPlan

READ_AS = "2"
"""How files become pixels and pixels become faces. Counted up when a file would give other pixels, tracks or boxes than
before: then what was made of it is made anew (it is part of the work digest)."""


class OpenFile:
    """One opened asset. What was hashed is what is decoded, or `unchanged` raises."""

    def __init__(self, fd: int, media: str, limits: MediaLimits, sampling: Sampling) -> None:
        self._fd, self._media, self._limits, self._sampling = fd, media, limits, sampling
        self._stamp = files.stamp(fd)

    def sha256(self) -> bytes:
        return files.sha256_of(self._fd)

    def frames(self) -> Iterator[Frame]:
        if self._media == "photo":
            yield images.decode(self._fd, self._limits)
        else:
            yield from pyav_clip.frames(self._fd, self._sampling, self._limits)

    def unchanged(self) -> None:
        files.unchanged(self._fd, self._stamp)


class ArchiveMedia:
    """Opens assets of registered sources. `roots`: source id -> its folder."""

    def __init__(self, roots: Mapping[str, Path], limits: MediaLimits, sampling: Sampling) -> None:
        self._roots, self._limits, self._sampling = dict(roots), limits, sampling

    @contextmanager
    def open(self, plan: AssetPlan) -> Iterator[OpenFile]:
        """Raises BadInput as `files.open_regular` does, UsageError for a source that isn't registered."""
        if plan.source_id not in self._roots:
            raise UsageError(
                "an asset of an unregistered source was planned", hint="Register the source first."
            )
        with files.open_regular(self._roots[plan.source_id], plan.location) as fd:
            yield OpenFile(fd, plan.media, self._limits, self._sampling)


def pictures(folder: Path, limits: MediaLimits) -> Iterator[tuple[str, Frame | BadInput]]:
    """Each photo under a folder, decoded, or why it can't be; clips are left out."""
    for found in files.walk(folder):
        try:
            if found.kind != "file":
                raise BadInput(found.kind)
            with files.open_regular(folder, found.location) as fd:
                seen = probe.probe(fd, limits, claims_media=files.media_name(found.location))
                if seen.media == "photo":
                    yield found.location, images.decode(fd, limits)
        except BadInput as bad:
            yield found.location, bad
