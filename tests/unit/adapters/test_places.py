"""Lists name files and folders as the file system does; what they name becomes an id and leaves no path."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from habeas.adapters.places import archive_places
from habeas.errors import BadInput
from habeas.model.ids import asset_id, place_id

KEY = b"k" * 32
NAMES = ["scan%20one.jpg", "scan one.jpg", "100%.jpg", "50%25.jpg", "50%.jpg", "␛FF.jpg", "%FF.jpg"]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    (tmp_path / "studio").mkdir()
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
def test_a_list_binds_to_the_file_of_that_very_name(archive: Path, name: str) -> None:
    """`scan%20one.jpg` was taken for `scan one.jpg`, where another person is."""
    for each in NAMES:
        (archive / "studio" / each).write_bytes(each.encode())
    listed = name.replace("␛", "␛E2␛90␛9B")
    found = archive_places(archive, {"studio": "studio"}, KEY).asset("studio", listed)
    assert found == asset_id(KEY, "studio", hashlib.sha256(name.encode()).digest())


def test_a_list_names_no_file_by_an_escape_of_another_kind(archive: Path) -> None:
    (archive / "studio" / "scan one.jpg").write_bytes(b"1")
    with pytest.raises(BadInput, match="asset_missing"):
        archive_places(archive, {"studio": "studio"}, KEY).asset("studio", "scan%20one.jpg")


def test_folders_with_percent_signs_are_folders_of_their_own(archive: Path) -> None:
    for name in ("lot%201", "lot 1"):
        (archive / "studio" / name).mkdir()
    places = archive_places(archive, {"studio": "studio"}, KEY)
    ids = [places.folder("studio", name) for name in ("lot%201", "lot 1")]
    assert ids[0] != ids[1]
    # As when "%" was the escape and a list named the folder by "lot%25201": a no of that time still reaches it.
    assert ids[0] == place_id(KEY, "studio", "lot%25201")


def test_a_name_that_is_no_text_is_named_by_its_escapes(archive: Path) -> None:
    os.mkdir(os.fsencode(archive / "studio") + b"/\xb0\xa1")  # a folder named in CP949
    places = archive_places(archive, {"studio": "studio"}, KEY)
    assert places.folder("studio", "␛B0␛A1")
    with pytest.raises(BadInput, match="folder_missing"):
        places.folder("studio", "%B0%A1")
