from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from habeas.errors import BadInput
from habeas.steps import locations

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


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("사진/가.jpg".encode(), "사진/가.jpg"),
        (b"a\nb", "a%0Ab"),
        (b"\xff.jpg", "%FF.jpg"),
        ("\u202ex".encode(), "%E2%80%AEx"),
        (b"100%.jpg", "100%25.jpg"),
    ],
)
def test_how_names_look(path: bytes, location: str) -> None:
    assert location == locations.encode(path)


def test_a_location_typed_in_another_spelling_is_the_same_place() -> None:
    assert "a%0Ab" == locations.canonical("%61%0ab")


@pytest.mark.parametrize("location", ["a%2", "%zz", "..", "a/../b", "/a", "a/", "\udcff"])
def test_what_names_no_place_is_refused(location: str) -> None:
    with pytest.raises(BadInput) as refused:
        locations.decode(location)
    assert "bad_location" == refused.value.reason
