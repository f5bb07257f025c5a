"""Converts the colours of a photo to 8-bit sRGB, over white where it is transparent."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import PIL.Image
from PIL import ImageCms

MODES = frozenset(
    {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "LAB", "I;16", "I;16L", "I;16B"}
)
"""Pillow's modes that `to_rgb` takes. "I" and "F" aren't among them: no one says which value is white."""

_MAX_PROFILE = 8 << 20
_PROFILED = frozenset({"L", "RGB", "CMYK"})
_SAME = 2  # levels of 255 by which a profile may differ from sRGB and still be taken for it
_MIN_IS_WHITE, _BITS = 262, 258  # TIFF's tags
_BAD_PROFILE = (ImageCms.PyCMSError, OSError, ValueError, TypeError)


def to_rgb(image: PIL.Image.Image) -> PIL.Image.Image:
    """A loaded picture of one of `MODES` in mode RGB.

    An embedded profile is honoured, and ignored where it is broken, oversized or of other colours than the
    picture's. CMYK without a usable profile is converted as plain inks.
    """
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I;16"):
        image = _high_bytes(image)
    alpha = None
    if image.has_transparency_data and not _deep_key(image):
        full = image.convert("RGBA")
        alpha = full.getchannel("A")
        image = full.convert("L" if image.mode in {"LA", "La"} else "RGB")
    if image.mode not in _PROFILED | {"LAB"}:
        image = image.convert("L" if image.mode == "1" else "RGB")
    seen = _by_profile(image, profile)
    if alpha is None:
        return seen
    white = PIL.Image.new("RGB", seen.size, "white")
    white.paste(seen, mask=alpha)
    return white


def _high_bytes(image: PIL.Image.Image) -> PIL.Image.Image:
    """Grey of 16 bits (or 12) as its upper 8, which is also how Pillow reads colours of 16 bits."""
    tags = getattr(image, "tag_v2", {})
    bits = tags.get(_BITS, (16,))
    values = np.asarray(image) >> (bits[0] - 8)
    grey = values.astype(np.uint8)
    return PIL.Image.fromarray(255 - grey if tags.get(_MIN_IS_WHITE) == 0 else grey)


def _deep_key(image: PIL.Image.Image) -> bool:
    """A transparent colour of 16 bits, which no longer means one once the picture has 8."""
    key = image.info.get("transparency")
    return image.mode == "RGB" and isinstance(key, tuple) and max(key) > 255


def _by_profile(image: PIL.Image.Image, profile: object) -> PIL.Image.Image:
    if isinstance(profile, bytes) and len(profile) <= _MAX_PROFILE and image.mode in _PROFILED:
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            transform = ImageCms.buildTransform(source, _SRGB, image.mode, "RGB")
            if image.mode != "RGB" or _changes(transform):
                return transform.apply(image)
        except _BAD_PROFILE:
            pass  # broken, or of other colours: then the picture is sRGB, as one without a profile
    return image if image.mode == "RGB" else image.convert("RGB")


def _changes(transform: ImageCms.ImageCmsTransform) -> bool:
    """True if the profile changes any colour of a lattice: many profiles are sRGB under another name."""
    seen = np.asarray(transform.apply(_LATTICE)).astype(np.int16)
    return bool(np.abs(seen - np.asarray(_LATTICE)).max() > _SAME)


def _lattice() -> PIL.Image.Image:
    """27 x 27 pixels: each colour of nine levels a channel once."""
    levels = np.linspace(0, 255, 9).round().astype(np.uint8)
    colors = np.stack(np.meshgrid(levels, levels, levels), axis=-1)
    return PIL.Image.fromarray(colors.reshape(27, 27, 3))


_LATTICE = _lattice()
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
