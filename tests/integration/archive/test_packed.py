"""Content that is packed is the content it was: the same assets, the same decisions, the same rows."""

from __future__ import annotations

import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from installations import Installed, contents, copy_of

from habeas.model.ids import place_id
from habeas.synthetic.archives.archive_people import STUDIO

pytestmark = [pytest.mark.spark, pytest.mark.timeout(900)]


def pack(folder: Path) -> set[str]:
    """Put everything in a folder into one zip file there; the places of its files from then on."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    with zipfile.ZipFile(folder / "lot.zip", "w") as lot:
        for number, path in enumerate(files):
            method = zipfile.ZIP_DEFLATED if number % 2 else zipfile.ZIP_STORED
            lot.write(path, path.relative_to(folder), method)
            path.unlink()
    return {f"lot.zip/{path.relative_to(folder)}" for path in files}


def studio(installed: Installed) -> Path:
    root = next(row["root"] for row in installed.rows("sources") if row["source_id"] == STUDIO)
    return Path(installed.place.settings.archive / root)


def test_packing_a_folder_makes_no_new_asset_and_no_work(
    first_night: Installed, tmp_path: Path, spark: Any
) -> None:
    installed = copy_of(first_night, tmp_path / "home")
    before = {row["asset_id"]: row for row in installed.rows("assets") if row["media"] != "unreadable"}
    places = pack(studio(installed))
    installed.steps("packed", "catalog", "decide", "embed")
    after = {row["asset_id"]: row for row in installed.rows("assets") if row["media"] != "unreadable"}
    assert after.keys() == before.keys()
    assert all(row["present"] for row in after.values())
    moved = {row["location"] for row in after.values() if row["source_id"] == STUDIO}
    assert moved
    assert moved <= places
    key = installed.place.settings.installation_key.read_bytes()
    lot = place_id(key, STUDIO, "lot.zip")
    assert all(lot in row["folders"] for row in after.values() if row["source_id"] == STUDIO), (
        "leaving it out finds them"
    )
    assert all(set(before[name]["folders"]) <= set(row["folders"]) for name, row in after.items()), (
        "packed off no list"
    )
    assert installed.counts("packed", "embed")["assets_planned"] == 0


@pytest.mark.battery
def test_a_night_over_packed_files_ends_as_one_over_plain_ones(
    imported: Installed, tmp_path: Path, spark: Any
) -> None:
    plain, packed = (copy_of(imported, tmp_path / name) for name in ("plain", "packed"))
    pack(studio(packed))
    plain.night("night")
    packed.night("night", *plain.as_of("night"))
    one, other = contents(plain), contents(packed)
    assert plain.rows("embeddings")
    for table in one.keys() - {"assets", "quarantine"}:  # whose places differ, and names made of places
        assert one[table] == other[table], table
    reasons = [Counter(row["reason"] for row in each.rows("quarantine")) for each in (plain, packed)]
    assert reasons[0] == reasons[1]
