"""What a file is, by its content. The name only chooses the word for what can't be used.

Nothing is decoded here: JPEG and PNG are walked by their segments, MP4 by its boxes and its index.
"""

from __future__ import annotations

import os
import struct
import zlib

from habeas.adapters import images, pyav_clip
from habeas.errors import BadInput
from habeas.model.limits import MediaLimits
from habeas.model.media import Headers, MediaReason

_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_STILL_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis"})
_BARE = frozenset({0x01, *range(0xD0, 0xD8)})  # JPEG markers without a length
_CHUNK = 1 << 20
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
    _whole_jpeg(fd) if kind == "jpeg" else _whole_png(fd, size)
    return Headers("photo", kind, photo.width, photo.height, photo.captured_at, 0)


def _format(head: bytes, claims_media: bool) -> str:
    if head.startswith(_JPEG):
        return "jpeg"
    if head.startswith(_PNG):
        return "png"
    if head[4:8] == b"ftyp" and head[8:12] not in _STILL_BRANDS:
        return "mp4"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"#extm3u", b"ffconcat", b"[playlist]", b"file ", b"<?xml")) and not _svg(text):
        raise BadInput(MediaReason.PLAYLIST, "a list of other files or addresses is never followed")
    if len(head) < 12 and _starts_like_media(head):
        raise BadInput(MediaReason.TRUNCATED, "ends inside its own signature")
    if head[4:8] == b"ftyp":
        raise BadInput(MediaReason.UNSUPPORTED_FORMAT, "JPEG, PNG and H.264 in MP4 are read")
    if claims_media:
        raise BadInput(MediaReason.WRONG_EXTENSION, "the name says photo or clip, the content doesn't")
    raise BadInput(MediaReason.UNSUPPORTED_FORMAT, "JPEG, PNG and H.264 in MP4 are read")


def _svg(text: bytes) -> bool:
    return text.startswith(b"<?xml") and b"<mpd" not in text


def _starts_like_media(head: bytes) -> bool:
    return any(whole.startswith(head) for whole in (_JPEG, _PNG)) or b"ftyp".startswith(head[4:8] or b"?")


def _whole_jpeg(fd: int) -> None:
    """Raises `truncated` unless an end marker follows the first scan (inside a scan FF is always stuffed)."""
    at = 2
    for _ in range(_MAX_PARTS):
        head = os.pread(fd, 4, at)
        if len(head) < 4:
            raise BadInput(MediaReason.TRUNCATED, "ends before its first scan")
        if head[0] != 0xFF:
            raise BadInput(MediaReason.BROKEN_IMAGE, "its segments don't follow each other")
        if head[1] == 0xFF:  # fill byte
            at += 1
        elif head[1] in _BARE:
            at += 2
        elif head[1] == 0xDA:
            break
        else:
            at += 2 + struct.unpack(">H", head[2:4])[0]
    before = b""
    while chunk := os.pread(fd, _CHUNK, at):
        if b"\xff\xd9" in before + chunk:
            return
        before, at = chunk[-1:], at + len(chunk)
    raise BadInput(MediaReason.TRUNCATED, "no end of image")


def _whole_png(fd: int, size: int) -> None:
    at = len(_PNG)
    for _ in range(_MAX_PARTS):
        head = os.pread(fd, 8, at)
        if len(head) < 8:
            raise BadInput(MediaReason.TRUNCATED, "no end chunk")
        length, name = struct.unpack(">I4s", head)
        if at + 12 + length > size:
            raise BadInput(MediaReason.TRUNCATED, "a chunk ends behind the file")
        # Pillow doesn't look: damaged pixels would pass for a picture
        if _crc(fd, at + 4, 4 + length) != os.pread(fd, 4, at + 8 + length):
            raise BadInput(MediaReason.BROKEN_IMAGE, "a chunk doesn't match its checksum")
        if name == b"IEND":
            return
        at += 12 + length
    raise BadInput(MediaReason.OVER_LIMIT, "too many chunks")


def _crc(fd: int, at: int, length: int) -> bytes:
    crc, end = 0, at + length
    while at < end:
        chunk = os.pread(fd, min(_CHUNK, end - at), at)
        if not chunk:
            break
        crc, at = zlib.crc32(chunk, crc), at + len(chunk)
    return crc.to_bytes(4, "big")


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
