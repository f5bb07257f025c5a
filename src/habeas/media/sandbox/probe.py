"""Identifies a file by its content. Its name only selects the reason for a file that can't be used.

Photos are walked by their segments, chunks, boxes or directories, clips by their boxes, elements or packets; of a
clip one frame is decoded, of a photo nothing.
"""

from __future__ import annotations

import os

from habeas.media.clips import containers as clip_containers
from habeas.media.clips import decode as pyav_clip
from habeas.media.clips import structure as clip_structure
from habeas.media.photos import decode as images
from habeas.media.photos import formats as photo_kinds
from habeas.media.values import Headers, MediaReason
from habeas.model.errors import BadInput
from habeas.model.installation.limits import MediaLimits

_CLIP_SIGNATURES = (b"\x1a\x45\xdf\xa3", b"\0\0\1\xba")
_READ = "JPEG, PNG, WebP, TIFF, AVIF, HEIC, and clips in MP4, Matroska and MPEG streams are read"


def headers(fd: int, limits: MediaLimits, *, claims_media: bool = False) -> Headers:
    """What an open file that isn't empty says about itself. `claims_media`: its name has a media extension.

    Raises BadInput with a reason of `MediaReason`; the detail names no path and no value.
    """
    head = os.pread(fd, 4096, 0)
    kind = _format(head, claims_media)
    container = clip_containers.container_of(head) if kind in clip_containers.WORDS else None
    if container:
        clip_structure.check(container, fd, os.fstat(fd).st_size, limits)
        clip = pyav_clip.read_header(fd, limits)
        return Headers("clip", kind, clip.width, clip.height, clip.captured_at, clip.duration_ms)
    photo = images.read_header(fd, limits)
    photo_kinds.whole(fd, kind)
    return Headers("photo", kind, photo.width, photo.height, photo.captured_at, 0)


def _format(head: bytes, claims_media: bool) -> str:
    if photo := photo_kinds.kind_of(head):
        return photo
    if container := clip_containers.container_of(head):
        return container.word
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"#extm3u", b"ffconcat", b"[playlist]", b"file ", b"<?xml")) and not _svg(text):
        raise BadInput(MediaReason.PLAYLIST, "a list of other files or addresses is never followed")
    if len(head) < 12 and _starts_like_media(head):
        raise BadInput(MediaReason.TRUNCATED, "ends inside its own signature")
    if claims_media:
        raise BadInput(MediaReason.WRONG_EXTENSION, "the name says photo or clip, the content doesn't")
    raise BadInput(MediaReason.UNSUPPORTED_FORMAT, _READ)


def _svg(text: bytes) -> bool:
    return text.startswith(b"<?xml") and b"<mpd" not in text


def _starts_like_media(head: bytes) -> bool:
    matches = any(
        whole.startswith(head) or head.startswith(whole)
        for whole in (*photo_kinds.SIGNATURES, *_CLIP_SIGNATURES)
    )
    return matches or b"ftyp".startswith(head[4:8] or b"?")
