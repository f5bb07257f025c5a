"""Pictures of high dynamic range, really encoded: a grey card comes out as a grey card, not washed out or dark."""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pillow_heif
import pytest
from PIL import Image

from habeas.media.clips import decode as pyav_clip
from habeas.media.files import disk_files as files
from habeas.media.photos import decode as images
from habeas.model.installation.limits import MediaLimits, Sampling

GREY_CARD, WHITE = 0.38, {"pq": 0.58, "hlg": 0.75}
"""Signals of BT.2408, table 1: 18 % grey is at 38 % in PQ and HLG, white of an ordinary picture at 58 % and 75 %."""
TRANSFER = {"pq": 16, "hlg": 18}


def _clip(path: Path, transfer: str, levels: tuple[float, ...]) -> Path:
    """Stripes of grey, one a level."""
    with av.open(str(path), "w", format="mp4") as out:
        stream = out.add_stream("libx265", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64 * len(levels), 64, "yuv420p10le"
        context = stream.codec_context
        context.color_trc, context.color_primaries, context.colorspace = TRANSFER[transfer], 9, 9
        names = {"pq": "smpte2084", "hlg": "arib-std-b67"}
        stream.options = {
            "preset": "ultrafast",
            "x265-params": f"colorprim=bt2020:transfer={names[transfer]}:colormatrix=bt2020nc:log-level=none:pools=1",
        }
        for index in range(5):
            frame = av.VideoFrame(stream.width, 64, "yuv420p10le")
            luma = np.repeat([round(64 + 876 * level) for level in levels], 64).astype(np.uint16)
            for plane, row in zip(
                frame.planes, (luma, *[np.full(stream.width // 2, 512, np.uint16)] * 2), strict=True
            ):
                line = np.zeros(plane.line_size // 2, np.uint16)
                line[: len(row)] = row
                plane.update(np.tile(line, plane.height).tobytes())
            frame.pts, frame.time_base = index, Fraction(1, 25)
            frame.color_trc, frame.color_primaries, frame.colorspace = TRANSFER[transfer], 9, 9
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("transfer", ["pq", "hlg"])
def test_a_grey_card_in_a_clip_of_high_dynamic_range_is_mid_grey(tmp_path: Path, transfer: str) -> None:
    levels = (0.0, GREY_CARD, WHITE[transfer], 1.0)
    path = _clip(tmp_path / "a.mp4", transfer, levels)
    with files.open_regular(path.parent, path.name) as fd:
        frame = next(pyav_clip.frames(fd, Sampling(), MediaLimits()))
        black, grey, white, brightest = (frame.image[32, 32 + 64 * i].astype(int) for i in range(4))
    assert black.max() <= 4
    assert np.abs(grey - 105).max() <= 15, "18 % reflectance is 118 in sRGB, a card in HDR a little darker"
    assert 210 <= white.min() < brightest.min() and brightest.min() >= 250
    assert max(np.ptp(grey), np.ptp(white)) <= 3, "grey stays grey"


def _photo(path: Path, kind: str, transfer: int) -> None:
    levels = [0.0, GREY_CARD, WHITE["pq" if transfer == 16 else "hlg"], 1.0]
    stripes = np.repeat([round(level * 255) for level in levels], 64).astype(np.uint8)
    picture = Image.fromarray(np.broadcast_to(stripes[None, :, None], (64, 256, 3)).copy())
    if kind == "heic":
        pillow_heif.from_pillow(picture).save(
            path, quality=95, color_primaries=9, transfer_characteristics=transfer, matrix_coefficients=9,
            full_range_flag=1,
        )  # fmt: skip
        return
    picture.save(path, kind, **({"quality": 95, "speed": 10} if kind == "avif" else {}))
    data = bytearray(path.read_bytes())
    if kind == "avif":
        at = data.index(b"colrnclx") + 8
        data[at : at + 4] = struct.pack(">HH", 9, transfer)
    else:
        chunk = b"cICP" + bytes([9, transfer, 0, 1])
        data[33:33] = struct.pack(">I", 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    path.write_bytes(data)


@pytest.mark.parametrize("transfer", ["pq", "hlg"])
@pytest.mark.parametrize("kind", ["heic", "avif", "png"])
def test_a_photo_of_high_dynamic_range_is_shown_as_on_an_ordinary_screen(
    tmp_path: Path, kind: str, transfer: str
) -> None:
    _photo(tmp_path / "a", kind, TRANSFER[transfer])
    with (tmp_path / "a").open("rb") as file:
        seen = images.decode(file.fileno(), MediaLimits()).image
    black, grey, white, brightest = (seen[32, 32 + 64 * i].astype(int) for i in range(4))
    assert black.max() <= 8
    assert np.abs(grey - 105).max() <= 15
    assert 200 <= white.min() < brightest.min() and brightest.min() >= 250


@pytest.mark.parametrize("kind", ["heic", "avif", "png"])
def test_a_photo_of_an_ordinary_screen_stays_as_it_is(tmp_path: Path, kind: str) -> None:
    _photo(tmp_path / "a", kind, 13)
    with (tmp_path / "a").open("rb") as file:
        seen = images.decode(file.fileno(), MediaLimits()).image
    assert np.abs(seen[32, 32 + 64 * 2].astype(int) - round(WHITE["hlg"] * 255)).max() <= 4
