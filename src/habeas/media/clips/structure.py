"""Checks that a clip is complete and not encrypted before FFmpeg reads it, by its outer structure, without decoding.

A transport or program stream has no length of its own: cut between two packets it is a shorter recording, and
only a cut inside a packet shows.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator

from habeas.media.clips import mp4 as mp4_boxes
from habeas.media.clips.containers import MATROSKA, MP4, TRANSPORT, Container, ts_stride
from habeas.media.values import MediaReason
from habeas.model.errors import BadInput
from habeas.model.installation.limits import MediaLimits

_MAX_PARTS = 2_000_000
_MAX_TRACKS = 1 << 20
_WINDOW = 1 << 20
_SEGMENT, _CLUSTER, _TRACKS, _TRACK = 0x18538067, 0x1F43B675, 0x1654AE6B, 0xAE
_TRACK_TYPE, _ENCODINGS, _ENCODING, _ENCRYPTION = 0x83, 0x6D80, 0x6240, 0x5035
_PACK, _END = 0xBA, 0xB9
_VIDEO_PACKET = b"\0\0\1\xe0"


def check(kind: Container, fd: int, size: int, limits: MediaLimits) -> None:
    """Raises BadInput: `truncated`, `unreadable_container`, `unsupported_codec` (encrypted), `over_limit`."""
    if kind is MP4:
        mp4_boxes.check(fd, size, limits)
    elif kind is MATROSKA:
        _elements(fd, size)
    elif kind is TRANSPORT:
        _packets(fd, size)
    else:
        _packs(fd, size)


def _elements(fd: int, size: int) -> None:
    """Matroska (RFC 9559): segments and clusters of unknown length are entered, all else is stepped over."""
    at = 0
    for _ in range(_MAX_PARTS):
        if at >= size:
            return
        name, start, length = _element(os.pread(fd, 12, at))
        if length is not None and at + start + length > size:
            raise BadInput(MediaReason.TRUNCATED, "an element ends behind the file")
        if name == _TRACKS and length is not None:
            if length > _MAX_TRACKS:
                raise BadInput(MediaReason.OVER_LIMIT, "its list of tracks is too long")
            _no_encrypted_track(os.pread(fd, length, at + start))
        enter = name == _SEGMENT or (name == _CLUSTER and length is None)
        if length is None and not enter:
            raise BadInput(MediaReason.UNREADABLE_CONTAINER, "an element has no length")
        at += start if enter else start + (length or 0)
    raise BadInput(MediaReason.OVER_LIMIT, "too many elements")


def _element(head: bytes) -> tuple[int, int, int | None]:
    """An element's name, where its content starts, and its length: None = unknown."""
    wide = 9 - head[0].bit_length() if head else 9
    if wide > 4:
        raise BadInput(MediaReason.UNREADABLE_CONTAINER, "its elements don't follow each other")
    if len(head) <= wide or len(head) < wide + 9 - (head[wide].bit_length() or 1):
        raise BadInput(MediaReason.TRUNCATED, "ends inside an element")
    name, more = int.from_bytes(head[:wide]), 9 - head[wide].bit_length()
    if more > 8:
        raise BadInput(MediaReason.UNREADABLE_CONTAINER, "an element has no length")
    most = (1 << 7 * more) - 1
    length = int.from_bytes(head[wide : wide + more]) & most
    return name, wide + more, None if length == most else length


def _inside(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        name, start, length = _element(data[at : at + 12])
        end = len(data) if length is None else at + start + length
        yield name, data[at + start : end]
        at = end


def _no_encrypted_track(tracks: bytes) -> None:
    for name, track in _inside(tracks):
        parts = list(_inside(track)) if name == _TRACK else []
        video = any(part == _TRACK_TYPE and int.from_bytes(content) == 1 for part, content in parts)
        encodings = [one for part, content in parts if part == _ENCODINGS for one in _inside(content)]
        inner = [part for what, content in encodings if what == _ENCODING for part, _ in _inside(content)]
        if video and _ENCRYPTION in inner:
            raise BadInput(MediaReason.UNSUPPORTED_CODEC, "its video is encrypted")


def _packets(fd: int, size: int) -> None:
    """A transport stream (ISO/IEC 13818-1): whole packets, most of them in the clear."""
    stride = ts_stride(os.pread(fd, 4096, 0))
    if not stride or size % stride:
        raise BadInput(MediaReason.TRUNCATED, "ends inside a packet")
    for window in _windows(fd, size, stride):
        scrambled = window[stride - 188 + 3 :: stride]  # two bits of the packet's fourth byte
        if 2 * sum(byte & 0xC0 != 0 for byte in scrambled) > len(scrambled):
            raise BadInput(MediaReason.UNSUPPORTED_CODEC, "its video is encrypted")


def _windows(fd: int, size: int, stride: int) -> Iterator[bytes]:
    """Packets at the start and in the middle of the file: encrypted broadcasts often begin unencrypted."""
    for at in {0, size // 2 // stride * stride}:
        yield os.pread(fd, _WINDOW // stride * stride, at)


def _packs(fd: int, size: int) -> None:
    """A program stream: its last packet is whole, no video packet says that it is scrambled."""
    for window in _windows(fd, size, 1):
        at = window.find(_VIDEO_PACKET)
        while at >= 0:
            flags = window[at + 6 : at + 7] or b"\0"
            if flags[0] & 0xF0 in (0x90, 0xA0, 0xB0):  # '10' of MPEG-2, then how it is scrambled
                raise BadInput(MediaReason.UNSUPPORTED_CODEC, "its video is encrypted")
            at = window.find(_VIDEO_PACKET, at + 4)
    tail = os.pread(fd, _WINDOW, max(0, size - _WINDOW))
    at = tail.rfind(b"\0\0\1\xba")
    while 0 <= at < len(tail):
        length = _program_packet(tail[at : at + 14])
        if length == 0:  # stuffing, or what only a decoder can judge
            return
        at += length
    if at > len(tail):
        raise BadInput(MediaReason.TRUNCATED, "ends inside a packet")


def _program_packet(head: bytes) -> int:
    """Length of a packet of a program stream, beyond any file if its head is cut, 0 if it is none."""
    if not head.startswith(b"\0\0\1"[: len(head)]):
        return 0
    cut = _WINDOW + len(head)
    if len(head) < 6:
        return 4 if head[3:4] == bytes([_END]) else cut
    if head[3] == _END:
        return 4
    if head[3] == _PACK:
        if head[4] >> 6 == 1:
            return 14 + (head[13] & 7) if len(head) == 14 else cut
        return 12
    return 6 + int(struct.unpack(">H", head[4:6])[0]) if head[3] > _PACK else 0
