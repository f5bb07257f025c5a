"""Colours come out as they look, whichever way they are stored."""

from __future__ import annotations

import os
from pathlib import Path

import icc_profiles as icc
import media_files as make
import numpy as np
import photo_files as photos
import pytest
from PIL import Image, ImageCms

from habeas.media.photos import colour as photo_colors
from habeas.media.photos import decode as images
from habeas.model.installation.limits import MediaLimits

BGR = make.picture(64, 48)
RGB = Image.fromarray(np.ascontiguousarray(BGR[:, :, ::-1]))
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
RED = Image.new("RGB", (64, 48), (200, 0, 0))


def _decoded(path: Path) -> np.ndarray:
    fd = os.open(path, os.O_RDONLY)
    try:
        return images.decode(fd, MediaLimits()).image
    finally:
        os.close(fd)


def _first(path: Path) -> list[int]:
    return _decoded(path)[0, 0].tolist()


@pytest.mark.parametrize("adobe", ["CMYK", "YCCK"])
def test_inks_of_a_jpeg_come_out_as_what_they_print(tmp_path: Path, adobe: str) -> None:
    if adobe == "YCCK":
        photos.ycck_jpeg(tmp_path / "a.jpg", BGR)
    else:
        photos.inks(BGR).save(tmp_path / "a.jpg", quality=98)
    assert np.abs(_decoded(tmp_path / "a.jpg").astype(int) - BGR).max() < 12


def test_inks_of_a_tiff_come_out_as_what_they_print(tmp_path: Path) -> None:
    photos.inks(BGR).save(tmp_path / "a.tif")
    assert np.array_equal(BGR, _decoded(tmp_path / "a.tif"))


def test_lab_is_read(tmp_path: Path) -> None:
    RGB.convert("LAB").save(tmp_path / "a.tif")
    assert np.abs(_decoded(tmp_path / "a.tif").astype(int) - BGR).max() < 12


def test_grey_of_16_bits_is_read_from_a_png(tmp_path: Path) -> None:
    grey = np.asarray(RGB.convert("L")).astype(np.uint16)
    Image.fromarray(grey * 257).save(tmp_path / "a.png")
    assert np.array_equal(grey, _decoded(tmp_path / "a.png")[:, :, 1])


@pytest.mark.parametrize("mode", ["P", "L", "RGB"])
def test_a_transparent_colour_is_white(tmp_path: Path, mode: str) -> None:
    image = RGB.quantize(16) if mode == "P" else RGB.convert(mode)
    key = image.getpixel((0, 0))
    image.save(tmp_path / "a.png", transparency=key)
    assert [255, 255, 255] == _first(tmp_path / "a.png")


def test_a_transparent_colour_of_16_bits_takes_no_other_for_itself(tmp_path: Path) -> None:
    """Pillow compares its lower bytes with what is left of the pixels: their upper ones."""
    data = photos.png_16_bits(np.full((48, 64, 3), 7 * 256, np.uint16), key=(5 * 256 + 7,) * 3)
    (tmp_path / "a.png").write_bytes(data)
    assert [7, 7, 7] == _first(tmp_path / "a.png")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_an_embedded_profile_is_honoured_in_every_format(tmp_path: Path, kind: str) -> None:
    RED.save(tmp_path / "a", kind, icc_profile=icc.red_is_blue())
    blue, green, red = _first(tmp_path / "a")
    assert blue > 180 and green < 30 and red < 30


def test_the_wide_colours_of_phones_are_brought_home(tmp_path: Path) -> None:
    RED.save(tmp_path / "a.png", icc_profile=icc.display_p3())
    assert 210 < _first(tmp_path / "a.png")[2] < 230


def test_grey_goes_through_its_profile(tmp_path: Path) -> None:
    Image.new("L", (64, 48), 200).save(tmp_path / "a.png", icc_profile=icc.darker_grey())
    assert _first(tmp_path / "a.png") == pytest.approx([165] * 3, abs=3)


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_inks_go_through_their_profile(tmp_path: Path, name: str) -> None:
    Image.new("CMYK", (64, 48), (0, 0, 0, 255)).save(tmp_path / name, icc_profile=icc.red_black_ink())
    _, _, red = _first(tmp_path / name)
    assert red > 100  # without the profile, black


def test_colours_under_glass_go_through_the_profile_and_the_glass_stays_white(tmp_path: Path) -> None:
    image = RED.convert("RGBA")
    image.paste((0, 0, 0, 0), (32, 0, 64, 48))
    image.save(tmp_path / "a.png", icc_profile=icc.red_is_blue())
    seen = _decoded(tmp_path / "a.png")
    assert seen[0, 0, 0] > 180 and seen[0, 0, 2] < 30
    assert [255, 255, 255] == seen[0, 60].tolist()


@pytest.mark.parametrize(
    "profile",
    [
        SRGB,
        b"no profile at all" * 20,
        icc.red_is_blue()[:200],
        icc.darker_grey(),
        icc.red_is_blue() + b"\0" * (9 << 20),
    ],
    ids=["sRGB", "junk", "cut", "of another space", "oversized"],
)
def test_a_profile_that_says_nothing_usable_changes_no_pixel(tmp_path: Path, profile: bytes) -> None:
    RGB.save(tmp_path / "a.jpg", quality=95)
    RGB.save(tmp_path / "b.jpg", quality=95, icc_profile=profile)
    assert np.array_equal(_decoded(tmp_path / "a.jpg"), _decoded(tmp_path / "b.jpg"))


def test_a_profile_of_srgb_in_other_words_is_told_by_what_it_does() -> None:
    transforms = [
        ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(photo_colors.BytesIO(profile)), photo_colors._SRGB, "RGB", "RGB"
        )
        for profile in (SRGB, icc.display_p3())
    ]
    assert [False, True] == [photo_colors._changes(each) for each in transforms]
