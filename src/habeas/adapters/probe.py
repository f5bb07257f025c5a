"""What a file is, by its content. The name only chooses the word for what can't be used.

Photos are walked by their segments, chunks, boxes or directories, MP4 by its boxes and its index.
"""

from __future__ import annotations

import os
import struct

from habeas.adapters import images, photo_kinds, pyav_clip
from habeas.errors import BadInput
from habeas.model.limits import MediaLimits
from habeas.model.media import Headers, MediaReason

_READ = "JPEG, PNG, WebP, TIFF, AVIF and H.264 in MP4 are read"
_MAX_PARTS = 1_000_000
_MAX_MOOV = 256 << 20


def headers(fd: int, limits: MediaLimits, *, claims_media: bool = False) -> Headers:
    """What an open file that isn't empty says about itself. `claims_media`: its name has a media extension.

    Raises BadInput with a reason of `MediaReason`; the detail names no path and no value.
    """
    size = os.fstat(fd).st_size
    kind = _format(os.pread(fd, 4096, 0), claims_media)
    if kind == "mp4":
        _boxes(fd, size)
        clip = pyav_clip.read_header(fd, limits)
        return Headers("clip", kind, clip.width, clip.height, clip.captured_at, clip.duration_ms)
    photo = images.read_header(fd, limits)
    photo_kinds.whole(fd, kind)
    return Headers("photo", kind, photo.width, photo.height, photo.captured_at, 0)


def _format(head: bytes, claims_media: bool) -> str:
    if photo := photo_kinds.kind_of(head):
        return photo
    if head[4:8] == b"ftyp":
        return "mp4"
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
    photo = any(whole.startswith(head) or head.startswith(whole) for whole in photo_kinds.SIGNATURES)
    return photo or b"ftyp".startswith(head[4:8] or b"?")


def _boxes(fd: int, size: int) -> None:
    """Top-level boxes of an MP4 (ISO/IEC 14496-12): a movie box, nothing behind the end, nothing encrypted."""
    at, cut, movie = 0, False, False
    for _ in range(_MAX_PARTS):
        if at >= size:
            break
        head = os.pread(fd, 16, at)
        length, name = struct.unpack(">I4s", head[:8]) if len(head) >= 8 else (1, b"")
        if length == 1:
            length = struct.unpack(">Q", head[8:16])[0] if len(head) == 16 else size + 1
        elif length == 0:
            length = size - at
        if name == b"moov":
            movie = True
            _no_encrypted_track(fd, at, min(length, size - at))
        if length < 8 or at + length > size:
            cut = True
            break
        at += length
    if not movie:
        raise BadInput(MediaReason.UNREADABLE_CONTAINER, "it has no movie box (moov)")
    if cut:
        raise BadInput(MediaReason.TRUNCATED, "a box ends behind the file")


def _no_encrypted_track(fd: int, at: int, length: int) -> None:
    if length > _MAX_MOOV:
        raise BadInput(MediaReason.OVER_LIMIT, "its movie box is too big")
    # an encrypted sample entry is its name and six reserved zero bytes
    if b"encv\0\0\0\0\0\0" in os.pread(fd, length, at):
        raise BadInput(MediaReason.UNSUPPORTED_CODEC, "its video is encrypted")
