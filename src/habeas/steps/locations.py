"""File names as text and back: any bytes a file system allows, safe to print, store and compare.

A location is a path relative to its source's folder, "/" between its parts. Valid UTF-8 stands as it is;
everything that could break a line, a terminal or a reader's eye (invalid UTF-8, control and format
characters such as the right-to-left override, line separators) and "%" itself is percent-encoded
byte by byte, as RFC 3986 section 2.1 does it, in capitals.
"""

from __future__ import annotations

import re
import unicodedata

from habeas.errors import BadInput
from habeas.model.media import MediaReason

_HIDDEN = frozenset({"Cc", "Cf", "Zl", "Zp"})  # control, format (bidi, joiners), line, paragraph
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})?")


def encode(path: bytes) -> str:
    """Text for a relative path; `decode` gives the same bytes back."""
    text = path.decode("utf-8", "surrogateescape")
    return "".join(_shown(character) for character in text)


def decode(location: str) -> bytes:
    """Bytes of a location.

    Raises BadInput `bad_location` for a path that is absolute, empty, climbs ("..") or is badly encoded.
    """
    try:
        raw = location.encode("utf-8")
    except UnicodeEncodeError:
        raise _bad("not valid text") from None
    path = _ESCAPE.sub(_byte, raw)
    if b"\0" in path:
        raise _bad("holds a NUL byte")
    if any(part in (b"", b".", b"..") for part in path.split(b"/")):
        raise _bad("must be a relative path without empty, . or .. parts")
    return path


def parts(location: str) -> list[bytes]:
    """The names from the source's folder down to the file. Raises BadInput as `decode` does."""
    return decode(location).split(b"/")


def canonical(location: str) -> str:
    """The one spelling of a location a person typed (`%6A` for a plain letter is undone)."""
    return encode(decode(location))


def folders_above(location: str) -> tuple[str, ...]:
    """Each folder above a file inside its source, from the top down, as locations: a/b.jpg lies in a."""
    names = location.split("/")[:-1]
    return tuple("/".join(names[: depth + 1]) for depth in range(len(names)))


def _shown(character: str) -> str:
    if character != "%" and unicodedata.category(character) not in _HIDDEN | {"Cs"}:
        return character
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogateescape"))


def _byte(match: re.Match[bytes]) -> bytes:
    if match.group(1) is None:
        raise _bad("has a % that starts no escape")
    return bytes([int(match.group(1), 16)])


def _bad(why: str) -> BadInput:
    return BadInput(MediaReason.BAD_LOCATION, why)
