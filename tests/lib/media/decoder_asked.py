"""What tests ask a decoder, and how they see that it works."""

from __future__ import annotations

from pathlib import Path

import media_files as make
import numpy as np

from habeas.media.sandbox.client import Decoder
from habeas.media.values import Frame, Headers
from habeas.model.installation.limits import MediaLimits, Sampling

HELD = 5
"""Its line, two that lead nowhere, the memory of the frames, and the file it was asked about."""
LIMITS = MediaLimits(memory_mb=256, seconds_per_answer=30)


def headers_of(decoder: Decoder, path: Path) -> Headers:
    with path.open("rb") as file:
        return decoder.headers(file.fileno(), claims_media=True)


def frames_of(
    decoder: Decoder, path: Path, media: str = "photo", sampling: Sampling | None = None
) -> list[Frame]:
    with path.open("rb") as file:
        return [
            Frame(frame.image.copy(), frame.at_ms, frame.index, frame.shot)
            for frame in decoder.frames(file.fileno(), media, sampling or Sampling())
        ]


def told(decoder: Decoder, folder: Path, words: str) -> Headers:
    path = folder / "told"
    path.write_bytes(words.encode())
    return headers_of(decoder, path)


def works(decoder: Decoder, folder: Path) -> bool:
    (frame,) = frames_of(decoder, make.png(folder / "good.png"))
    return np.array_equal(make.picture(), frame.image)
