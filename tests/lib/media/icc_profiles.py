"""ICC profiles drawn by hand (ICC.1:2001-04), with a visible effect each."""

from __future__ import annotations

import struct
from itertools import product

_D50 = (0.9642, 1.0, 0.8249)
_SRGB = {"r": (0.4361, 0.2225, 0.0139), "g": (0.3851, 0.7169, 0.0971), "b": (0.1431, 0.0606, 0.7139)}
_P3 = {"r": (0.5151, 0.2412, -0.0011), "g": (0.2919, 0.6922, 0.0419), "b": (0.1572, 0.0666, 0.7841)}


def red_is_blue() -> bytes:
    """sRGB but for its red and blue, which have changed places."""
    return _matrix({"r": _SRGB["b"], "g": _SRGB["g"], "b": _SRGB["r"]})


def display_p3() -> bytes:
    """The wide colours of phones, with a plain curve of 2.2."""
    return _matrix(_P3)


def darker_grey() -> bytes:
    """Grey with a curve of 4.0: a middle grey comes out much darker."""
    return _profile(b"GRAY", b"XYZ ", {b"wtpt": _xyz(_D50), b"kTRC": _curve(4.0)})


def red_black_ink() -> bytes:
    """CMYK whose black ink is red: nothing else has a colour."""
    paper, red = (255, 128, 128), (136, 208, 195)  # L, a, b of 8 bits
    lattice = b"".join(bytes(red if ink[3] else paper) for ink in product((0, 1), repeat=4))
    identity = bytes(range(256))
    matrix = struct.pack(">9i", *(65536 if row == column else 0 for row in range(3) for column in range(3)))
    table = b"mft1" + b"\0" * 4 + bytes([4, 3, 2, 0]) + matrix + identity * 4 + lattice + identity * 3
    return _profile(b"CMYK", b"Lab ", {b"wtpt": _xyz(_D50), b"A2B0": table}, kind=b"prtr")


def _matrix(primaries: dict[str, tuple[float, float, float]]) -> bytes:
    tags = {b"wtpt": _xyz(_D50)}
    for channel, color in primaries.items():
        tags[f"{channel}XYZ".encode()] = _xyz(color)
        tags[f"{channel}TRC".encode()] = _curve(2.2)
    return _profile(b"RGB ", b"XYZ ", tags)


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def _curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"


def _profile(space: bytes, between: bytes, tags: dict[bytes, bytes], kind: bytes = b"mntr") -> bytes:
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + b"\0" * 82,
        b"cprt": b"text\0\0\0\0none\0",
        **tags,
    }
    table, data = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        table += name + struct.pack(">II", start + len(data), len(value))
        data += value + b"\0" * (-len(value) % 4)
    size = start + len(data)
    head = struct.pack(">I4sI4s4s4s", size, b"\0" * 4, 0x02100000, kind, space, between)
    head += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + b"\0" * 28
    head += struct.pack(">3i", *(round(value * 65536) for value in _D50))
    return head.ljust(128, b"\0") + table + data
