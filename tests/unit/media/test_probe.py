from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import media_files as make
import numpy as np
import pytest
from bad_media import FILES, Maker

from habeas.media.clips import decode as pyav_clip
from habeas.media.files import disk_files as files
from habeas.media.photos import decode as images
from habeas.media.source import probe, probe_at
from habeas.media.values import MediaReason
from habeas.model.errors import BadInput
from habeas.model.installation.limits import MediaLimits, Sampling

LIMITS = MediaLimits()


@pytest.mark.parametrize("case", FILES)
def test_what_cannot_be_used_is_named_by_a_closed_word(tmp_path: Path, case: str) -> None:
    name, maker, reason = FILES[case]
    maker(tmp_path / name)
    with pytest.raises(BadInput) as refused:
        probe_at(tmp_path, name, LIMITS)
    assert reason == refused.value.reason
    assert reason in MediaReason.ALL
    assert str(tmp_path) not in str(refused.value)


def test_every_word_of_the_closed_list_is_in_the_list() -> None:
    words = {value for name, value in vars(MediaReason).items() if isinstance(value, str) and name.isupper()}
    assert words == MediaReason.ALL


def test_a_photo_says_what_it_is_whatever_it_is_called(tmp_path: Path) -> None:
    make.jpeg(tmp_path / "list.m3u8")
    data = (tmp_path / "list.m3u8").read_bytes()
    seen = probe_at(tmp_path, "list.m3u8", LIMITS)
    assert ("photo", "jpeg", 160, 120, 0) == (
        seen.media,
        seen.format,
        seen.width,
        seen.height,
        seen.duration_ms,
    )
    assert (hashlib.sha256(data).digest(), len(data)) == (seen.sha256, seen.bytes)
    assert (tmp_path / "list.m3u8").stat().st_mtime_ns == seen.mtime_ns


def test_a_clip_says_its_length_and_when_it_was_made(tmp_path: Path) -> None:
    make.clip(tmp_path / "pipe:", created="2026-03-04T05:06:07Z")
    seen = probe_at(tmp_path, "pipe:", LIMITS)
    assert ("clip", "mp4", 160, 120, 2000) == (
        seen.media,
        seen.format,
        seen.width,
        seen.height,
        seen.duration_ms,
    )
    assert datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC) == seen.captured_at


def test_a_length_that_only_the_headers_claim_changes_nothing(tmp_path: Path) -> None:
    make.with_duration(make.clip(tmp_path / "a.mp4"), 400_000)
    assert 2000 == probe_at(tmp_path, "a.mp4", LIMITS).duration_ms


def test_a_picture_with_something_behind_it_is_still_that_picture(tmp_path: Path) -> None:
    make.jpeg(tmp_path / "a.jpg")
    with (tmp_path / "a.jpg").open("ab") as file:
        file.write(b"PK\x03\x04 a zip, so they say")
    assert "jpeg" == probe_at(tmp_path, "a.jpg", LIMITS).format


def test_where_it_was_taken_and_by_whom_goes_no_further(tmp_path: Path) -> None:
    make.jpeg(
        tmp_path / "a.jpg",
        exif={0x013B: "Ann Photographer", 0x010E: "my flat", 0x9003: "2026:03:04 05:06:07"},
    )
    seen = probe_at(tmp_path, "a.jpg", LIMITS)
    known = {
        "media",
        "format",
        "sha256",
        "bytes",
        "mtime_ns",
        "captured_at",
        "width",
        "height",
        "duration_ms",
    }
    assert known == {each.name for each in fields(seen)}
    assert not {"Ann", "flat"} & set(repr(seen).replace("'", " ").split())


@pytest.mark.parametrize(
    ("taken", "offset", "captured_at"),
    [
        ("2026:03:04 05:06:07", "+09:00", datetime(2026, 3, 4, 5, 6, 7, tzinfo=timezone(timedelta(hours=9)))),
        ("2026:03:04 05:06:07", "Z", datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)),
        ("2026:03:04 05:06:07", "", None),
        ("2026:02:30 05:06:07", "+09:00", None),
        ("0000:00:00 00:00:00", "+09:00", None),
        ("\x1b[31mowned", "+09:00", None),
    ],
)
def test_a_time_without_a_zone_is_no_time(
    tmp_path: Path, taken: str, offset: str, captured_at: datetime | None
) -> None:
    make.jpeg(tmp_path / "a.jpg", exif={0x9003: taken, 0x9011: offset})
    assert captured_at == probe_at(tmp_path, "a.jpg", LIMITS).captured_at


@pytest.mark.parametrize(
    ("orientation", "size"), [(1, (160, 120)), (3, (160, 120)), (6, (120, 160)), (9, (160, 120))]
)
def test_the_size_of_a_photo_is_its_upright_size(
    tmp_path: Path, orientation: int, size: tuple[int, int]
) -> None:
    make.jpeg(tmp_path / "a.jpg", exif={0x0112: orientation})
    seen = probe_at(tmp_path, "a.jpg", LIMITS)
    assert size == (seen.width, seen.height)


@pytest.mark.parametrize(
    "limits",
    [replace(LIMITS, max_bytes=100), replace(LIMITS, max_pixels=160 * 120 - 1)],
    ids=["bytes", "pixels"],
)
@pytest.mark.parametrize("maker", [make.jpeg, make.png, make.clip])
def test_caps_hold_for_every_format(tmp_path: Path, limits: MediaLimits, maker: Maker) -> None:
    maker(tmp_path / "a")
    with pytest.raises(BadInput) as refused:
        probe_at(tmp_path, "a", limits)
    assert "over_limit" == refused.value.reason


@pytest.mark.parametrize("maker", [make.jpeg, make.png, make.clip])
def test_random_damage_is_read_or_refused_and_never_anything_else(tmp_path: Path, maker: Maker) -> None:
    maker(tmp_path / "whole")
    data = (tmp_path / "whole").read_bytes()
    for seed in range(40):
        rng = np.random.default_rng(seed)
        damaged = bytearray(data)
        for at in rng.integers(0, len(data), 4):
            damaged[at] = rng.integers(0, 256)
        (tmp_path / "damaged").write_bytes(damaged)
        with suppress(BadInput), files.open_regular(tmp_path, "damaged") as fd:
            if probe(fd, LIMITS).media == "photo":
                images.decode(fd, LIMITS)
            else:
                list(pyav_clip.frames(fd, Sampling(), LIMITS))


def test_a_file_cut_anywhere_is_refused_and_never_crashes(tmp_path: Path) -> None:
    for maker in (make.jpeg, make.png, make.clip):
        whole = tmp_path / "whole"
        maker(whole)
        data = whole.read_bytes()
        for keep in range(0, len(data), max(1, len(data) // 40)):
            (tmp_path / "cut").write_bytes(data[:keep])
            with pytest.raises(BadInput):
                probe_at(tmp_path, "cut", LIMITS)
