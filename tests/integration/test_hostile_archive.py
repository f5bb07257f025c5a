"""A night over an archive with every bad file among the good ones ends as a night over the good ones alone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import bad_media
import clip_files
import media_files
import pytest
from installations import Installed, contents, copy_of, import_lists, install
from PIL import Image

from habeas.synthetic.archive_people import STUDIO

pytestmark = [pytest.mark.spark, pytest.mark.slow, pytest.mark.battery, pytest.mark.timeout(900)]

READABLE = {"a.webp": "WEBP", "a.tif": "TIFF", "a.avif": "AVIF"}
FILMED = {
    "a.mkv": ("matroska", "h265"),
    "a.webm": ("webm", "vp9"),
    "a.ts": ("mpegts", "mpeg2"),
    "b.mp4": ("mp4", "av1"),
}

Archives = tuple[Installed, Installed, Counter[str]]
"""Good files alone, the same with bad ones among them, and how many of those for each reason."""


def spoil(folder: Path) -> Counter[str]:
    """One of everything into new folders below one of a source; reasons, as the quarantine should count them."""
    expected: Counter[str] = Counter()
    for number, (name, maker, reason) in enumerate(bad_media.FILES.values()):
        place = folder / f"bad-{number}"
        place.mkdir(parents=True)
        maker(place / name)
        expected[reason] += 1
    for number, (maker, reason) in enumerate(bad_media.PHOTOS.values()):
        place = folder / f"worse-{number}"
        place.mkdir()
        maker(place / "a.jpg")
        expected[reason] += 1
    shown = Image.fromarray(media_files.picture()[:, :, ::-1])
    for name, kind in READABLE.items():
        shown.save(folder / name, kind)
    for name, (container, codec) in FILMED.items():
        clip_files.film(folder / name, container, codec, clip_files.moving)
    return expected


def of_known(rows: dict[str, list[str]], table: str, assets: set[str]) -> list[str]:
    """Rows that speak of one of these assets."""
    return [row for row in rows[table] if any(asset in row for asset in assets)]


@pytest.fixture(scope="module")
def both(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Archives:
    home = tmp_path_factory.mktemp("archives")
    clean = install(home / "clean")
    import_lists(clean)
    spoilt = copy_of(clean, home / "spoilt")
    root = next(row["root"] for row in clean.rows("sources") if row["source_id"] == STUDIO)
    expected = spoil(spoilt.place.settings.archive / root / "strange")
    clean.night("clean")
    spoilt.night("clean", *clean.as_of("clean"))
    return clean, spoilt, expected


def test_good_files_end_as_if_the_bad_ones_were_not_there(
    both: Archives,
) -> None:
    clean, spoilt, _ = both
    assets = {row["asset_id"] for row in clean.rows("assets")}
    alone, beside = contents(clean), contents(spoilt)
    assert clean.rows("embeddings")
    for table in ("assets", "decisions", "embeddings", "row_status", "refusals", "work", "staged"):
        assert of_known(alone, table, assets) == of_known(beside, table, assets), table


def test_each_bad_file_is_one_row_with_its_reason(
    both: Archives,
) -> None:
    clean, spoilt, expected = both
    before = {row["quarantine_id"] for row in clean.rows("quarantine")}
    found = Counter(row["reason"] for row in spoilt.rows("quarantine") if row["quarantine_id"] not in before)
    assert expected == found


def test_every_format_is_catalogued(both: Archives) -> None:
    clean, spoilt, _ = both
    known = {row["asset_id"] for row in clean.rows("assets")}
    new = Counter(
        row["format"] for row in spoilt.rows("assets") if row["asset_id"] not in known and row["format"]
    )
    assert Counter(["webp", "tiff", "avif", "matroska", "matroska", "mpegts", "mp4"]) == new
