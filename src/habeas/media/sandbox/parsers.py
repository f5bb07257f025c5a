"""Every parser of media bytes, for the decoder process alone: no other process parses untrusted files.

The child may open nothing once it starts, so whatever the parsers would import on their way is imported here.
"""

from __future__ import annotations

import codecs
import importlib
import pkgutil

import av
import PIL.Image
from PIL import ImageColor, ImagePalette, MpoImagePlugin, TiffImagePlugin  # noqa: F401 - imported when first met

from habeas.media.clips import decode as pyav_clip
from habeas.media.files import packed_members
from habeas.media.photos import decode as images
from habeas.media.sandbox import probe
from habeas.media.values import Frames, Headers, Member
from habeas.model.installation.limits import MediaLimits, Sampling

PIL.Image.preinit()
importlib.import_module("_strptime")  # what datetime.strptime imports when it is first called
for _name in ("ascii", "latin-1", "utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp437"):
    codecs.lookup(_name)
for _part in pkgutil.walk_packages(av.__path__, "av."):  # PyAV imports by the kinds of tracks it meets
    if _part.name != "av.__main__":
        importlib.import_module(_part.name)


def headers(fd: int, limits: MediaLimits, *, claims_media: bool) -> Headers:
    """Raises BadInput as `probe.headers` does."""
    return probe.headers(fd, limits, claims_media=claims_media)


def members(fd: int) -> list[Member]:
    """What a tar or zip file holds. Raises BadInput as `packed_members.members` does."""
    return packed_members.members(fd)


def frames(fd: int, media: str, limits: MediaLimits, sampling: Sampling) -> Frames:
    """Frames of a "photo" or a "clip". Raises BadInput as `images.decode` and `pyav_clip.frames` do."""
    if media == "photo":
        yield images.decode(fd, limits)
    else:
        yield from pyav_clip.frames(fd, sampling, limits)
