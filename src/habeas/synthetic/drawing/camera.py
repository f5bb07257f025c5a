"""What a camera and a file format do to a finished picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from habeas.synthetic.drawing.nuisance import Camera, Light

Pixels = NDArray[np.uint8]


def lit(image: Pixels, light: Light) -> Pixels:
    """Exposure, white balance and gamma over the whole picture, BGR uint8 (h, w, 3) in and out."""
    ramp = np.arange(256) / 255.0
    casts = (light.cast_blue, 1.0, light.cast_red)
    table = np.stack([np.clip(ramp * cast * light.level, 0, 1) ** light.gamma for cast in casts], axis=1)
    return np.asarray(cv2.LUT(image, np.round(table * 255).astype(np.uint8)[None]), np.uint8)


def photographed(image: Pixels, camera: Camera, rng: np.random.Generator) -> Pixels:
    """Lens blur, motion blur and sensor noise; compression is a step of its own."""
    if camera.blur > 0.25:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), camera.blur), np.uint8)
    if camera.motion > 1.0:
        image = np.asarray(cv2.filter2D(image, -1, _streak(camera.motion, camera.motion_angle)), np.uint8)
    if camera.noise > 0.3:
        height, width = image.shape[:2]
        # a tile of noise, repeated from a random place: as good as fresh noise and far cheaper
        tile = rng.normal(0.0, camera.noise, (min(height, 128), min(width, 128), 3))
        times = (-(-height // tile.shape[0]), -(-width // tile.shape[1]), 1)
        noise = np.tile(np.round(tile).astype(np.int16), times)[:height, :width]
        image = np.asarray(cv2.add(image, noise, dtype=cv2.CV_8U), np.uint8)
    return image


def _streak(length: float, angle: float) -> NDArray[np.float32]:
    size = int(np.ceil(length)) | 1
    kernel = np.zeros((size, size), np.float32)
    middle = (size - 1) / 2
    way = np.array([np.cos(angle), np.sin(angle)]) * length / 2
    start, end = np.round((middle - way) * 16).astype(int), np.round((middle + way) * 16).astype(int)
    cv2.line(kernel, (int(start[0]), int(start[1])), (int(end[0]), int(end[1])), 1.0, 1, cv2.LINE_8, 4)
    total = kernel.sum()
    return kernel / total if total > 0 else np.ones((1, 1), np.float32)


def encode_jpeg(image: Pixels, quality: int = 92) -> bytes:
    """A JPEG file; `image` BGR uint8 (h, w, 3), quality 1..100. Same bytes for the same OpenCV."""
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError("OpenCV could not encode this picture as JPEG")
    return data.tobytes()


def through_jpeg(image: Pixels, quality: int) -> Pixels:
    """The picture as it looks after it was compressed at that quality and read again."""
    decoded = cv2.imdecode(np.frombuffer(encode_jpeg(image, quality), np.uint8), cv2.IMREAD_COLOR)
    if decoded is None:
        raise ValueError("OpenCV could not read back its own JPEG")
    return np.asarray(decoded, np.uint8)
