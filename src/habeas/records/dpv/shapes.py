"""Shapes of parsed JSON: what is expected, or BadInput that names the place and not the value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from habeas.model.errors import BadInput

Json = Mapping[str, object]


def located(given: object) -> str:
    """Place code of a `loc:` term. Raises BadInput (`bad_place`, `wrong_type`)."""
    text = text_of(given, "dpv:hasLocation")
    if not text.startswith("loc:"):
        raise BadInput("bad_place", "a place is written like loc:KR")
    return text.removeprefix("loc:")


def an_object(given: object, keys: set[str] | None, what: str) -> Json:
    """JSON object with no other keys than `keys`, if given. Raises BadInput (`wrong_type`, `extra_column`)."""
    if not isinstance(given, dict):
        raise BadInput("wrong_type", f"{what}: an object is expected")
    if keys is not None and (extra := len(set(given) - keys)):
        raise BadInput("extra_column", f"{what}: {extra} keys that the form doesn't have")
    return cast("Json", given)


def a_list(given: object, what: str) -> list[object]:
    """JSON list. Raises BadInput (`wrong_type`)."""
    if not isinstance(given, list):
        raise BadInput("wrong_type", f"{what}: a list is expected")
    return given


def only_one(given: object, what: str) -> list[object]:
    """JSON list of exactly one item. Raises BadInput (`wrong_type`, `bad_list`)."""
    listed = a_list(given, what)
    if len(listed) != 1:
        raise BadInput("bad_list", f"{what}: exactly one, so that it is clear what was said about what")
    return listed


def text_of(given: object, what: str) -> str:
    """JSON string. Raises BadInput (`wrong_type`)."""
    if not isinstance(given, str):
        raise BadInput("wrong_type", f"{what}: text is expected")
    return given
