from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from habeas.media.files import locations
from habeas.model.errors import BadInput

PART = st.binary(min_size=1, max_size=30).filter(lambda p: p not in (b".", b"..") and not set(p) & {0, 0x2F})


@given(st.lists(PART, min_size=1, max_size=4))
def test_every_path_comes_back_and_never_breaks_a_line(parts: list[bytes]) -> None:
    path = b"/".join(parts)
    location = locations.encode(path)
    assert path == locations.decode(location)
    assert not any(character in location for character in "\n\r\x1b\u202e\u2066\x85\u2028")
    assert location == locations.canonical(location)
    location.encode("utf-8")


@given(st.lists(PART, min_size=2, max_size=2, unique=True))
def test_two_paths_never_share_a_location(parts: list[bytes]) -> None:
    assert locations.encode(parts[0]) != locations.encode(parts[1])


@given(st.text("%25␛F0a/.", min_size=1), st.text("%25␛F0a/.", min_size=1))
def test_two_paths_of_signs_never_share_a_location_or_a_place(one: str, other: str) -> None:
    texts = [name.encode() for name in (one, other)]
    if any(part in ("", ".", "..") for name in (one, other) for part in name.split("/")):
        return
    shown = [locations.encode(text) for text in texts]
    assert (texts[0] == texts[1]) == (shown[0] == shown[1])
    assert (texts[0] == texts[1]) == (locations.id_text(shown[0]) == locations.id_text(shown[1]))


@given(st.text(st.characters(exclude_categories=["C", "Zl", "Zp"], exclude_characters="/␛"), min_size=1))
def test_a_name_that_is_text_is_written_as_the_file_system_says_it(name: str) -> None:
    if name in (".", ".."):
        return
    assert name == locations.encode(name.encode())
    assert name.encode() == locations.decode(name)


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("사진/가.jpg".encode(), "사진/가.jpg"),
        (b"a\nb", "a␛0Ab"),
        (b"\xff.jpg", "␛FF.jpg"),
        ("\u202ex".encode(), "␛E2␛80␛AEx"),
        (b"100%.jpg", "100%.jpg"),
        (b"scan%20one.jpg", "scan%20one.jpg"),
        ("a␛FF".encode(), "a␛E2␛90␛9BFF"),
    ],
)
def test_how_names_look(path: bytes, location: str) -> None:
    assert location == locations.encode(path)


@pytest.mark.parametrize(
    ("typed", "location"),
    [("a\nb", "a␛0Ab"), ("␛61␛0Ab", "a␛0Ab"), ("a␛b", "a␛E2␛90␛9Bb"), ("%61", "%61"), ("␛ff", "␛E2␛90␛9Bff")],
)
def test_a_location_typed_in_another_spelling_is_the_same_place(typed: str, location: str) -> None:
    assert location == locations.canonical(typed)


@pytest.mark.parametrize(
    ("location", "text"),
    [
        ("lot%201", "lot%25201"),
        ("a␛0Ab", "a%0Ab"),
        ("␛FF", "%FF"),
        ("a␛E2␛90␛9Bb", "a␛b"),
        ("가/나", "가/나"),
    ],
)
def test_ids_of_places_are_what_they_were_when_percent_was_the_escape(location: str, text: str) -> None:
    assert text == locations.id_text(location)


@pytest.mark.parametrize("location", ["..", "a/../b", "␛2E␛2E/a", "a␛00b", "/a", "a/", "", "\udcff"])
def test_what_names_no_place_is_refused(location: str) -> None:
    with pytest.raises(BadInput) as refused:
        locations.decode(location)
    assert "bad_location" == refused.value.reason
