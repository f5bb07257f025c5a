from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from habeas.media.files import disk_files as files
from habeas.media.files import locations
from habeas.media.values import Found
from habeas.model.errors import BadInput, Unavailable

ODD_NAMES = [
    b"two\nlines.jpg",
    b"-i",
    b"pipe:",
    b"http:x.mp4",
    b"bad\xff\xfe.jpg",
    "\u202egpj.exe".encode(),
    b"50%.jpg",
    b"50%25.jpg",
    b"scan%20one.jpg",
    "␛FF.jpg".encode(),
]


def _reason(root: Path, location: str) -> str:
    with pytest.raises(BadInput) as refused, files.open_regular(root, location):
        pass
    return refused.value.reason


@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_name_a_file_system_allows_is_found_and_opened(tmp_path: Path, name: bytes) -> None:
    Path(os.fsdecode(bytes(tmp_path) + b"/" + name)).write_bytes(b"here")
    (found,) = files.walk(tmp_path)
    assert ("file", 4) == (found.kind, found.size)
    assert found.location.isprintable()
    with files.open_regular(tmp_path, found.location) as fd:
        assert b"here" == os.read(fd, 10)


def test_a_name_as_long_as_the_system_allows(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(8):
        deep = deep / ("d" * 200)
    os.makedirs(deep)
    (deep / ("x" * 251 + ".jpg")).write_bytes(b"1")
    (found,) = files.walk(tmp_path)
    with files.open_regular(tmp_path, found.location) as fd:
        assert b"1" == os.read(fd, 1)


def test_links_pipes_sockets_and_folders_with_media_names_are_reported_and_never_opened(
    tmp_path: Path,
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.jpg").write_bytes(b"secret")
    root = tmp_path / "root"
    (root / "folder.jpg").mkdir(parents=True)
    (root / "folder.jpg" / "in.jpg").write_bytes(b"1")
    (root / "link.jpg").symlink_to(outside / "secret.jpg")
    (root / "linked").symlink_to(outside)
    os.mkfifo(root / "pipe.jpg")
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(root / "socket.jpg"))
    seen = {found.location: found.kind for found in files.walk(root)}
    door.close()
    assert {
        "folder.jpg": "not_a_file",
        "folder.jpg/in.jpg": "file",
        "link.jpg": "symlink",
        "linked": "symlink",
        "pipe.jpg": "not_a_file",
        "socket.jpg": "not_a_file",
    } == seen
    assert "not_a_file" == _reason(root, "folder.jpg")
    assert "symlink" == _reason(root, "link.jpg")
    assert "symlink" == _reason(root, "linked/secret.jpg")
    assert "not_a_file" == _reason(root, "pipe.jpg")
    assert "not_a_file" == _reason(root, "socket.jpg")


def test_a_folder_swapped_for_a_link_after_the_walk_leads_nowhere(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    for folder in (root / "day", outside):
        folder.mkdir(parents=True)
        (folder / "a.jpg").write_bytes(b"1")
    (found,) = files.walk(root)
    (root / "day" / "a.jpg").unlink()
    (root / "day").rmdir()
    (root / "day").symlink_to(outside)
    assert "symlink" == _reason(root, found.location)


@pytest.mark.parametrize(
    "location", ["../secret.jpg", "/etc/passwd", "a//b", "./a", "", "a/..", "␛2E␛2E/a", "a␛00b"]
)
def test_no_location_leads_outside_the_source(tmp_path: Path, location: str) -> None:
    assert "bad_location" == _reason(tmp_path, location)


def test_what_is_gone_or_closed_says_so(tmp_path: Path) -> None:
    assert "missing" == _reason(tmp_path, "gone.jpg")
    with pytest.raises(Unavailable):
        list(files.walk(tmp_path / "no such folder"))


def test_a_walk_is_in_order_and_tells_size_and_time(tmp_path: Path) -> None:
    for name in ("b.jpg", "a.jpg"):
        (tmp_path / name).write_bytes(b"12")
        os.utime(tmp_path / name, ns=(5, 7_000_000_123))
    about = {name: os.stat(tmp_path / name) for name in ("a.jpg", "b.jpg")}
    assert [
        Found(name, "file", 2, 7_000_000_123, each.st_ctime_ns, (each.st_dev, each.st_ino))
        for name, each in about.items()
    ] == list(files.walk(tmp_path))


def test_a_walk_leaves_no_descriptor_open(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    before = len(os.listdir("/proc/self/fd"))
    list(files.walk(tmp_path))
    with pytest.raises(BadInput), files.open_regular(tmp_path, "a/b/none"):
        pass
    assert before == len(os.listdir("/proc/self/fd"))


def test_a_file_written_to_while_it_is_read_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a.jpg"
    target.write_bytes(b"x" * 3_000_000)
    real = os.pread

    def growing(fd: int, size: int, offset: int) -> bytes:
        if offset == 0:
            with target.open("ab") as more:
                more.write(b"y")
        return real(fd, size, offset)

    monkeypatch.setattr(os, "pread", growing)
    with files.open_regular(tmp_path, "a.jpg") as fd, pytest.raises(BadInput) as refused:
        files.sha256_of(fd)
    assert "changed_while_read" == refused.value.reason


def test_same_size_and_restored_time_are_still_a_change(tmp_path: Path) -> None:
    target = tmp_path / "a.jpg"
    target.write_bytes(b"before")
    with files.open_regular(tmp_path, "a.jpg") as fd:
        stamp = files.stamp(fd)
        target.write_bytes(b"after!")
        os.utime(target, ns=(stamp[3], stamp[3]))
        with pytest.raises(BadInput):
            files.unchanged(fd, stamp)


def test_no_message_names_a_path(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused, files.open_regular(tmp_path, "Jane Doe.jpg"):
        pass
    assert "Jane" not in str(refused.value)
    assert locations.encode(b"Jane") not in repr(refused.value)
