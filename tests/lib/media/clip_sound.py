"""Clips with sound, whose picture begins later: a screen recorder, a broadcast, an empty edit."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import clip_files as make
import numpy as np

RATE = 48_000
_SOUND = {"mp4": "aac", "mov": "aac", "matroska": "aac", "mpegts": "mp2", "vob": "mp2"}


def late_picture(
    path: Path,
    container: str,
    late_s: int,
    *,
    sound: bool = True,
    begins_s: int = 0,
    gop: int = 10,
    options: dict[str, str] | None = None,
) -> Path:
    """A second of `clip_files.moving` that is shown `late_s` after the sound began, which begins at `begins_s`."""
    codec = "mpeg2" if container == "vob" else "h264"
    with av.open(str(path), "w", format=container, options=options or {}) as out:
        track = make._stream(out, codec, make.moving(0), 25, gop, "yuv420p", {})
        voice = out.add_stream(_SOUND[container], rate=RATE, layout="mono") if sound else None
        packets = list(make._encoded(track, make.moving, 25, 25, (begins_s + late_s) * 25))
        if voice is not None:
            packets += _silence(voice, begins_s, late_s + 1)
        for packet in sorted(packets, key=lambda one: one.dts * one.time_base):
            out.mux(packet)
    return path


def _silence(voice: Any, begins_s: int, seconds: int) -> Iterator[Any]:
    kind, size, sample = ("fltp", 1024, np.float32) if voice.codec.name == "aac" else ("s16", 1152, np.int16)
    for first in range(0, seconds * RATE, size):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, size), sample), kind, "mono")
        frame.rate, frame.pts, frame.time_base = RATE, begins_s * RATE + first, Fraction(1, RATE)
        yield from voice.encode(frame)
    yield from voice.encode(None)
