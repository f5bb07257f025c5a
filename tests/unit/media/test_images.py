from __future__ import annotations

import os
from pathlib import Path

import media_files as make
import numpy as np
import pytest
from PIL import Image, ImageFile

from habeas.media.photos import decode as images
from habeas.model.errors import BadInput
from habeas.model.installation.limits import MediaLimits

LIMITS = MediaLimits()


def _decoded(path: Path) -> np.ndarray:
    fd = os.open(path, os.O_RDONLY)
    try:
        return images.decode(fd, LIMITS).image
    finally:
        os.close(fd)


def _marked() -> np.ndarray:
    """Dark, with a red corner at the top left."""
    image = np.zeros((48, 64, 3), np.uint8)
    image[:16, :16] = (0, 0, 255)
    return image


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_come_upright_by_their_exif_orientation(tmp_path: Path, orientation: int) -> None:
    undo = {1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
            4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90,
            7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270}[orientation]  # fmt: skip
    stored = Image.fromarray(_marked()) if undo is None else Image.fromarray(_marked()).transpose(undo)
    make.jpeg(tmp_path / "a.jpg", np.asarray(stored), exif={0x0112: orientation})
    image = _decoded(tmp_path / "a.jpg")
    assert (48, 64, 3) == image.shape
    assert image[4, 4, 2] > 200 and image[4, 4, 0] < 60  # red, in BGR
    assert image[40, 60].max() < 40


def test_an_orientation_that_does_not_exist_turns_nothing(tmp_path: Path) -> None:
    make.jpeg(tmp_path / "a.jpg", _marked(), exif={0x0112: 9})
    assert (48, 64, 3) == _decoded(tmp_path / "a.jpg").shape


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_grey_palette_and_alpha_become_three_channels(tmp_path: Path, mode: str) -> None:
    Image.fromarray(_marked()[:, :, ::-1]).convert(mode).save(tmp_path / "a.png")
    image = _decoded(tmp_path / "a.png")
    assert ((48, 64, 3), np.uint8) == (image.shape, image.dtype)
    assert image.flags.c_contiguous and image[4, 4, 2] > image[40, 60, 2]


def test_a_picture_cut_off_is_refused_even_where_pillow_was_told_to_fill_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    data = make.jpeg(tmp_path / "a.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(BadInput) as refused:
        _decoded(tmp_path / "a.jpg")
    assert "truncated" == refused.value.reason


def test_broken_data_behind_a_good_header_is_refused(tmp_path: Path) -> None:
    make.png_of_size(tmp_path / "a.png", 200, 200)
    with pytest.raises(BadInput) as refused:
        _decoded(tmp_path / "a.png")
    assert refused.value.reason in {"broken_image", "truncated"}


def test_a_decoded_picture_may_be_drawn_on(tmp_path: Path) -> None:
    image = _decoded(make.png(tmp_path / "a.png"))
    image[:] = 0
    assert image.flags.writeable and image.flags.c_contiguous


def test_the_first_picture_of_a_stereo_jpeg_is_the_photo(tmp_path: Path) -> None:
    first, second = (Image.fromarray(np.full((48, 64, 3), level, np.uint8)) for level in (200, 20))
    first.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[second])
    assert _decoded(tmp_path / "a.jpg").min() > 190


def test_a_photo_of_a_camera_of_61_megapixels_is_within_the_limit(tmp_path: Path) -> None:
    make.png_of_size(tmp_path / "a.png", 9568, 6376)
    with (tmp_path / "a.png").open("rb") as file:
        seen = images.read_header(file.fileno(), MediaLimits())
    assert (9568, 6376) == (seen.width, seen.height)
