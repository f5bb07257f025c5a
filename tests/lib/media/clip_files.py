"""Real clips in each container and codec, made on the spot, and the surgery that spoils them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Draw = Callable[[int], Picture]

SUFFIX = {
    "mp4": "mp4",
    "mov": "mov",
    "matroska": "mkv",
    "webm": "webm",
    "mpegts": "ts",
    "vob": "vob",
    "mpeg": "mpg",
}
_QUICK = {"deadline": "realtime", "cpu-used": "8", "threads": "1"}
_CUTS_ARE_NO_KEYS = {"sc_threshold": "1000000000"}
ENCODERS: dict[str, tuple[str, Callable[[int], dict[str, str]]]] = {
    "h264": ("libx264", lambda gop: {
        "preset": "ultrafast", "crf": "18",
        "x264-params": f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes=2:b-adapt=0",
    }),
    "h265": ("libx265", lambda gop: {
        "preset": "ultrafast",
        "x265-params": f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes=2:log-level=none:pools=1:frame-threads=1",
    }),
    "vp8": ("libvpx", lambda gop: {**_QUICK, "keyint_min": str(gop)}),
    "vp9": ("libvpx-vp9", lambda gop: {**_QUICK, "keyint_min": str(gop)}),
    "av1": ("libsvtav1", lambda gop: {"preset": "11", "crf": "15", "svtav1-params": f"keyint={gop}:lp=1"}),
    "mpeg2": ("mpeg2video", lambda gop: {**_CUTS_ARE_NO_KEYS, "bf": "2"}),
    "mpeg1": ("mpeg1video", lambda gop: _CUTS_ARE_NO_KEYS),
    "mpeg4": ("mpeg4", lambda gop: {}),
}  # fmt: skip
"""Encoder and its options for keyframes this many frames apart. MPEG-4 part 2 is one that isn't read."""

HELD = {
    "mp4": ("h264", "h265", "vp9", "av1", "mpeg2", "mpeg1"),
    "mov": ("h264", "h265"),
    "matroska": ("h264", "h265", "vp8", "vp9", "av1", "mpeg2", "mpeg1"),
    "webm": ("vp8", "vp9", "av1"),
    "mpegts": ("h264", "h265", "mpeg2", "mpeg1"),
    "vob": ("mpeg2", "h264"),
    "mpeg": ("mpeg1",),
}
"""Which codecs each container is drawn with."""

WORD = {
    "mp4": "mp4", "mov": "mp4", "matroska": "matroska", "webm": "matroska",
    "mpegts": "mpegts", "vob": "mpegps", "mpeg": "mpegps",
}  # fmt: skip


def moving(index: int, width: int = 160, height: int = 120) -> Picture:
    """A red square of 40 pixels whose left side is at `index`, on dark grey."""
    image = np.full((height, width, 3), 40, np.uint8)
    image[40:80, index : index + 40] = (0, 0, 230)
    return image


def left_side(image: Picture) -> int:
    return int(np.flatnonzero(image[60, :, 2].astype(int) - image[60, :, 1] > 80)[0])


def film(
    path: Path,
    container: str = "mpegts",
    codec: str = "h264",
    draw: Draw | None = None,
    *,
    frames: int = 50,
    rate: int = 25,
    gop: int = 10,
    first: int = 0,
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
    extra: dict[str, str] | None = None,
    shape: Callable[[Any], None] | None = None,
    ready: Callable[[av.VideoFrame], av.VideoFrame] | None = None,
    created: str = "",
) -> Path:
    """A clip of `frames` pictures from time `first` (in frames) on.

    `options` are the container's, `extra` the encoder's; `shape` changes the stream before its first frame,
    `ready` each frame before it is encoded.
    """
    draw = draw or moving
    with av.open(str(path), "w", format=container, options=options or {}) as out:
        out.metadata["creation_time"] = created
        stream = _stream(out, codec, draw(0), rate, gop, pix_fmt, extra or {})
        if shape:
            shape(stream)
        for packet in _encoded(stream, draw, frames, rate, first, ready):
            out.mux(packet)
    return path


def _stream(
    out: Any, codec: str, image: Picture, rate: int, gop: int, pix_fmt: str, extra: dict[str, str]
) -> Any:
    name, options = ENCODERS[codec]
    stream = out.add_stream(name, rate=rate)
    stream.width, stream.height, stream.pix_fmt = image.shape[1], image.shape[0], pix_fmt
    stream.codec_context.gop_size = gop
    if codec.startswith("mpeg"):
        stream.codec_context.bit_rate = 2_000_000
    stream.options = {**options(gop), **extra}
    return stream


def _encoded(
    stream: Any,
    draw: Draw,
    frames: int,
    rate: int,
    first: int,
    ready: Callable[[av.VideoFrame], av.VideoFrame] | None = None,
) -> Iterator[Any]:
    for index in range(frames):
        frame = av.VideoFrame.from_ndarray(draw(index), "bgr24")
        frame = ready(frame) if ready else frame
        frame.pts, frame.time_base = first + index, Fraction(1, rate)
        yield from stream.encode(frame)
    yield from stream.encode(None)


def varied(path: Path, container: str, times_ms: list[int]) -> Path:
    """A clip whose frames are shown at these times."""
    with av.open(str(path), "w", format=container) as out:
        stream = _stream(out, "h264", moving(0), 1000, 10, "yuv420p", {})
        for index, at_ms in enumerate(times_ms):
            frame = av.VideoFrame.from_ndarray(moving(index), "bgr24")
            frame.pts, frame.time_base = at_ms, Fraction(1, 1000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def two_tracks(path: Path, container: str, defaults: tuple[bool, bool]) -> Path:
    """The first track shows a square that moves, the second one that rests; each is the default one or not."""
    draws: tuple[Draw, Draw] = (moving, lambda _: moving(100))
    with av.open(str(path), "w", format=container) as out:
        streams = [_stream(out, "h264", moving(0), 25, 10, "yuv420p", {}) for _ in draws]
        for stream, default in zip(streams, defaults, strict=True):
            stream.disposition = av.stream.Disposition.default if default else 0
        for stream, draw in zip(streams, draws, strict=True):
            for packet in _encoded(stream, draw, 25, 25, 0):
                out.mux(packet)
    return path


def with_cover(path: Path, container: str) -> Path:
    """A clip with a still picture attached, as music shops and phones do."""
    with av.open(str(path), "w", format=container) as out:
        stream = _stream(out, "h264", moving(0), 25, 10, "yuv420p", {})
        still = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), "bgr24")
        if container == "matroska":
            drawer = av.CodecContext.create("mjpeg", "w")
            drawer.width, drawer.height, drawer.pix_fmt, drawer.time_base = (
                64,
                64,
                "yuvj420p",
                Fraction(1, 25),
            )
            out.add_attachment("cover.jpg", "image/jpeg", bytes(drawer.encode(still)[0]))
        else:
            cover = out.add_stream("mjpeg", rate=25)
            cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
            cover.disposition = av.stream.Disposition.attached_pic
            out.mux([*cover.encode(still), *cover.encode(None)])
        for packet in _encoded(stream, moving, 25, 25, 0):
            out.mux(packet)
    return path


def growing(path: Path, container: str, codec: str, sizes: list[tuple[int, int]]) -> Path:
    """A clip whose pictures have one size for 20 frames, then the next (width, height)."""
    with av.open(str(path), "w", format=container) as out:
        track = _stream(out, codec, moving(0, *sizes[0]), 25, 20, "yuv420p", {})
        for part, (width, height) in enumerate(sizes):
            name, options = ENCODERS[codec]
            encoder = av.CodecContext.create(name, "w")
            encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
            encoder.time_base, encoder.framerate, encoder.gop_size = Fraction(1, 25), Fraction(25), 20
            encoder.options = {**options(20), "flags": "-global_header"}
            for packet in _encoded(encoder, lambda i, w=width, h=height: moving(i, w, h), 20, 25, part * 20):
                packet.stream = track
                out.mux(packet)
    return path


def by_fields(image: Picture) -> av.VideoFrame:
    """An interlaced frame: even and odd lines become colours apart, as a camera of fields makes them."""
    height, width = image.shape[:2]
    half = height // 2
    fields = [
        av.VideoFrame.from_ndarray(np.ascontiguousarray(image[start::2]), "bgr24")
        .reformat(format="yuv420p")
        .to_ndarray()
        .ravel()
        for start in (0, 1)
    ]
    planes, at = [], 0
    for rows, columns in ((half, width), (half // 2, width // 2), (half // 2, width // 2)):
        woven = np.empty((rows * 2, columns), np.uint8)
        for start, field in enumerate(fields):
            woven[start::2] = field[at : at + rows * columns].reshape(rows, columns)
        planes.append(woven.ravel())
        at += rows * columns
    return av.VideoFrame.from_ndarray(np.concatenate(planes).reshape(height * 3 // 2, width), "yuv420p")


def element(name: int, content: bytes) -> bytes:
    """One Matroska element with an eight-byte length."""
    return name.to_bytes((name.bit_length() + 7) // 8) + (1 << 56 | len(content)).to_bytes(8) + content


def elements(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Name, start and end of content, of each element of known length."""
    at = 0
    while at < len(data):
        wide = 9 - data[at].bit_length()
        more = 9 - data[at + wide].bit_length()
        length = int.from_bytes(data[at + wide : at + wide + more]) & ((1 << 7 * more) - 1)
        start = at + wide + more
        yield int.from_bytes(data[at : at + wide]), start, start + length
        at = start + length


def with_encryption(path: Path, mark: bytes | None = None) -> Path:
    """Writes into each Matroska track that its content is encrypted (the segment is made anew)."""
    data = path.read_bytes()
    mark = (
        mark
        if mark is not None
        else element(
            0x6D80, element(0x6240, element(0x5033, b"\1") + element(0x5035, element(0x47E1, b"\5")))
        )
    )
    out = b""
    for name, start, end in elements(data):
        content = data[start:end]
        if name == 0x18538067:
            parts = b""
            for part, a, b in elements(content):
                inner = content[a:b]
                if part == 0x1654AE6B:
                    inner = b"".join(
                        element(n, inner[x:y] + (mark if n == 0xAE else b"")) for n, x, y in elements(inner)
                    )
                if part != 0xEC:
                    parts += element(part, inner)
            content = parts
        out += element(name, content)
    path.write_bytes(out)
    return path


def with_length(path: Path, ms: float) -> Path:
    """Claims a length in a Matroska header (Duration is a float of eight bytes there)."""
    data = bytearray(path.read_bytes())
    at = data.index(b"\x44\x89\x88")
    data[at + 3 : at + 11] = np.array(ms, ">f8").tobytes()
    path.write_bytes(data)
    return path
