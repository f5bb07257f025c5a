"""Whether a photo says that its values are PQ or HLG: `nclx` of HEIC and AVIF, `cICP` of PNG (ITU-T H.273)."""

from __future__ import annotations

import os
import re
import struct
from typing import Any

import numpy as np
import PIL.Image

from habeas.media import hdr

_HEAD = 1 << 16
_NCLX, _CICP = re.compile(rb"colrnclx(.{4})", re.DOTALL), re.compile(rb"\x00\x00\x00\x04cICP(..)", re.DOTALL)


def as_shown(fd: int, kind: str, image: PIL.Image.Image, shown: PIL.Image.Image) -> PIL.Image.Image:
    """Picture in mode RGB, converted from PQ or HLG if it is one. A colour profile has precedence, and was applied
    already.
    """
    coded = None if image.info.get("icc_profile") else _coded(fd, kind, image.info)
    if coded is None or coded[1] not in hdr.TRANSFERS:
        return shown
    primaries, transfer = coded
    return PIL.Image.fromarray(hdr.to_srgb(np.asarray(shown), transfer, primaries))


def _coded(fd: int, kind: str, info: dict[Any, Any]) -> tuple[int, int] | None:
    """Primaries and transfer of the picture; None where nothing is said, or not the same of all its parts."""
    if kind == "heic":
        profile = info.get("nclx_profile")
        return (profile["color_primaries"], profile["transfer_characteristics"]) if profile else None
    head = os.pread(fd, _HEAD, 0)
    if kind == "avif":
        pairs = {struct.unpack(">HH", each) for each in _NCLX.findall(head)}
        return pairs.pop() if len(pairs) == 1 else None
    if kind == "png" and (match := _CICP.search(head.partition(b"IDAT")[0])):
        return match[1][0], match[1][1]
    return None
