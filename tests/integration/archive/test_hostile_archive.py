"""A night over an archive with every bad file among the good ones ends as a night over the good ones alone.

Of each bad file a list says that somebody is in it who consented: nothing but the file keeps it from being embedded.
Among them are two group photos with captions, one of which lacks a name.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bad_media
import clip_files
import media_files
import pillow_heif
import pytest
from installations import AS_DRAWN, PURPOSES, Installed, contents, copy_of
from PIL import Image

from habeas.faces.plan import AssetPlan, StagedRow
from habeas.pipeline.embed import embed, worker
from habeas.pipeline.record import imports
from habeas.records.parsing.scope import SUBJECT
from habeas.synthetic import Person, Placement, draw_scene, sample_rng
from habeas.synthetic.archives.archive_people import STUDIO
from habeas.synthetic.archives.archive_plan import ROSTER_COLUMNS
from habeas.synthetic.drawing.backgrounds import draw_background
from habeas.synthetic.seeds import PEOPLE_TEST

pytestmark = [pytest.mark.spark, pytest.mark.slow, pytest.mark.timeout(900)]

pillow_heif.register_heif_opener()
READABLE = {"a.webp": "WEBP", "a.tif": "TIFF", "a.avif": "AVIF", "a.heic": "HEIF"}
FILMED = {
    "a.mkv": ("matroska", "h265"),
    "a.webm": ("webm", "vp9"),
    "a.ts": ("mpegts", "mpeg2"),
    "b.mp4": ("mp4", "av1"),
}

KILLERS = {"segfault": "decoder_crashed", "eat-much": "over_limit"}
"""Last words of a photo at which the decoder that embeds dies, while the one that catalogued it saw nothing."""

Archives = tuple[Installed, Installed, Counter[str]]
"""Good files alone, the same with bad ones among them, and how many of those for each reason."""


def spoil(folder: Path) -> tuple[Counter[str], list[Path]]:
    """One of everything into new folders below one of a source; reasons, as the quarantine should count them.

    Good files in formats that nobody else has here are laid beside them.
    """
    expected: Counter[str] = Counter()
    bad: list[Path] = []

    def lay(maker: bad_media.Maker, name: str, reason: str) -> None:
        place = folder / f"bad-{len(bad)}" / name
        place.parent.mkdir(parents=True)
        maker(place)
        bad.append(place)
        expected[reason] += 1

    for name, maker, reason in bad_media.FILES.values():
        lay(maker, name, reason)
    for maker, reason in bad_media.PHOTOS.values():
        lay(maker, "a.jpg", reason)
    for word, reason in KILLERS.items():
        lay(_ending_in(word.encode()), "a.jpg", reason)
    shown = Image.fromarray(media_files.picture()[:, :, ::-1])
    for name, kind in READABLE.items():
        shown.save(folder / name, kind)
    for name, (container, codec) in FILMED.items():
        clip_files.film(folder / name, container, codec, clip_files.moving)
    return expected, bad


def _ending_in(word: bytes) -> bad_media.Maker:
    return lambda place: place.write_bytes(media_files.jpeg(place).read_bytes() + word)


def list_all(installed: Installed, folder: Path, bad: list[Path]) -> None:
    """A line a content, about somebody who is listed in a portrait already, and consented."""
    with (installed.lists / "rosters.csv").open() as lines:
        known = next(row for row in csv.DictReader(lines) if row["subject"] and not row["position"])
    different = {place.read_bytes(): place for place in bad}.values()
    record(
        installed,
        installed.lists / "bad.csv",
        [known | {"source": STUDIO, "file": str(place.relative_to(folder.parent))} for place in different],
    )


def caption(installed: Installed, folder: Path, people: list[str]) -> None:
    """Two photos of the same people in two rows, larger from person to person, and a caption for each from the front
    row's left; the second caption leaves the last of them out.
    """
    front = len(people) // 2
    size = [48.0 + 12 * at for at in range(len(people))]
    placed = []
    for at in range(len(people)):
        x, y = 140 + 180 * (at % front), 330 if at < front else 130
        placed.append(Placement(Person.from_seed(PEOPLE_TEST.start + at), x, y, size[at]))
    rng = sample_rng("unit", "scene", 77)
    shown = draw_scene(placed, (760, 480), rng, background=draw_background(rng, 760, 480, busy=0.1)).image
    about = Image.Exif()
    about.get_ifd(0x8769)[0x9003] = "2026:11:01 12:00:00"
    lines: list[dict[str, Any]] = []
    for name, quality, listed in (("whole.jpg", 95, people), ("struck.jpg", 94, people[:-1])):
        Image.fromarray(shown[:, :, ::-1]).save(folder / name, "JPEG", quality=quality, exif=about)
        lines += [
            {"source": STUDIO, "file": f"{folder.name}/{name}", "subject": SUBJECT + person, "closed": "true",
             "row": 1 if at < front else 2, "position": 1 + at % front, "attested_by": "front desk",
             "attested_at": "2026-11-20T09:00:00Z"}
            for at, person in enumerate(listed)
        ]  # fmt: skip
    record(installed, installed.lists / "captions.csv", lines)


def record(installed: Installed, file: Path, lines: list[dict[str, Any]]) -> None:
    with file.open("w") as out:
        writer = csv.DictWriter(out, [*ROSTER_COLUMNS, "row"], restval="")
        writer.writeheader()
        writer.writerows(lines)
    place = installed.place
    key = place.settings.installation_key.read_bytes()
    with place.tables(f"import-{file.stem}") as tables:
        read = imports.add_rosters(tables, place.registrar, file, place.settings.archive, key, AS_DRAWN)
    assert len(read.records) == len(lines)


def worker_whose_decoder_dies() -> Callable[[worker.WorkerSetup], embed.Worker]:
    """The worker as it is, but for one thing: its decoder does what the last word of a file tells it."""
    tests = str(Path(bad_media.__file__).parent)

    def make_worker(setup: worker.WorkerSetup) -> embed.Worker:
        def work(plan: AssetPlan) -> list[StagedRow]:
            import sys

            from habeas.media.sandbox import client as decoder

            if tests not in sys.path:
                sys.path.append(tests)
            usual, killable = decoder.shared, decoder.Decoder(setup.media, "decoder_stub")
            decoder.shared = lambda _: killable  # type: ignore[assignment]
            try:
                return worker.make_worker(setup)(plan)
            finally:
                decoder.shared = usual
                killable.close()

        return work

    return make_worker


def of_known(rows: dict[str, list[str]], table: str, assets: set[str]) -> list[str]:
    """Rows that speak of one of these assets."""
    return [row for row in rows[table] if any(asset in row for asset in assets)]


def of_the_studio(installed: Installed) -> list[str]:
    """Four people, at least, whose portraits of the studio were embedded for the search."""
    rows = (row for row in installed.rows("embeddings") if row["purpose"] == PURPOSES[0])
    found = sorted({row["subject_id"] for row in rows if row["source_id"] == STUDIO})
    assert len(found) >= 4
    return found[:4]


@pytest.fixture(scope="module")
def both(
    spark: Any, imported: Installed, first_night: Installed, tmp_path_factory: pytest.TempPathFactory
) -> Archives:
    spoilt = copy_of(imported, tmp_path_factory.mktemp("archives") / "spoilt")
    root = next(row["root"] for row in imported.rows("sources") if row["source_id"] == STUDIO)
    folder = spoilt.place.settings.archive / root / "strange"
    expected, bad = spoil(folder)
    list_all(spoilt, folder, bad)
    caption(spoilt, folder, of_the_studio(first_night))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(worker, "make_worker", worker_whose_decoder_dies())
        spoilt.night("first", *first_night.as_of("first"))
    return first_night, spoilt, expected


def test_good_files_end_as_if_the_bad_ones_were_not_there(both: Archives) -> None:
    clean, spoilt, _ = both
    assets = {row["asset_id"] for row in clean.rows("assets")}
    alone, beside = contents(clean), contents(spoilt)
    assert clean.rows("embeddings")
    for table in ("assets", "decisions", "embeddings", "row_status", "refusals", "work", "staged"):
        assert of_known(alone, table, assets) == of_known(beside, table, assets), table


def test_no_bad_file_is_embedded_though_somebody_who_consented_is_listed_in_it(both: Archives) -> None:
    clean, spoilt, _ = both
    known = {row["asset_id"] for row in clean.rows("assets")}
    embedded = {row["asset_id"] for row in spoilt.rows("embeddings")} - known
    assert embedded == {asset_at(spoilt, "whole.jpg")}
    allowed = {row["asset_id"] for row in spoilt.rows("decisions") if row["effect"] == "allow"} - known
    killed = {row["asset_id"] for row in spoilt.rows("quarantine") if row["reason"] == "decoder_crashed"}
    assert killed and killed <= allowed  # they were opened to be embedded, and cost one row each


def test_a_captioned_group_is_embedded_row_by_row_from_the_left(both: Archives) -> None:
    clean, spoilt, _ = both
    rows = [row for row in spoilt.rows("embeddings") if row["asset_id"] == asset_at(spoilt, "whole.jpg")]
    by_size = [row["subject_id"] for row in sorted(rows, key=lambda row: row["q_size_px"])]
    assert of_the_studio(clean) == list(dict.fromkeys(by_size))


def test_a_caption_that_lacks_a_name_embeds_nobody(both: Archives) -> None:
    _, spoilt, _ = both
    struck = asset_at(spoilt, "struck.jpg")
    assert not any(row["asset_id"] == struck for row in spoilt.rows("embeddings"))
    refused = {row["reason"]: row["count"] for row in spoilt.rows("refusals") if row["asset_id"] == struck}
    assert refused == {"ambiguous": 4}


def asset_at(installed: Installed, name: str) -> str:
    (found,) = [row["asset_id"] for row in installed.rows("assets") if row["location"].endswith(name)]
    return str(found)


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
    once = ["webp", "tiff", "avif", "heic", "mpegts", "mp4"]
    captioned_and_killers = ["jpeg"] * (2 + len(KILLERS))
    assert Counter([*once, "matroska", "matroska", *captioned_and_killers]) == new
