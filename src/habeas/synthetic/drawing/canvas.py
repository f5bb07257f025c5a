"""A transparent sheet to paint on: anti-aliased shapes, soft shadows, light."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from habeas.synthetic.drawing.palette import Colour, mix

Pixels = NDArray[np.uint8]
Points = NDArray[np.float64]
_SHIFT = 4  # sub-pixel bits of OpenCV's drawing calls


def _fixed(points: Points) -> NDArray[np.int32]:
    return np.round(points * (1 << _SHIFT)).astype(np.int32)


class Canvas:
    """Blue, green, red, alpha of shape (height, width, 4), uint8, colours premultiplied by alpha."""

    def __init__(self, width: int, height: int) -> None:
        self.pixels: Pixels = np.zeros((height, width, 4), np.uint8)
        # shadows gather here at half size, 128 = unchanged, until `shade` applies them
        self._shadow: Pixels = np.full(((height + 1) // 2, (width + 1) // 2), 128, np.uint8)

    def fill(self, points: Points, colour: Colour) -> None:
        """A closed shape; points of shape (n, 2) in pixels."""
        cv2.fillPoly(self.pixels, [_fixed(points)], (*colour, 255), cv2.LINE_AA, _SHIFT)

    def blob(self, points: Points, colour: Colour, share: float, soft: float = 0.0) -> None:
        """A closed shape that lets `1 - share` of what is below through, and leaves alpha alone.

        `soft` is the blur of its edge in pixels.
        """
        margin = int(3 * soft) + 2
        low = np.maximum(np.floor(points.min(axis=0)).astype(int) - margin, 0)
        high = np.ceil(points.max(axis=0)).astype(int) + margin + 1
        part = self.pixels[low[1] : high[1], low[0] : high[0]]
        if part.size == 0:
            return
        mask = np.zeros(part.shape[:2], np.uint8)
        cv2.fillPoly(mask, [_fixed(points - low)], round(255 * min(share, 1.0)), cv2.LINE_AA, _SHIFT)
        if soft > 0.4:
            mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), soft), np.uint8)
        weight = (mask[..., None] * (part[..., 3:4].astype(np.float32) / 255.0)) / 255.0
        bgr = part[..., :3]
        part[..., :3] = bgr + (np.asarray(colour, np.float32) - bgr) * weight

    def line(self, points: Points, colour: Colour, width: float, closed: bool = False) -> None:
        """A stroke of any width in pixels; one thinner than a pixel is a pixel that lets some skin through."""
        thickness = max(1, round(width))
        if width < 1.0:
            colour = mix(self._under(points), colour, max(width, 0.0))
        cv2.polylines(self.pixels, [_fixed(points)], closed, (*colour, 255), thickness, cv2.LINE_AA, _SHIFT)

    def _under(self, points: Points) -> Colour:
        x, y = points[len(points) // 2]
        height, width = self.pixels.shape[:2]
        b, g, r, _ = self.pixels[min(max(int(y), 0), height - 1), min(max(int(x), 0), width - 1)]
        return float(b), float(g), float(r)

    def shadow(self, points: Points, level: float) -> None:
        """Remember a shadow (`level` < 1) or a shine (> 1) of that shape for the next `shade`."""
        cv2.fillPoly(
            self._shadow, [_fixed(points / 2)], float(np.clip(128 * level, 0, 255)), cv2.LINE_AA, _SHIFT
        )

    def shade(self, soft: float) -> None:
        """Apply the shadows remembered, their edges blurred by `soft` pixels, and forget them."""
        self._multiply(np.asarray(cv2.GaussianBlur(self._shadow, (0, 0), max(soft / 2, 0.4)), np.uint8))
        self._shadow = np.full_like(self._shadow, 128)

    def light(self, middle: tuple[float, float], reach: float, slope_x: float, slope_y: float) -> None:
        """A slope of light over everything: 1 at `middle`, `1 + slope` at `reach` pixels from there."""
        height, width = self.pixels.shape[:2]
        x = (np.arange(0, width + 15, 16) - middle[0]) / reach * slope_x
        y = (np.arange(0, height + 15, 16) - middle[1]) / reach * slope_y
        field = np.clip(1.0 + x[None, :] + y[:, None], 0.25, 1.8)
        self._multiply(np.clip(field * 128, 0, 255).astype(np.uint8))

    def _multiply(self, field: Pixels) -> None:
        height, width = self.pixels.shape[:2]
        full = cv2.resize(field, (width, height), interpolation=cv2.INTER_LINEAR)
        four = cv2.merge([full, full, full, np.full_like(full, 128)])
        cv2.multiply(self.pixels, four, self.pixels, scale=1 / 128)

    def shrunk(self, factor: int) -> Pixels:
        """The sheet at 1/factor of its size, each pixel the mean of factor x factor."""
        if factor == 1:
            return self.pixels
        height, width = self.pixels.shape[:2]
        small = cv2.resize(self.pixels, (width // factor, height // factor), interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.uint8)
