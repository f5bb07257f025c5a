"""Jars are used as `jars.lock` names them, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from habeas.model.errors import IntegrityError
from habeas.pipeline.runtime import jars


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    for name in ("a.jar", "b.jar"):
        (folder / name).write_text(name)
    return folder


@pytest.fixture
def lock(tmp_path: Path, source: Path) -> Path:
    place = tmp_path / "jars.lock"
    place.write_text("".join(f"{jars.sha256(jar)}  {jar.name}\n" for jar in sorted(source.iterdir())))
    return place


def test_what_is_fetched_replaces_what_was_there(tmp_path: Path, source: Path, lock: Path) -> None:
    folder = tmp_path / "jars"
    folder.mkdir()
    (folder / "old.jar").touch()
    assert jars.ensure(folder, lock, lambda _: source)
    assert ["a.jar", "b.jar"] == sorted(path.name for path in folder.iterdir())


def test_what_is_there_already_is_not_fetched_again(tmp_path: Path, source: Path, lock: Path) -> None:
    def fetch(work: Path) -> Path:
        raise AssertionError

    assert not jars.ensure(source, lock, fetch)


@pytest.mark.parametrize("fault", ["altered", "missing", "foreign"])
def test_of_a_folder_with_one_wrong_jar_none_is_used(
    tmp_path: Path, source: Path, lock: Path, fault: str
) -> None:
    if fault == "missing":
        (source / "a.jar").unlink()
    else:
        (source / ("a.jar" if fault == "altered" else "c.jar")).write_text("other")
    with pytest.raises(IntegrityError, match=r"[ac]\.jar"):
        jars.ensure(tmp_path / "jars", lock, lambda _: source)
    assert [] == list((tmp_path / "jars").iterdir())
