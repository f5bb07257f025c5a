"""Lists name files and folders as the file system does; what they name becomes an id and leaves no path."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from pathlib import Path

import pytest

from habeas.media.archive.places import archive_places
from habeas.media.files.locations import places_of_file
from habeas.model.errors import BadInput
from habeas.model.ids import asset_id, place_id
from habeas.model.people import Place, Scope
from habeas.records.parsing.refusal_scope import scopes_of_no
from habeas.records.parsing.scope import SaidScope
from habeas.records.scopes import fits

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


def reaches(archive: Path, said: SaidScope, source_id: str, location: str) -> bool:
    """Whether a no reaches the file that lies there, as the catalogue knows it."""
    scopes, _ = scopes_of_no(said, archive_places(archive, {"studio": "studio", "press": "press"}, KEY))
    content = (archive / source_id / location).read_bytes()
    asset = asset_id(KEY, source_id, hashlib.sha256(content).digest())
    there = Place(source_id, asset, tuple(places_of_file(KEY, source_id, location)))
    return any(fits(scope, there, unknown_fits=True) for scope in scopes)


@pytest.mark.parametrize("written", ["NFC", "NFD"])
@pytest.mark.parametrize("there", ["NFC", "NFD"])
@pytest.mark.parametrize("comes_later", [False, True])
def test_a_no_reaches_a_name_in_whichever_form_a_mac_or_a_keyboard_wrote_it(
    archive: Path, written: str, there: str, comes_later: bool
) -> None:
    """A Korean name out of a Mac's archive and the same name typed look alike and differ in every byte."""
    location = unicodedata.normalize(there, "축제/김민아.jpg")
    names = [unicodedata.normalize(written, each) for each in ("축제/김민아.jpg", "축제")]
    said = [SaidScope(assets=(f"studio/{names[0]}",)), SaidScope(sources=("studio",), folders=(names[1],))]
    places = archive_places(archive, {"studio": "studio"}, KEY)
    early = [scopes_of_no(each, places)[0] for each in said]
    (archive / "studio" / location).parent.mkdir()
    (archive / "studio" / location).write_bytes(b"portrait")
    scopes = early if comes_later else [scopes_of_no(each, places)[0] for each in said]
    asset = asset_id(KEY, "studio", hashlib.sha256(b"portrait").digest())
    held = Place("studio", asset, tuple(places_of_file(KEY, "studio", location)))
    for of_one in scopes:
        assert any(fits(scope, held, unknown_fits=True) for scope in of_one)


@pytest.mark.parametrize("path", ["fair", "fair/", "./fair", "/fair", "fair//day/..", "../fair", "."])
def test_a_folder_of_a_no_may_be_written_as_shells_and_people_write_it(archive: Path, path: str) -> None:
    """Where it can't be told, the whole source is meant."""
    (archive / "press").mkdir()
    for each in ("studio/fair", "studio/other"):
        (archive / each).mkdir()
        (archive / each / "1.jpg").write_bytes(each.encode())
    said = SaidScope(sources=("studio",), folders=(path,))
    assert reaches(archive, said, "studio", "fair/1.jpg")
    assert (".." in path or path == ".") == reaches(archive, said, "studio", "other/1.jpg")
    file = SaidScope(assets=("studio/./fair//1.jpg",))
    assert reaches(archive, file, "studio", "fair/1.jpg")
    assert not reaches(archive, file, "studio", "other/1.jpg")


def test_a_yes_reaches_the_folder_of_that_very_name_alone(archive: Path) -> None:
    typed, other = (unicodedata.normalize(form, "축제") for form in ("NFC", "NFD"))
    for each in (typed, other):
        (archive / "studio" / each).mkdir()
    yes = Scope(folders=(archive_places(archive, {"studio": "studio"}, KEY).folder("studio", typed),))
    in_typed, in_other = (
        Place("studio", "a", tuple(places_of_file(KEY, "studio", f"{each}/1.jpg"))) for each in (typed, other)
    )
    assert fits(yes, in_typed, unknown_fits=False)
    assert not fits(yes, in_other, unknown_fits=False)


def test_a_no_about_a_file_reaches_copies_of_it_in_other_sources(archive: Path) -> None:
    (archive / "press").mkdir()
    for each in ("studio/a.jpg", "press/copy.jpg"):
        (archive / each).write_bytes(b"portrait")
    (archive / "press" / "other.jpg").write_bytes(b"somebody else")
    said = SaidScope(assets=("studio/a.jpg",))
    assert reaches(archive, said, "studio", "a.jpg")
    assert reaches(archive, said, "press", "copy.jpg")
    assert not reaches(archive, said, "press", "other.jpg")
    assert not reaches(archive, SaidScope(sources=("studio",), assets=("studio/a.jpg",)), "press", "copy.jpg")
