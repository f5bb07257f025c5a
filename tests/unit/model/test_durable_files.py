"""A file is there whole or not at all, whatever was there before and whatever the umask says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from habeas.model.installation.durable_files import create_file, replace_file, write_new


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mode(place: Path) -> int:
    return place.stat().st_mode & 0o777


def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    replace_file(tmp_path / "a.json", "one", 0o600)
    replace_file(tmp_path / "a.json", b"two", 0o644)
    assert ("two", 0o644) == ((tmp_path / "a.json").read_text(), mode(tmp_path / "a.json"))
    assert ["a.json"] == names(tmp_path)


def test_a_file_that_must_be_new_never_replaces_one(tmp_path: Path) -> None:
    create_file(tmp_path / "a.key", b"one", 0o600)
    with pytest.raises(FileExistsError):
        create_file(tmp_path / "a.key", b"two", 0o600)
    assert b"one" == (tmp_path / "a.key").read_bytes()
    assert ["a.key"] == names(tmp_path)


def test_what_fails_on_the_way_leaves_the_old_file_and_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_file(tmp_path / "a.json", "one")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace_file(tmp_path / "a.json", "two")
    assert "one" == (tmp_path / "a.json").read_text()
    assert ["a.json"] == names(tmp_path)


def test_permissions_are_as_asked_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        create_file(tmp_path / "order", b"x", 0o644)
        replace_file(tmp_path / "own", b"x")
    finally:
        os.umask(before)
    assert (0o644, 0o600) == (mode(tmp_path / "order"), mode(tmp_path / "own"))


def test_no_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="exists"):
        write_new(tmp_path / "link", b"x")
    assert not (tmp_path / "elsewhere").exists()
