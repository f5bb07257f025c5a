"""Container format of a clip, by its first bytes, and the demuxer that FFmpeg opens it with.

Each format has one demuxer, so that FFmpeg doesn't guess by name or by ambiguous content.
"""

from __future__ import annotations

from dataclasses import dataclass

CODECS = frozenset({"h264", "hevc", "vp8", "vp9", "libdav1d", "mpeg1video", "mpeg2video"})
"""FFmpeg's names of the decoders that may run; libdav1d reads AV1."""

CODEC_WORDS = "H.264, H.265, VP8, VP9, AV1, MPEG-1 and MPEG-2 are read"

TS_PACKET = 188
_BOXES = frozenset({b"ftyp", b"moov", b"mdat"})  # old QuickTime has no ftyp
_WORDY = frozenset({b"wide", b"free", b"skip"})  # boxes too, and English: their length must not be text
_SYNC, _SYNCS = 0x47, 5


@dataclass(frozen=True, slots=True)
class Container:
    """`word` stands in the catalogue, `demuxer` is FFmpeg's name; `headed`: its header says how long it is."""

    word: str
    demuxer: str
    headed: bool = True


MP4 = Container("mp4", "mov,mp4,m4a,3gp,3g2,mj2")
MATROSKA = Container("matroska", "matroska,webm")
TRANSPORT = Container("mpegts", "mpegts", headed=False)
PROGRAM = Container("mpegps", "mpeg", headed=False)
WORDS = frozenset(kind.word for kind in (MP4, MATROSKA, TRANSPORT, PROGRAM))


def container_of(head: bytes) -> Container | None:
    """The container that a file's first 4,096 bytes (fewer if it is shorter) announce, None for any other."""
    if head[4:8] in _BOXES or (head[4:8] in _WORDY and head[0] == 0):
        return MP4
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return MATROSKA
    if head.startswith(b"\0\0\1\xba"):
        return PROGRAM
    return TRANSPORT if ts_stride(head) else None


def ts_stride(head: bytes) -> int:
    """Bytes from one transport packet to the next: 188, 192 where each is dated (m2ts), 0 for anything else."""
    for stride, first in ((TS_PACKET, 0), (TS_PACKET + 4, 4)):
        syncs = head[first::stride][:_SYNCS]
        if len(syncs) == _SYNCS and set(syncs) == {_SYNC}:
            return stride
    return 0
