"""The catalogue night after night: what changed, what is away, what belongs to two, and what is read again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import media_files
import pytest
from deriving import NOW
from ordinary import a_source
from pyspark.sql import functions as F

from habeas.media.files.locations import place
from habeas.media.values import LOOK_AGAIN
from habeas.model.installation.settings import Settings
from habeas.pipeline.catalog import catalog as cataloguing
from habeas.warehouse.spark_tables import Tables

ORIGINAL, OFFSET = 0x9003, 0x9011


@pytest.fixture
def archive(settings: Settings) -> Path:
    settings.installation_key.write_bytes(b"k" * 32)
    for root in ("studio", "cameras/street"):
        (settings.archive / root).mkdir(parents=True)
    return settings.archive


@pytest.fixture
def sources(tables: Tables, archive: Path) -> None:
    made = [
        a_source(source_id="studio", root="studio"),
        a_source(source_id="street", root="cameras/street"),
    ]
    rows = [asdict(each) | {"purposes": list(each.purposes)} for each in made]
    tables.append("sources", tables.frame("sources", rows))


pytestmark = [pytest.mark.spark, pytest.mark.usefixtures("sources")]


def night(
    tables: Tables, settings: Settings, run: str = "r", source: str | None = None, **more: Any
) -> tuple[dict[str, int], Mapping[str, str]]:
    return cataloguing.catalog(tables, settings, run, NOW, source, **more)


def there(tables: Tables) -> dict[tuple[str, str], dict[str, Any]]:
    """Rows of what is present, by source and location."""
    found = tables.read("assets").where("present").collect()
    return {(row["source_id"], row["location"]): row.asDict() for row in found}


def photo(place: Path, seed: int = 0) -> Path:
    image = media_files.picture().copy()
    image[0, 0] = seed
    return media_files.jpeg(place, image)


def reasons(tables: Tables) -> list[str]:
    return sorted(row["reason"] for row in tables.read("quarantine").collect())


def test_an_unchanged_night_reads_nothing_and_writes_nothing(
    tables: Tables, settings: Settings, archive: Path
) -> None:
    """Copies of one file were hashed every night."""
    photo(archive / "studio" / "a.jpg")
    shutil.copyfile(archive / "studio" / "a.jpg", archive / "studio" / "b.jpg")
    shutil.copyfile(archive / "studio" / "a.jpg", archive / "studio" / "scan%20one.jpg")
    os.link(archive / "studio" / "a.jpg", archive / "studio" / "d.jpg")
    (archive / "studio" / "broken.jpg").write_bytes(b"nothing")
    (archive / "studio" / "link.jpg").symlink_to("a.jpg")
    assert night(tables, settings)[0]["files_probed"] == 6
    version = tables._reader.version("assets")
    assert night(tables, settings)[0]["files_probed"] == 0
    assert tables._reader.version("assets") == version
    assert [row["location"] for row in there(tables).values() if row["media"] == "photo"] == ["a.jpg"]


def test_content_stays_present_while_one_of_its_places_is_left(
    tables: Tables, settings: Settings, archive: Path
) -> None:
    (archive / "studio" / "day").mkdir()
    photo(archive / "studio" / "a.jpg")
    shutil.copyfile(archive / "studio" / "a.jpg", archive / "studio" / "day" / "b.jpg")
    night(tables, settings)
    (before,) = there(tables).values()
    (archive / "studio" / "a.jpg").unlink()
    assert night(tables, settings)[0]["files_probed"] == 0
    (after,) = there(tables).values()
    assert after["location"] == "day/b.jpg"
    assert not after["copies"]
    assert (after["asset_id"], after["folders"]) == (before["asset_id"], before["folders"])
    (archive / "studio" / "day" / "b.jpg").unlink()
    photo(archive / "studio" / "other.jpg", seed=9)
    night(tables, settings)
    assert list(there(tables)) == [("studio", "other.jpg")]


def test_a_file_changed_in_place_is_read_again_though_its_time_and_size_are_kept(
    tables: Tables, settings: Settings, archive: Path
) -> None:
    place = photo(archive / "studio" / "a.jpg")
    was = place.stat()
    night(tables, settings)
    (before,) = there(tables).values()
    content = bytearray(place.read_bytes())
    content[-3] ^= 1
    place.write_bytes(content)
    os.utime(place, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert place.stat().st_size == was.st_size
    assert night(tables, settings)[0]["files_probed"] == 1
    (after,) = there(tables).values()
    assert after["asset_id"] != before["asset_id"]


def test_what_couldnt_be_reached_is_tried_again_and_what_is_broken_is_not(
    tables: Tables, settings: Settings, archive: Path
) -> None:
    photo(archive / "studio" / "a.jpg")
    (archive / "studio" / "broken.jpg").write_bytes(b"nothing")
    night(tables, settings)
    key, row = b"k" * 32, {"source_id": "studio", "location": "gone.jpg", "bytes": 1, "modified_ns": 1}
    missing = cataloguing._probe_one(
        row | {"changed_ns": 1, "problem": ""},
        cataloguing.SourceFolder(archive, "studio"),
        key,
        settings.media,
    )
    assert (missing["reason"], missing["changed_ns"]) == ("missing", LOOK_AGAIN)
    again = (
        tables.read("assets").where("location = 'a.jpg'").withColumn("changed_ns", F.lit(None).cast("long"))
    )
    tables.upsert(
        "assets", again
    )  # as a version without the column left it, or a list said that it is another file
    assert night(tables, settings)[0]["files_probed"] == 1
    assert there(tables)["studio", "a.jpg"]["changed_ns"] > 0
    assert night(tables, settings)[0]["files_probed"] == 0
    assert night(tables, settings, retry=True)[0]["files_probed"] == 1


@pytest.mark.parametrize(
    "away",
    ["missing", *(pytest.param(how, marks=pytest.mark.battery) for how in ("empty", "link", "link above"))],
)
def test_a_source_that_is_away_is_named_and_keeps_its_files_and_the_others_go_on(
    tables: Tables, settings: Settings, archive: Path, tmp_path: Path, away: str
) -> None:
    photo(archive / "studio" / "a.jpg")
    photo(archive / "cameras" / "street" / "c.jpg", seed=3)
    night(tables, settings)
    kept = tmp_path / "kept"
    folder = archive / ("cameras" if away == "link above" else "cameras/street")
    folder.rename(kept)
    if away == "empty":
        folder.mkdir()
    elif away != "missing":
        folder.symlink_to(kept if away == "link above" else archive / "studio")
    photo(archive / "studio" / "new.jpg", seed=4)
    counts, left_out = night(tables, settings)
    word = {"missing": "source_away", "empty": "source_empty"}.get(away, "source_linked")
    assert left_out == {"street": word}
    assert counts["sources_left_out"] == 1
    assert counts["files_probed"] == 1
    assert set(there(tables)) == {("studio", "a.jpg"), ("studio", "new.jpg"), ("street", "c.jpg")}
    if away != "missing":
        folder.rmdir() if away == "empty" else folder.unlink()
    kept.rename(folder)
    counts, left_out = night(tables, settings)
    assert (counts["files_probed"], left_out) == (0, {})


def test_a_file_in_two_sources_is_of_neither_until_it_is_in_one(
    tables: Tables, settings: Settings, archive: Path
) -> None:
    photo(archive / "cameras" / "street" / "c.jpg")
    photo(archive / "studio" / "other.jpg", seed=1)  # a source that is empty at once would wait
    night(tables, settings)
    assert set(there(tables)) == {("street", "c.jpg"), ("studio", "other.jpg")}
    os.link(archive / "cameras" / "street" / "c.jpg", archive / "studio" / "mine.jpg")
    night(tables, settings, source="studio")
    night(tables, settings)
    unreadable = [at for at, row in there(tables).items() if row["media"] == "unreadable"]
    assert sorted(unreadable) == [("street", "c.jpg"), ("studio", "mine.jpg")]
    assert reasons(tables) == ["in_two_sources"] * 2
    (archive / "studio" / "mine.jpg").unlink()
    night(tables, settings)
    assert {at: row["media"] for at, row in there(tables).items()} == {
        ("street", "c.jpg"): "photo",
        ("studio", "other.jpg"): "photo",
    }


def test_what_lies_in_a_folder_that_cant_be_listed_is_not_gone(
    tables: Tables, settings: Settings, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (archive / "studio" / "day").mkdir()
    (archive / "studio" / "daylight").mkdir()
    photo(archive / "studio" / "day" / "a.jpg")
    photo(archive / "studio" / "daylight" / "b.jpg", seed=1)
    night(tables, settings)
    real = os.scandir

    def refusing(folder: Any) -> Any:
        if os.readlink(f"/proc/self/fd/{folder}").endswith("/day"):
            raise PermissionError(13, "Permission denied")
        return real(folder)

    shutil.rmtree(archive / "studio" / "daylight")
    monkeypatch.setattr(os, "scandir", refusing)
    night(tables, settings)
    assert {at for at, row in there(tables).items() if row["media"] == "photo"} == {("studio", "day/a.jpg")}
    monkeypatch.undo()
    assert night(tables, settings)[0]["files_probed"] == 0
    assert list(there(tables)) == [("studio", "day/a.jpg")]


def test_no_date_of_a_file_stops_a_night_or_hides_a_table(
    tables: Tables, settings: Settings, archive: Path
) -> None:
    for number, year in enumerate(("0001", "1677", "9999", "2021")):
        about = {ORIGINAL: f"{year}:01:01 00:00:00", OFFSET: "+09:00"}
        media_files.jpeg(archive / "studio" / f"{year}.jpg", media_files.picture() + number, about)
    odd = photo(archive / "studio" / "far.jpg", seed=5)
    os.utime(odd, (10_413_792_000, 10_413_792_000))  # 2300
    night(tables, settings)
    assert night(tables, settings)[0]["files_probed"] == 0
    seen = {row["location"]: row["captured_at"] for row in tables._reader.read("assets").to_pylist()}
    assert {name: at and at.year for name, at in seen.items()} == {
        "0001.jpg": None, "1677.jpg": None, "9999.jpg": None, "2021.jpg": 2020, "far.jpg": None,
    }  # fmt: skip


def test_odd_dates_that_older_versions_stored_are_taken_out_also_of_files_that_are_gone(
    tables: Tables, settings: Settings, archive: Path
) -> None:
    photo(archive / "studio" / "here.jpg")
    photo(archive / "studio" / "gone.jpg", seed=1)
    night(tables, settings)
    (archive / "studio" / "gone.jpg").unlink()
    night(tables, settings)
    odd = tables.read("assets").withColumn("captured_at", F.expr("timestamp'0001-01-01 00:00:00'")).persist()
    odd.count()
    tables.upsert("assets", odd)
    night(tables, settings, source="street")
    rows = tables._reader.read("assets").to_pylist()
    assert {row["location"]: row["captured_at"] for row in rows} == {"here.jpg": None, "gone.jpg": None}
    assert {row["location"]: row["present"] for row in rows} == {"here.jpg": True, "gone.jpg": False}


def test_every_file_that_lies_in_no_source_leaves_a_reason(
    tables: Tables, settings: Settings, archive: Path
) -> None:
    """Files beside a nested source left none."""
    photo(archive / "cameras" / "beside.jpg")
    photo(archive / "top.jpg")
    (archive / "cameras" / "other" / "deep").mkdir(parents=True)
    photo(archive / "cameras" / "other" / "deep" / "x.jpg")
    os.mkdir(os.fsencode(archive) + b"/\xff")
    (archive / "linked").symlink_to("studio")
    with open(os.fsencode(archive) + b"/\xff/y.jpg", "wb") as file:
        file.write(b"1")
    photo(archive / "cameras" / "street" / "in.jpg")
    assert night(tables, settings)[0]["unregistered"] == 5
    assert reasons(tables) == ["unregistered_source"] * 5
    assert night(tables, settings)[0]["unregistered"] == 5
    assert len(reasons(tables)) == 5, "the same ones"


def test_a_file_that_moved_lies_for_a_yes_where_it_lies_now(
    tables: Tables, settings: Settings, archive: Path
) -> None:
    """A release for a folder once reached whatever had ever lain in it."""
    key = settings.installation_key.read_bytes()
    open_day, private = (place(key, "studio", name) for name in ("open-day", "private"))
    for name in ("open-day", "private"):
        (archive / "studio" / name).mkdir()
    photo(archive / "studio" / "open-day" / "a.jpg")
    night(tables, settings)
    (archive / "studio" / "open-day" / "a.jpg").rename(archive / "studio" / "private" / "a.jpg")
    night(tables, settings)
    (row,) = there(tables).values()
    assert (open_day in row["folders"], open_day in row["folders_now"]) == (True, False)
    assert (private in row["folders"], private in row["folders_now"]) == (True, True)
    shutil.copyfile(archive / "studio" / "private" / "a.jpg", archive / "studio" / "open-day" / "b.jpg")
    night(tables, settings)
    (row,) = there(tables).values()
    assert {open_day, private} <= set(row["folders_now"])


def test_a_row_of_an_older_version_learns_where_it_lies(
    tables: Tables, settings: Settings, archive: Path
) -> None:
    photo(archive / "studio" / "a.jpg")
    night(tables, settings)
    older = tables.read("assets").withColumn("folders_now", F.lit(None).cast("array<string>"))
    tables.upsert("assets", older.localCheckpoint())
    night(tables, settings)
    (row,) = there(tables).values()
    assert sorted(row["folders"]) == row["folders_now"] != []
