"""The how-tos done word by word: their own lists and commands, until a template is stored."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import media_files
import pytest
from installations import Installed
from typer.testing import CliRunner

from habeas.cli.installation import installation
from habeas.cli.main import app
from habeas.faces.model_packs import registry as packs
from habeas.model.installation.resources import MODELS as SHIPPED_MODELS
from habeas.model.installation.resources import PROJECT
from habeas.synthetic import Person, draw_portrait, sample_rng
from habeas.synthetic.seeds import PEOPLE_TEST

HOW_TO = PROJECT / "docs" / "how-to"
SAID = date(2026, 5, 7)
"""The day of the consents on the page. Every date of its lists is moved so that this one was 200 days ago."""
DAYS = (datetime.now(UTC).date() - timedelta(days=200) - SAID).days
NAMES = ("sources.csv", "consents.csv", "rosters.csv")


def blocks(page: str, language: str) -> list[str]:
    text = (HOW_TO / page).read_text(encoding="utf-8")
    return [_moved(block) for block in re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)]


def commands(page: str, **places: Path) -> list[list[str]]:
    """The habeas commands of a page, with its folders replaced; none that reads from another program."""
    text = "\n".join(blocks(page, "sh")).replace("\\\n", " ")
    for told, there in places.items():
        text = text.replace(f"/{told.replace('_', '/')}", str(there))
    return [shlex.split(line)[1:] for line in text.splitlines() if line.startswith("habeas ")]


def _moved(text: str) -> str:
    def later(found: re.Match[str]) -> str:
        return (date.fromisoformat(found[0]) + timedelta(days=DAYS)).isoformat()

    return re.sub(r"\b20\d\d-\d\d-\d\d\b", later, text)


def _run(words: list[str], folder: Path, config: Path | None = None) -> str:
    lists = [str(folder / word) if (folder / word).is_file() else word for word in words]
    told = CliRunner(env={"HABEAS_CONFIG": str(config) if config else None, "NO_COLOR": "1"}).invoke(
        app, lists
    )
    assert 0 == told.exit_code, (words, told.output)
    return told.output


def _footage(archive: Path, roster: str) -> None:
    """What the page's roster names: a portrait, and a clip in which nobody is."""
    for row in csv.DictReader(io.StringIO(roster)):
        file = archive / row["source"] / row["file"]
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == ".mp4":
            media_files.clip(file)
        else:
            person = Person.from_seed(PEOPLE_TEST.start + 5)
            cv2.imwrite(str(file), draw_portrait(person, sample_rng("unit", "portrait", 5)).image)


@pytest.mark.slow
@pytest.mark.spark
@pytest.mark.timeout(900)
def test_the_page_about_your_own_archive_ends_with_a_template_of_who_said_yes(
    spark: Any, tmp_path: Path
) -> None:
    home, archive, lists = tmp_path / "home", tmp_path / "footage", tmp_path / "lists"
    lists.mkdir()
    for name, text in zip(NAMES, blocks("your-own-archive.md", "csv"), strict=True):
        (lists / name).write_text(text)
    _footage(archive, (lists / "rosters.csv").read_text())
    asked = commands("your-own-archive.md", srv_faces=home, mnt_footage=archive)
    (archive / "cameras" / "street").mkdir(parents=True)
    assert ["init", "source", "consent", "roster", "run"] == [words[0] for words in asked][:5]
    _run(asked[0], lists)
    config = home / "habeas.toml"
    (home / "policies" / "activities.yaml").write_text(blocks("record-activities.md", "yaml")[0])
    for words in asked[1:4]:
        _run(words, lists, config)
    place = installation(config)
    installed = Installed(place, lists, lists / "none")
    installed.night("how-to")  # the jobs that `habeas run nightly` strings together
    missing = {name for row in installed.rows("decisions") for name in row["missing"] or ()}
    stored = installed.rows("embeddings")
    assert {place.subject_of("B-1000")} == {row["subject_id"] for row in stored}, (
        sorted(missing), [(row["action"], row["effect"], row["rules"]) for row in installed.rows("decisions")],
    )  # fmt: skip
    assert 1 == len(stored)
    for words in asked[5:]:
        if "ID" not in words:
            _run(words, lists, config)


def test_the_page_about_your_own_model_can_be_done_word_by_word(tmp_path: Path) -> None:
    shipped = packs.read(SHIPPED_MODELS / "synthetic")
    media, photos = tmp_path / "media", tmp_path / "photos"
    photos.mkdir()
    cv2.imwrite(
        str(photos / "a.png"),
        draw_portrait(Person.from_seed(PEOPLE_TEST.start), sample_rng("unit", "portrait", 1)).image,
    )
    (text,) = blocks("your-own-model.md", "toml")
    for part, name in ((shipped.detector, "det.onnx"), (shipped.recogniser, "rec.onnx")):
        media.joinpath("my_pack").mkdir(parents=True, exist_ok=True)
        (media / "my_pack" / name).write_bytes((SHIPPED_MODELS / "synthetic" / part.file).read_bytes())
        text = text.replace('"…"', f'"{part.sha256}"', 1)
    # the page's numbers are those of another pack
    text = text.replace("dimensions = 512", f"dimensions = {shipped.recogniser.dimensions}")
    (media / "my_pack" / "pack.toml").write_text(text)
    home = tmp_path / "home"
    _run(["init", "--home", str(home)], tmp_path)
    asked = [words for words in commands("your-own-model.md", media=media) if words[0] == "models"]
    assert ["add", "verify", "check"] == [words[1] for words in asked]
    for words in asked:
        told = [str(photos) if word == "~/some-photos" else word for word in words]
        said = _run(told, tmp_path, home / "habeas.toml")
    assert "1 faces in 1 pictures" in said
    assert (
        json.loads(_run(["models", "list", "--json"], tmp_path, home / "habeas.toml"))[0]["pack"] == "my_pack"
    )
