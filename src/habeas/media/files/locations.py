"""File names as text and back: any bytes a file system allows, safe to print, store and compare.

A location is a path relative to its source's folder, "/" between its parts. A name is what the file system says:
`scan%20one.jpg` is the file of that name. Only what can't be shown as text is escaped, byte by byte: "␛" (U+241B, the
picture of the escape key) and two hexadecimal digits in capitals. That is invalid UTF-8, control and format characters
(such as the right-to-left override), line separators, and "␛" itself, so that no name reads like an escape
(decision 0028).
"""

from __future__ import annotations

import re
import unicodedata

from habeas.media.values import MediaReason
from habeas.model.errors import BadInput
from habeas.model.ids import alike_place_id, place_id

SIGN = "␛"
# Control, format (bidi, joiners), surrogate, line, paragraph.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_ESCAPE = re.compile(SIGN.encode() + rb"([0-9A-F]{2})")


def encode(path: bytes) -> str:
    """Text for a relative path; `decode` gives the same bytes back."""
    return _shown(path, SIGN, SIGN)


def decode(location: str) -> bytes:
    """Bytes of a location. A "␛" that starts no escape is itself.

    Raises BadInput `bad_location` for a path that is absolute, empty, climbs (".."), or is no text.
    """
    try:
        raw = location.encode("utf-8")
    except UnicodeEncodeError:
        raise _bad("not valid text") from None
    path = _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), raw)
    if b"\0" in path:
        raise _bad("holds a NUL byte")
    if any(part in (b"", b".", b"..") for part in path.split(b"/")):
        raise _bad("must be a relative path without empty, . or .. parts")
    return path


def parts(location: str) -> list[bytes]:
    """The names from the source's folder down to the file. Raises BadInput as `decode` does."""
    return decode(location).split(b"/")


def canonical(location: str) -> str:
    """The one spelling of a location a person typed: a character that is shown escaped may be typed as it is."""
    return encode(decode(location))


def folders_above(location: str) -> tuple[str, ...]:
    """Each folder above a file inside its source, from the top down, as locations: a/b.jpg lies in a."""
    names = location.split("/")[:-1]
    return tuple("/".join(names[: depth + 1]) for depth in range(len(names)))


def place(installation_key: bytes, source_id: str, location: str) -> str:
    """The id of a folder, or of something without readable content, at a location of a source."""
    return place_id(installation_key, source_id, id_text(location))


def places_of_no(installation_key: bytes, source_id: str, location: str) -> tuple[str, ...]:
    """Every id of a place that a no names by its path.

    Names with accents and Korean names are written in two forms that look the same: Macs pack the one, people type the
    other. A no holds for the place in either form; a yes for the one that it names.
    """
    plain = unicodedata.normalize("NFC", location)
    ids = [place(installation_key, source_id, each) for each in (location, plain)]
    if not location.isascii():
        ids.append(alike_place_id(installation_key, source_id, plain))
    return tuple(dict.fromkeys(ids))


def places_of_file(installation_key: bytes, source_id: str, location: str) -> list[str]:
    """Ids of the folders above a file and of its own place, by which a no may name it (see `places_of_no`)."""
    ids = []
    for path in (*folders_above(location), location):
        ids.append(place(installation_key, source_id, path))
        plain = unicodedata.normalize("NFC", path)
        if plain != path:
            ids.append(alike_place_id(installation_key, source_id, plain))
    return ids


def id_text(location: str) -> str:
    """What the id of a place is made from: the path with "%" as the escape, as locations were written at first.

    So ids in lists and tables stay what they are. No two paths share this text either.
    """
    if SIGN not in location and "%" not in location:
        return location
    return _shown(decode(location), "%", "%")


def _shown(path: bytes, sign: str, also: str) -> str:
    text = path.decode("utf-8", "surrogateescape")
    return "".join(
        "".join(f"{sign}{byte:02X}" for byte in character.encode("utf-8", "surrogateescape"))
        if character == also or unicodedata.category(character) in _HIDDEN
        else character
        for character in text
    )


def _bad(why: str) -> BadInput:
    return BadInput(MediaReason.BAD_LOCATION, why)
