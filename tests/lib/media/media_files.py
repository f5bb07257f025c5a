"""Real media files made on the spot, good ones and each kind of bad one."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Picture = NDArray[np.uint8]


def picture(width: int = 160, height: int = 120) -> Picture:
    """BGR noise over a gradient; the same every time."""
    noise = np.random.default_rng(7).integers(0, 60, (height, width, 3))
    return (noise + np.linspace(20, 180, width)[None, :, None]).astype(np.uint8)


def jpeg(path: Path, image: Picture | None = None, exif: dict[int, object] | None = None) -> Path:
    shown = Image.fromarray((picture() if image is None else image)[:, :, ::-1])
    about = Image.Exif()
    for tag, value in (exif or {}).items():
        if tag > 0x8FFF:
            about.get_ifd(0x8769)[tag] = value
        else:
            about[tag] = value
    shown.save(path, "JPEG", quality=92, exif=about)
    return path


def png(path: Path, image: Picture | None = None) -> Path:
    Image.fromarray((picture() if image is None else image)[:, :, ::-1]).save(path, "PNG")
    return path


def jpeg_bomb(path: Path) -> Path:
    """A JPEG of a few hundred bytes whose header says 65,500 x 65,500."""
    data = bytearray(jpeg(path).read_bytes())
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", 65500, 65500)
    path.write_bytes(data)
    return path


def png_of_size(path: Path, width: int, height: int) -> Path:
    """A PNG whose header says this size and whose data is one row."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    return path


Draw = Callable[[int], Picture]


def clip(
    path: Path,
    draw: Draw | None = None,
    *,
    frames: int = 50,
    rate: int = 25,
    gop: int = 25,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    created: str = "",
) -> Path:
    """An MP4 of `frames` pictures; `draw(i)` gives picture i."""
    draw = draw or (lambda index: picture())
    first = draw(0)
    with av.open(str(path), "w", format="mp4", options=options or {}) as container:
        container.metadata["creation_time"] = created
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = first.shape[1], first.shape[0], "yuv420p"
        if codec == "libx264":
            keys = f"keyint={gop}:min-keyint={gop}:scenecut=0"
            stream.options = {"preset": "ultrafast", "crf": "18", "x264-params": keys}
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(draw(index), "bgr24")
            frame.pts, frame.time_base = index, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of each box of an MP4 between two places."""
    at, end = start, len(data) if end is None else end
    while at + 8 <= end:
        length, name = struct.unpack(">I4s", data[at : at + 8])
        yield name, at, at + length
        at += length


def find(data: bytes, *path: bytes) -> tuple[int, int]:
    """Start and end of the first box with this path, header included."""
    start, end = 0, len(data)
    for depth, wanted in enumerate(path):
        start, end = next(
            (a, b) for name, a, b in boxes(data, start + (8 if depth else 0), end) if name == wanted
        )
    return start, end


def without_box(path: Path, name: bytes) -> Path:
    data = path.read_bytes()
    start, end = find(data, name)
    path.write_bytes(data[:start] + data[end:])
    return path


def with_duration(path: Path, seconds: int) -> Path:
    """Writes an absurd length into the movie, track and media headers (version 0)."""
    data = bytearray(path.read_bytes())
    for place, offset in (((b"moov", b"mvhd"), 24), ((b"moov", b"trak", b"mdia", b"mdhd"), 24)):
        start, _ = find(bytes(data), *place)
        (scale,) = struct.unpack(">I", data[start + 20 : start + 24])
        data[start + offset : start + offset + 4] = struct.pack(">I", min(2**32 - 2, scale * seconds))
    path.write_bytes(data)
    return path


def slowed(path: Path, seconds_a_frame: int) -> Path:
    """Makes each frame last so long, in the table of sample times that players go by."""
    data = bytearray(path.read_bytes())
    media, _ = find(bytes(data), b"moov", b"trak", b"mdia", b"mdhd")
    (scale,) = struct.unpack(">I", data[media + 20 : media + 24])
    start, _ = find(bytes(data), b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stts")
    data[start + 20 : start + 24] = struct.pack(">I", scale * seconds_a_frame)
    path.write_bytes(data)
    return path


def turned(path: Path) -> Path:
    """Says by the track's matrix that the picture is to be shown turned by 90 degrees clockwise."""
    data = bytearray(path.read_bytes())
    start, _ = find(bytes(data), b"moov", b"trak", b"tkhd")
    one = 1 << 16
    width = struct.unpack(">I", data[start + 84 : start + 88])[0]
    data[start + 48 : start + 84] = struct.pack(">9i", 0, one, 0, -one, 0, 0, width, 0, 1 << 30)
    path.write_bytes(data)
    return path


def with_outside_data(path: Path, target: str) -> Path:
    """Points the clip's data reference at another file, as an old QuickTime alias does (moov must be last)."""
    data = path.read_bytes()
    absolute = target.encode()
    absolute += b"\0" * (len(absolute) % 2)
    entry = (
        b"\0" * 10 + bytes([0]) + b"\0" * 27 + b"\0" * 12 + bytes([1]) + b"x".ljust(63, b"\0") + b"\0" * 16
    )
    entry += struct.pack(">HH", 1, 1) + b"\0" * 16
    entry += struct.pack(">HH", 2, len(absolute)) + absolute + struct.pack(">HH", 0xFFFF, 0)
    entry = struct.pack(">I4sI", 12 + len(entry), b"alis", 0) + entry
    dref = struct.pack(">I4sII", 16 + len(entry), b"dref", 0, 1) + entry
    inside = (b"moov", b"trak", b"mdia", b"minf", b"dinf")
    start, end = find(data, *inside, b"dref")
    grown = bytearray(data[:start] + dref + data[end:])
    for depth in range(1, len(inside) + 1):
        at, until = find(data, *inside[:depth])
        grown[at : at + 4] = struct.pack(">I", until - at + len(dref) - (end - start))
    path.write_bytes(grown)
    return path
