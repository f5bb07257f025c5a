"""Converts pictures of high dynamic range (PQ, HLG) to sRGB.

Rec. ITU-R BT.2100-2: the transfer functions (tables 4 and 5), HLG shown at 1,000 cd/m². Rec. ITU-R BT.2408: white of
an ordinary picture at 203 cd/m². Report ITU-R BT.2390, 5.4.1: what is brighter is compressed by a spline, dark and
middle tones stay. Rec. ITU-R BT.2407: colours of BT.2020 become those of BT.709 by a matrix, and are cut off outside.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from habeas.media.values import Image

PQ, HLG = 16, 18
"""Transfer characteristics of ITU-T H.273."""
TRANSFERS = frozenset({PQ, HLG})

_WIDE = 9  # primaries of BT.2020
_PEAK, _WHITE, _MOST = 1000.0, 203.0, 10_000.0  # cd/m2
_M1, _M2, _C1, _C2, _C3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
_A = 0.17883277
_B, _C = 1 - 4 * _A, 0.5 - _A * float(np.log(4 * _A))
_LUMINANCE = np.array([0.2627, 0.6780, 0.0593], np.float32)
_TO_BT709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32
)
_STEPS = 4096
_ROWS = 256  # worked on at once: a picture of floats would take many times its memory

_Floats = NDArray[np.float32]


def to_srgb(signal: NDArray[np.uint8] | NDArray[np.uint16], transfer: int, primaries: int) -> Image:
    """sRGB, uint8 (H, W, 3), of a PQ or HLG picture; the order of the channels stays R, G, B.

    `signal`: uint8 or uint16 (H, W, 3); `transfer`, `primaries`: codes of ITU-T H.273.
    """
    shown = np.empty(signal.shape, np.uint8)
    most = np.iinfo(signal.dtype).max
    for row in range(0, len(signal), _ROWS):
        part = signal[row : row + _ROWS]
        index = part if most == 255 else part >> 4
        light = _light(transfer, 256 if most == 255 else _STEPS)[index]
        if transfer == HLG:  # the system's gamma: what is shown depends on how bright the pixel is
            light = light * np.maximum(light @ _LUMINANCE, 1e-6)[..., None] ** np.float32(0.2)
        linear = _compressed()[_place(light)]
        if primaries == _WIDE:
            linear = linear @ _TO_BT709.T
        shown[row : row + _ROWS] = _srgb()[(np.clip(linear, 0, 1) * (_STEPS - 1)).astype(np.uint16)]
    return shown


@cache
def _light(transfer: int, steps: int) -> _Floats:
    """Light for each value of the signal, 1 = the brightest that is shown; of HLG before the system's gamma."""
    signal = np.linspace(0, 1, steps)
    if transfer == PQ:
        return np.minimum(_from_pq(signal) / _PEAK, 1).astype(np.float32)
    dark, bright = signal**2 / 3, (np.exp((signal - _C) / _A) + _B) / 12
    return np.where(signal <= 0.5, dark, bright).astype(np.float32)


def _place(light: _Floats) -> NDArray[np.uint16]:
    """Where a light lies in `_compressed`: finer where it is dark."""
    fourth = np.sqrt(np.sqrt(np.clip(light, 0, 1)))
    return (fourth * (_STEPS - 1) + 0.5).astype(np.uint16)


@cache
def _compressed() -> _Floats:
    """Light of an ordinary screen, 1 = its white: the spline of BT.2390 from 1,000 to 203 cd/m2."""
    nits = np.linspace(0, 1, _STEPS) ** 4 * _PEAK
    top, most = _to_pq(np.array(_PEAK)), _to_pq(np.array(_WHITE)) / _to_pq(np.array(_PEAK))
    given, knee = _to_pq(nits) / top, 1.5 * most - 0.5
    t = np.clip((given - knee) / (1 - knee), 0, 1)
    spline = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee)
    spline = spline + (3 * t**2 - 2 * t**3) * most
    shown = np.where(given < knee, given, spline)
    return (_from_pq(shown * top) / _WHITE).astype(np.float32)


@cache
def _srgb() -> NDArray[np.uint8]:
    """IEC 61966-2-1."""
    linear = np.linspace(0, 1, _STEPS)
    coded = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(coded * 255).astype(np.uint8)


def _from_pq(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    power = signal ** (1 / _M2)
    return _MOST * (np.maximum(power - _C1, 0) / (_C2 - _C3 * power)) ** (1 / _M1)


def _to_pq(nits: NDArray[np.float64]) -> NDArray[np.float64]:
    power = (nits / _MOST) ** _M1
    return ((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2
