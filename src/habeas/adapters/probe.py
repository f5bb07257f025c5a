"""What a file is, by its content. The name only chooses the word for what can't be used.

JPEG and PNG are walked by their segments, clips by their boxes, elements or packets; of a clip one frame is
decoded, of a photo nothing.
"""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

from habeas.adapters import clip_containers, clip_structure, files, images, pyav_clip
from habeas.errors import BadInput
from habeas.model.limits import MediaLimits
from habeas.model.media import MediaReason, Probed

_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_WHOLE = (_JPEG, _PNG, b"\x1a\x45\xdf\xa3", b"\0\0\1\xba")
_STILL_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis"})
_BARE = frozenset({0x01, *range(0xD0, 0xD8)})  # JPEG markers without a length
_CHUNK = 1 << 20
_MAX_PARTS = 1_000_000
_READ = "JPEG, PNG and clips in MP4, Matroska and MPEG streams are read"


def probe_at(root: Path, location: str, limits: MediaLimits) -> Probed:
    """`probe` of the file at a location of a source's folder. Raises what `open_regular` and `probe` raise."""
    with files.open_regular(root, location) as fd:
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
    head = os.pread(fd, 4096, 0)
    kind = _format(head, claims_media)
    container = clip_containers.container_of(head) if kind in clip_containers.WORDS else None
    if container:
        clip_structure.check(container, fd, size, limits)
        clip = pyav_clip.read_header(fd, limits)
        width, height, captured_at, duration_ms = clip.width, clip.height, clip.captured_at, clip.duration_ms
    else:
        photo = images.read_header(fd, limits)
        _whole_jpeg(fd) if kind == "jpeg" else _whole_png(fd, size)
        width, height, captured_at, duration_ms = photo.width, photo.height, photo.captured_at, 0
    digest = files.sha256_of(fd)
    files.unchanged(fd, before)
    media = "clip" if container else "photo"
    return Probed(media, kind, digest, size, mtime_ns, captured_at, width, height, duration_ms)


def _format(head: bytes, claims_media: bool) -> str:
    if head.startswith(_JPEG):
        return "jpeg"
    if head.startswith(_PNG):
        return "png"
    container = clip_containers.container_of(head)
    still = head[4:8] == b"ftyp" and head[8:12] in _STILL_BRANDS
    if container and not still:
        return container.word
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"#extm3u", b"ffconcat", b"[playlist]", b"file ", b"<?xml")) and not _svg(text):
        raise BadInput(MediaReason.PLAYLIST, "a list of other files or addresses is never followed")
    if len(head) < 12 and _starts_like_media(head):
        raise BadInput(MediaReason.TRUNCATED, "ends inside its own signature")
    if still:
        raise BadInput(MediaReason.UNSUPPORTED_FORMAT, _READ)
    if claims_media:
        raise BadInput(MediaReason.WRONG_EXTENSION, "the name says photo or clip, the content doesn't")
    raise BadInput(MediaReason.UNSUPPORTED_FORMAT, _READ)


def _svg(text: bytes) -> bool:
    return text.startswith(b"<?xml") and b"<mpd" not in text


def _starts_like_media(head: bytes) -> bool:
    return any(whole.startswith(head) for whole in _WHOLE) or b"ftyp".startswith(head[4:8] or b"?")


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
