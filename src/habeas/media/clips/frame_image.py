"""Converts a decoded frame for display: square pixels, no combing, upright, BGR.

Colours come out right by FFmpeg's conversion: 8 to 12 bits, any subsampling, full or limited range, and the matrix
that the stream names; where it names none, BT.709 for high definition and BT.601 below it, as players do. It converts
the two fields of an interlaced frame apart. High dynamic range (PQ, HLG) is shown as on an ordinary screen.
"""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import Any

import numpy as np
from av.video.reformatter import VideoReformatter

from habeas.media import hdr
from habeas.media.clips.stream import BROKEN
from habeas.media.values import Image, MediaReason
from habeas.model.errors import BadInput
from habeas.model.installation.limits import MediaLimits

MIN_SIDE = 16
_BT709, _UNNAMED, _BT601 = 1, 2, 5  # ITU-T H.273
_HIGH_WIDTH, _LOW_LINES = 1280, 576
_MOST_STRETCH = 4  # a larger pixel aspect ratio is implausible: shown as coded


class Painter:
    """Converts the frames of one track; keeps FFmpeg's converter between frames."""

    def __init__(self, stream: Any, limits: MediaLimits) -> None:
        self._stream, self._limits, self._converter = stream, limits, VideoReformatter()

    def upright_size(self, frame: Any) -> tuple[int, int]:
        """Width and height in square pixels. Raises BadInput: `over_limit`, `too_small`."""
        width, height = self._square_width(frame), frame.height
        return (height, width) if _turns(frame) % 2 else (width, height)

    def upright(self, frame: Any) -> Image:
        """A decoded frame as BGR uint8 (H, W, 3), upright, its pixels made square.

        Raises BadInput: `over_limit`, `too_small`, `unreadable_container`.
        """
        width, transfer = self._square_width(frame), int(frame.color_trc)
        bright = transfer in hdr.TRANSFERS
        try:
            shown = self._converter.reformat(
                frame, width=width, format="rgb48le" if bright else "bgr24",
                src_colorspace=_matrix(frame), threads=1,
            )  # fmt: skip
            signal: Any = shown.to_ndarray()
            if bright:
                signal = hdr.to_srgb(signal, transfer, int(frame.color_primaries))[:, :, ::-1]
            image: Image = np.asarray(signal, np.uint8)
        except BROKEN:
            raise BadInput(MediaReason.UNREADABLE_CONTAINER, "a frame can't be converted") from None
        if frame.interlaced_frame:
            image = one_field(image)
        if _mirrored(frame):
            image = image[::-1]
        return np.ascontiguousarray(np.rot90(image, _turns(frame)))

    def _square_width(self, frame: Any) -> int:
        # the container's word goes first, as everywhere; a broadcast changes its own from one moment to the next
        aspect = self._stream.sample_aspect_ratio or self._stream.codec_context.sample_aspect_ratio
        if not aspect or not Fraction(1, _MOST_STRETCH) <= aspect <= _MOST_STRETCH:
            aspect = Fraction(1)
        width: int = round(frame.width * aspect)
        if max(width, frame.width) * frame.height > self._limits.max_pixels:
            raise BadInput(MediaReason.OVER_LIMIT, "more pixels than the limit")
        if min(width, frame.width, frame.height) < MIN_SIDE:
            raise BadInput(MediaReason.TOO_SMALL, f"a side is shorter than {MIN_SIDE} pixels")
        return width


def _matrix(frame: Any) -> int | None:
    """Colour matrix assumed for a frame that names none; None if it names one."""
    unnamed = int(frame.colorspace) == _UNNAMED
    high = max(frame.width, frame.height) >= _HIGH_WIDTH or min(frame.width, frame.height) > _LOW_LINES
    return (_BT709 if high else _BT601) if unnamed else None


def one_field(image: Image) -> Image:
    """One field of an interlaced frame, BGR uint8 (H, W, 3): each odd line becomes the mean of its neighbours."""
    lines = image[::2]
    between = (lines[:-1].astype(np.uint16) + lines[1:] + 1) >> 1
    shown = np.empty_like(image)
    shown[::2] = lines
    shown[1 : 2 * len(between) : 2] = between
    if len(image) % 2 == 0:
        shown[-1] = lines[-1]
    return shown


def _turns(frame: Any) -> int:
    """Quarter turns counter-clockwise, as numpy turns."""
    return int(round(frame.rotation / 90) % 4)


def _mirrored(frame: Any) -> bool:
    """Whether the display matrix flips, too: upside down first, then by its turns."""
    for side in frame.side_data:
        if side.type.name == "DISPLAYMATRIX" and len(bytes(side)) == 36:
            a, b, _, c, d = struct.unpack("=9i", bytes(side))[:5]
            return bool(a * d - b * c < 0)
    return False
