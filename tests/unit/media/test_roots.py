"""A source is the folder it was registered for, and no folder or file belongs to two sources."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from habeas.media.files import disk_files as files
from habeas.media.files import source_folders as roots
from habeas.media.files.source_folders import SourceFolder, usable
from habeas.model.errors import BadInput, Unavailable


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    (tmp_path / "archive" / "cameras" / "street").mkdir(parents=True)
    (tmp_path / "archive" / "cameras" / "street" / "a.jpg").write_bytes(b"1")
    (tmp_path / "archive" / "studio").mkdir()
    return tmp_path / "archive"


SOURCES = {"street": "cameras/street", "studio": "studio"}


def test_folders_that_are_folders_can_be_used(archive: Path) -> None:
    found, refused = usable(archive, SOURCES)
    assert found == {name: SourceFolder(archive, root) for name, root in SOURCES.items()}
    assert not refused


@pytest.mark.parametrize("linked", ["studio", "deep"])
def test_a_source_that_is_a_link_or_lies_behind_one_is_refused_by_name(archive: Path, linked: str) -> None:
    """Footage whose own source forbids scanning was scanned under another source's grounds."""
    (archive / "studio").rmdir()
    if linked == "studio":
        (archive / "studio").symlink_to(archive / "cameras" / "street")
    else:
        (archive / "deep").symlink_to(archive / "cameras")
    asked = SOURCES | {"studio": "studio" if linked == "studio" else "deep/street"}
    found, refused = usable(archive, asked)
    assert list(found) == ["street"]
    assert refused == {"studio": "source_linked"}
    with pytest.raises(BadInput, match="source_linked"):
        list(files.walk(SourceFolder(archive, asked["studio"])))
    with (
        pytest.raises(BadInput, match="source_linked"),
        files.open_regular(SourceFolder(archive, asked["studio"]), "a.jpg"),
    ):
        pass


def test_a_folder_swapped_for_a_link_after_the_check_leads_nowhere(archive: Path) -> None:
    found, _ = usable(archive, SOURCES)
    (archive / "studio").rmdir()
    (archive / "studio").symlink_to(archive / "cameras" / "street")
    with pytest.raises(BadInput, match="source_linked"), files.open_regular(found["studio"], "a.jpg"):
        pass


@pytest.mark.parametrize("there", ["nothing", "file", "broken link"])
def test_a_source_that_is_away_is_refused_by_name_and_the_others_are_used(archive: Path, there: str) -> None:
    (archive / "studio").rmdir()
    if there == "file":
        (archive / "studio").write_bytes(b"")
    elif there == "broken link":
        (archive / "studio").symlink_to("nowhere")
    found, refused = usable(archive, SOURCES)
    assert list(found) == ["street"]
    assert refused == {"studio": "source_linked" if there == "broken link" else "source_away"}


def test_the_archives_own_folder_may_be_a_link_and_must_be_there(archive: Path) -> None:
    link = archive.with_name("footage")
    link.symlink_to(archive)
    assert set(usable(link, SOURCES)[0]) == set(SOURCES)
    with pytest.raises(Unavailable, match="archive's folder"):
        usable(archive / "none", SOURCES)


@pytest.fixture
def bound(archive: Path) -> Iterator[None]:
    """`cameras` mounted a second time, as `studio`."""
    made = subprocess.run(
        ["mount", "--bind", str(archive / "cameras"), str(archive / "studio")],  # noqa: S607
        check=False,
        capture_output=True,
    )
    if made.returncode:
        pytest.skip("this user may mount nothing")
    yield
    subprocess.run(["umount", str(archive / "studio")], check=True)  # noqa: S607


@pytest.mark.usefixtures("bound")
@pytest.mark.parametrize("mine", ["studio", "studio/street"])
def test_a_folder_that_is_mounted_twice_is_of_neither_source(archive: Path, mine: str) -> None:
    """The same folder, and a folder above the other's."""
    for theirs in ("cameras/street", "cameras"):
        found, refused = usable(archive, {"street": theirs, "studio": mine, "away": "none"})
        assert not found
        assert refused == {"street": "source_shared", "studio": "source_shared", "away": "source_away"}


def test_what_is_looked_at_leaves_no_descriptor_open(archive: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    (archive / "link").symlink_to("studio")
    usable(archive, SOURCES | {"away": "none/deep", "linked": "link"})
    for place in ("link", "none/deep"):
        with pytest.raises(BadInput):
            roots.open_root(SourceFolder(archive, place))
    assert before == len(os.listdir("/proc/self/fd"))


def test_a_disk_that_cant_give_a_file_says_nothing_about_its_content() -> None:
    fd = os.open("/proc/self/mem", os.O_RDONLY)  # address 0 is nowhere: the read ends in an I/O error
    try:
        with pytest.raises(BadInput, match="unreadable"):
            files.sha256_of(fd)
    finally:
        os.close(fd)
