"""A source's folder goes away between two steps, and comes back: named, nothing lost, nothing done under its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from installations import AS_DRAWN, Installed, copy_of

from habeas.model.errors import RefusedByPolicy
from habeas.oversight.runs.left_out_sources import sources_left_out
from habeas.pipeline.record import imports
from habeas.synthetic.archives.archive_people import STUDIO

pytestmark = [pytest.mark.spark, pytest.mark.slow, pytest.mark.timeout(900)]


def embedded(installed: Installed) -> dict[str, int]:
    """Sealed rows by source."""
    found: dict[str, int] = {}
    for row in installed.rows("embeddings"):
        found[row["source_id"]] = found.get(row["source_id"], 0) + 1
    return found


def studio(installed: Installed) -> Path:
    root = next(row["root"] for row in installed.rows("sources") if row["source_id"] == STUDIO)
    return Path(installed.place.settings.archive / root)


def test_what_was_away_when_it_should_be_embedded_is_embedded_by_the_next_night(
    decided: Installed, tmp_path: Path, spark: Any
) -> None:
    installed = copy_of(decided, tmp_path / "home")
    folder, away = studio(installed), tmp_path / "away"
    folder.rename(away)
    folder.mkdir()  # as a share looks that isn't mounted
    installed.steps("first", "embed", "check", "publish")
    assert STUDIO not in embedded(installed)
    folder.rmdir()
    installed.steps("second", "catalog", "decide", "embed", "check", "publish")
    assert sources_left_out(installed.record("second", "catalog")) == {STUDIO: "source_away"}
    assert all(row["present"] for row in installed.rows("assets") if row["source_id"] == STUDIO)
    away.rename(folder)
    installed.steps("third", "catalog", "decide", "embed", "check", "publish")
    assert embedded(installed)[STUDIO] > 0
    assert not sources_left_out(installed.record("third", "catalog"))


def test_a_source_behind_a_link_is_refused_where_it_is_registered(
    imported: Installed, tmp_path: Path
) -> None:
    installed = copy_of(imported, tmp_path / "home")
    settings = installed.place.settings
    (settings.archive / "borrowed").symlink_to(studio(installed))
    header, line = (installed.lists / "sources.csv").read_text().splitlines()[:2]
    fields = dict(zip(header.split(","), line.split(","), strict=True)) | {
        "source_id": "b",
        "root": "borrowed",
    }
    listed = tmp_path / "more.csv"
    listed.write_text(f"{header}\n{','.join(fields.values())}\n")
    with installed.place.tables("import-test") as tables:
        with pytest.raises(RefusedByPolicy, match=r"source b can't be registered as it is: .* is a link"):
            imports.add_sources(tables, listed, installed.place.purposes, AS_DRAWN, settings.archive)
        assert "b" not in {row["source_id"] for row in installed.rows("sources")}
