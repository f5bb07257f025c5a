"""Files inside tar and zip files: found and read where they lie; what a hostile one says leads nowhere."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import media_files as make
import pytest

from habeas.media.archive import walk as archive
from habeas.media.archive.places import archive_places
from habeas.media.files import packed_content as packed
from habeas.media.sandbox import client as decoder
from habeas.media.sandbox import wire as decoder_wire
from habeas.media.source import probe_at
from habeas.model.errors import BadInput, IntegrityError
from habeas.model.ids import place_id
from habeas.model.installation.limits import MediaLimits

LIMITS = MediaLimits(memory_mb=512, seconds_per_answer=10)
Files = dict[str, bytes]


@pytest.fixture(autouse=True, scope="module")
def _no_child_left() -> Iterator[None]:
    yield
    decoder.shared(LIMITS).close()


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    place = tmp_path_factory.mktemp("photo") / "a.jpg"
    make.jpeg(place)
    return place.read_bytes()


def tar(place: Path, files: Files, form: int = tarfile.PAX_FORMAT) -> None:
    with tarfile.open(place, "w", format=form) as out:
        for name, data in files.items():
            about = tarfile.TarInfo(name)
            about.size = len(data)
            out.addfile(about, io.BytesIO(data))


def zipped(place: Path, files: Files, method: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(place, "w", method) as out:
        for name, data in files.items():
            out.writestr(name, data)


PACKERS: dict[str, tuple[str, Callable[[Path, Files], None]]] = {
    "tar": ("lot.tar", tar),
    "tar of GNU": ("lot.tar", lambda place, files: tar(place, files, tarfile.GNU_FORMAT)),
    "tar of 1988": ("lot.tar", lambda place, files: tar(place, files, tarfile.USTAR_FORMAT)),
    "zip": ("lot.ZIP", zipped),
    "zip as it is": ("lot.zip", lambda place, files: zipped(place, files, zipfile.ZIP_STORED)),
}


def kinds(root: Path) -> dict[str, str]:
    return {found.location: found.kind for found in archive.walk(root, LIMITS)}


def why_not(root: Path, location: str) -> str:
    with pytest.raises(BadInput) as refused, archive.open_file(root, location, LIMITS):
        pass
    return refused.value.reason


def read(root: Path, location: str) -> bytes:
    with archive.open_file(root, location, LIMITS) as fd:
        return os.pread(fd, os.fstat(fd).st_size + 1, 0)


@pytest.mark.parametrize("packer", PACKERS)
def test_what_is_packed_is_found_and_read_as_if_it_lay_in_a_folder(
    tmp_path: Path, photo: bytes, packer: str
) -> None:
    name, pack = PACKERS[packer]
    files = {
        "./0001.jpg": photo,
        "가족/" + "x" * 90 + ".jpg": photo[::-1],
        "a\nb.txt": b"",
        "0001.json": b"{}" * 9,
    }
    pack(tmp_path / name, files)
    (tmp_path / "beside.jpg").write_bytes(photo)
    inside = {f"{name}/0001.jpg", f"{name}/가족/{'x' * 90}.jpg", f"{name}/a␛0Ab.txt", f"{name}/0001.json"}
    assert kinds(tmp_path) == dict.fromkeys({"beside.jpg", *inside}, "file")
    sizes = {found.location: found.size for found in archive.walk(tmp_path, LIMITS)}
    assert sizes[f"{name}/0001.json"] == 18
    assert read(tmp_path, f"{name}/0001.jpg") == photo
    assert read(tmp_path, f"{name}/가족/{'x' * 90}.jpg") == photo[::-1]
    assert why_not(tmp_path, f"{name}/0002.jpg") == "missing"
    assert why_not(tmp_path, "beside.jpg/0001.jpg") == "missing"


def test_a_packed_photo_is_the_same_content_as_the_plain_one(tmp_path: Path, photo: bytes) -> None:
    zipped(tmp_path / "lot.zip", {"a.jpg": photo})
    (tmp_path / "a.jpg").write_bytes(photo)
    packed_one, plain = (probe_at(tmp_path, place, LIMITS) for place in ("lot.zip/a.jpg", "a.jpg"))
    assert packed_one.sha256 == plain.sha256 == hashlib.sha256(photo).digest()
    assert (packed_one.media, packed_one.width) == ("photo", plain.width)


def test_a_roster_and_a_leave_out_name_what_is_packed_by_its_place(tmp_path: Path, photo: bytes) -> None:
    (tmp_path / "studio").mkdir()
    zipped(tmp_path / "studio" / "lot.zip", {"ward/a.jpg": photo})
    (tmp_path / "studio" / "a.jpg").write_bytes(photo)
    places = archive_places(tmp_path, {"studio": "studio"}, bytes(32))
    assert places.asset("studio", "lot.zip/ward/a.jpg") == places.asset("studio", "a.jpg")
    assert places.folder("studio", "lot.zip") == place_id(bytes(32), "studio", "lot.zip")
    assert places.folder("studio", "lot.zip/ward") == place_id(bytes(32), "studio", "lot.zip/ward")
    with pytest.raises(BadInput):
        places.folder("studio", "lot.zip/wards")


def test_a_packed_file_counts_as_a_folder_and_so_do_those_in_it(tmp_path: Path) -> None:
    tar(tmp_path / "lot.tar", {"ward/0001.jpg": b"1"})
    (tmp_path / "plain.jpg").write_bytes(b"1")
    assert archive.is_folder(tmp_path, "lot.tar", LIMITS)
    assert archive.is_folder(tmp_path, "lot.tar/ward", LIMITS)
    for none in ("lot.tar/war", "lot.tar/ward/0001.jpg", "plain.jpg", "gone.tar"):
        assert not archive.is_folder(tmp_path, none, LIMITS)


def test_nothing_is_written_to_a_member_and_nothing_is_unpacked(tmp_path: Path, photo: bytes) -> None:
    zipped(tmp_path / "lot.zip", {"a.jpg": photo})
    before = sorted(tmp_path.rglob("*"))
    with archive.open_file(tmp_path, "lot.zip/a.jpg", LIMITS) as fd:
        with pytest.raises(PermissionError):
            os.pwrite(fd, b"x", 0)
        with pytest.raises(PermissionError):
            os.ftruncate(fd, 1)
        assert sorted(tmp_path.rglob("*")) == before


def test_a_packed_file_that_changed_is_listed_anew(tmp_path: Path) -> None:
    tar(tmp_path / "lot.tar", {"a.jpg": b"old"})
    assert read(tmp_path, "lot.tar/a.jpg") == b"old"
    tar(tmp_path / "lot.tar", {"first.jpg": b"-" * 600, "a.jpg": b"new"})
    assert read(tmp_path, "lot.tar/a.jpg") == b"new"


def test_a_document_that_is_a_zip_inside_is_not_looked_into(tmp_path: Path, photo: bytes) -> None:
    zipped(tmp_path / "letter.docx", {"word/media/image1.jpg": photo})
    (tmp_path / "odd.tar").write_bytes(photo)
    (tmp_path / "folder.zip").mkdir()
    assert kinds(tmp_path) == {"letter.docx": "file", "odd.tar": "file"}


def test_members_that_lead_elsewhere_are_told_and_never_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    root = tmp_path / "root"
    root.mkdir()
    with tarfile.open(root / "lot.tar", "w") as out:
        for name, kind in (
            ("link.jpg", tarfile.SYMTYPE), ("hard.jpg", tarfile.LNKTYPE), ("pipe.jpg", tarfile.FIFOTYPE),
            ("device.jpg", tarfile.BLKTYPE), ("folder", tarfile.DIRTYPE),
        ):  # fmt: skip
            about = tarfile.TarInfo(name)
            about.type, about.linkname = kind, "../secret"
            out.addfile(about)
        for name in ("../secret", "/etc/passwd", "twice.jpg", "./twice.jpg", "a//b.jpg"):
            out.addfile(tarfile.TarInfo(name))
    seen = kinds(root)
    assert seen == {
        "lot.tar/link.jpg": "symlink", "lot.tar/hard.jpg": "symlink", "lot.tar/pipe.jpg": "not_a_file",
        "lot.tar/device.jpg": "not_a_file", "lot.tar/../secret": "bad_location", "lot.tar//etc/passwd": "bad_location",
        "lot.tar/twice.jpg": "bad_location", "lot.tar/a//b.jpg": "bad_location",
    }  # fmt: skip
    assert {why_not(root, place) for place in ("lot.tar/../secret", "lot.tar//etc/passwd")} == {
        "bad_location"
    }
    assert why_not(root, "lot.tar/link.jpg") == "symlink"
    assert why_not(root, "lot.tar/twice.jpg") == "bad_location"


def test_a_packed_file_behind_a_link_is_not_opened(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    tar(outside / "lot.tar", {"a.jpg": b"1"})
    root = tmp_path / "root"
    root.mkdir()
    (root / "lot.tar").symlink_to(outside / "lot.tar")
    (root / "linked").symlink_to(outside)
    assert kinds(root) == {"lot.tar": "symlink", "linked": "symlink"}
    assert why_not(root, "lot.tar/a.jpg") == "symlink"
    assert why_not(root, "linked/lot.tar/a.jpg") == "symlink"


def _patched(place: Path, data: bytes, at: Callable[[bytes], int], new: bytes) -> None:
    start = at(data)
    place.write_bytes(data[:start] + new + data[start + len(new) :])


def _central(field: int) -> Callable[[bytes], int]:
    return lambda data: data.index(b"PK\x01\x02") + field


def _local(field: int) -> Callable[[bytes], int]:
    return lambda data: data.index(b"PK\x03\x04") + field


@pytest.mark.parametrize(
    ("what", "at", "new", "reason"),
    [
        ("it says less than it becomes", _central(24), struct.pack("<L", 10), "over_limit"),
        ("it says more than it becomes", _central(24), struct.pack("<L", 1 << 20), "truncated"),
        ("it says more than anybody keeps", _central(24), struct.pack("<L", (1 << 32) - 2), "over_limit"),
        ("another checksum", _central(16), b"\0\0\0\0", "broken_image"),
        ("encrypted", _central(8), struct.pack("<H", 1), "unsupported_codec"),
        ("another method", _central(10), struct.pack("<H", 12), "unsupported_codec"),
        ("more bytes than the file has", _central(20), struct.pack("<L", 1 << 30), "truncated"),
        ("no deflate at all", lambda data: data.index(b"a.jpg") + 5, b"\xff" * 9, "broken_image"),
    ],
)
def test_a_zip_that_lies_about_a_member_costs_that_member(
    tmp_path: Path, what: str, at: Callable[[bytes], int], new: bytes, reason: str
) -> None:
    zipped(tmp_path / "whole.zip", {"a.jpg": bytes(range(256)) * 40, "b.jpg": b"good"})
    _patched(tmp_path / "lot.zip", (tmp_path / "whole.zip").read_bytes(), at, new)
    assert why_not(tmp_path, "lot.zip/a.jpg") == reason, what
    assert read(tmp_path, "lot.zip/b.jpg") == b"good"


def _endless(place: Path) -> None:
    """A member of a negative length, behind itself: readers have gone round in it for ever (CVE-2025-8194)."""
    about = tarfile.TarInfo("a.jpg").tobuf(tarfile.GNU_FORMAT)
    size = b"\xff" + (-512 & (1 << 88) - 1).to_bytes(11, "big")
    bare = about[:124] + size + about[136:148] + b" " * 8 + about[156:]
    summed = bare[:148] + b"%06o\0 " % sum(bare) + bare[156:]
    place.write_bytes(summed + bytes(1024))


LISTS: dict[str, tuple[str, Callable[[Path], object], set[str]]] = {
    "endless tar": ("lot.tar", _endless, {"unreadable_container", "over_limit", "truncated"}),
    "zip without a list": ("lot.zip", lambda place: place.write_bytes(b"PK\x03\x04" + bytes(4000)),
                           {"unreadable_container"}),
    "zip that points behind its end": ("lot.zip", lambda place: place.write_bytes(
        b"PK\x05\x06" + bytes(4) + struct.pack("<HHLLH", 9, 9, 400, 1 << 31, 0)), {"unreadable_container"}),
    "tar cut in its second header": ("lot.tar", lambda place: (
        tar(place, {"a.jpg": b"1" * 512, "b.jpg": b"2"}),
        place.write_bytes(place.read_bytes()[: 512 * 2 + 100])), {"unreadable_container"}),
    "tar damaged between two members": ("lot.tar", lambda place: (
        tar(place, {"a.jpg": b"1" * 512, "b.jpg": b"2"}),
        _patched(place, place.read_bytes(), lambda _: 1024, b"?"),
    ), {"unreadable_container"}),
    "too many members": ("lot.tar", lambda place: place.write_bytes(
        tarfile.TarInfo("a").tobuf(tarfile.USTAR_FORMAT) * 100_001 + bytes(1024)), {"over_limit"}),
}  # fmt: skip


@pytest.mark.parametrize("what", LISTS)
def test_a_list_that_cannot_be_read_is_one_bad_file_and_ends_in_time(tmp_path: Path, what: str) -> None:
    name, make_it, reasons = LISTS[what]
    make_it(tmp_path / name)
    began = time.monotonic()
    seen = kinds(tmp_path)
    assert time.monotonic() - began < 60
    assert len(seen) == 1
    assert set(seen.values()) <= reasons, seen


def _listed(data: bytes, number: int) -> int:
    """Where the list's entry of a member begins."""
    at = -1
    for _ in range(number + 1):
        at = data.index(b"PK\x01\x02", at + 1)
    return at


def test_members_that_share_bytes_are_a_bomb_and_none_is_unpacked(tmp_path: Path) -> None:
    """A list of thousands that all say: it is the one over there."""
    place = tmp_path / "lot.zip"
    zipped(place, {f"{n}.jpg": bytes(50_000) for n in range(5)})
    data = bytearray(place.read_bytes())
    for number in range(1, 5):
        at = _listed(bytes(data), number) + 42
        data[at : at + 4] = bytes(4)  # where the first member's header is
    place.write_bytes(data)
    assert {"lot.zip": "unreadable_container"} == kinds(tmp_path)


def test_members_that_would_become_far_more_than_they_are_are_a_bomb(tmp_path: Path) -> None:
    place = tmp_path / "lot.zip"
    zipped(place, {f"{n}.jpg": bytes(100_000) for n in range(5)})
    whole = place.read_bytes()
    data = bytearray(whole)
    for number in range(5):
        at = _listed(whole, number) + 24
        data[at : at + 4] = struct.pack("<L", 255 << 20)
    place.write_bytes(data)
    assert {"lot.zip": "over_limit"} == kinds(tmp_path)
    place.write_bytes(whole)
    assert {"file"} == set(kinds(tmp_path).values()), "zeros shrink a thousandfold, and these are few"


@pytest.mark.parametrize("name", ["../a.jpg", "/a.jpg", "b/../../a.jpg", "./../a.jpg", "b//a.jpg"])
def test_a_zip_leads_nowhere_but_inside_itself(tmp_path: Path, name: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "a.jpg").write_bytes(b"outside")
    zipped(tmp_path / "in" / "lot.zip", {name: b"inside", "good.jpg": b"good"})
    seen = kinds(tmp_path / "in")
    assert "file" == seen.pop("lot.zip/good.jpg")
    assert ["bad_location"] == list(seen.values())


def test_a_member_too_long_for_memory_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed, "MOST_BYTES", 1000)
    zipped(tmp_path / "bomb.zip", {"a.jpg": bytes(5_000_000)})
    assert (tmp_path / "bomb.zip").stat().st_size < 10_000
    assert why_not(tmp_path, "bomb.zip/a.jpg") == "over_limit"


@pytest.mark.parametrize("said", ["another word", "before its beginning"])
def test_a_list_that_no_decoder_makes_stops_the_run(tmp_path: Path, said: str) -> None:
    (tmp_path / "lot.zip").write_bytes(b"PK\x03\x04 " + said.encode())
    with decoder.Decoder(LIMITS, "decoder_stub") as stub, (tmp_path / "lot.zip").open("rb") as file:
        with pytest.raises(IntegrityError):
            stub.members(file.fileno())
        assert stub.process_id is None


@pytest.mark.parametrize(("does", "reason"), [("long", "over_limit"), ("dies", "decoder_crashed")])
def test_a_list_that_is_too_long_or_kills_its_reader_is_one_bad_file(
    tmp_path: Path, does: str, reason: str
) -> None:
    (tmp_path / "lot.zip").write_bytes(b"PK\x03\x04 " + does.encode())
    with decoder.Decoder(LIMITS, "decoder_stub") as stub, (tmp_path / "lot.zip").open("rb") as file:
        with pytest.raises(BadInput) as refused:
            stub.members(file.fileno())
        assert refused.value.reason == reason


def test_a_worker_believes_no_longer_list_than_it_can_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever took the child over could name any length; the memory they share is longer than a worker can read."""
    tar(tmp_path / "lot.tar", {"a.jpg": b"1"})
    monkeypatch.setattr(decoder_wire, "LONGEST_LIST", 10)
    with (
        decoder.Decoder(LIMITS) as reader,
        (tmp_path / "lot.tar").open("rb") as file,
        pytest.raises(IntegrityError),
    ):
        reader.members(file.fileno())
