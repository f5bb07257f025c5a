"""The letters of a list: which encoding, and what divides its fields, as spreadsheets really save them.

UTF-8 (with or without a mark), UTF-16 (with a mark, or told by its zero bytes) and CP949, in which Excel saves CSV in
Korea, are read. Anything else is named and refused: a wrong guess would make another person's id.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
from collections.abc import Collection
from typing import Any, BinaryIO

from habeas.model.errors import BadInput

DIVIDERS = (",", ";", "\t")
MAX_LINE = 1_000_000  # bytes

_CHUNK = 65_536
_UTF_32 = (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")
_CORE_HANGUL = re.compile(rb"[\xb0-\xc8][\xa1-\xfe]")
"""Where KS X 1001 keeps the 2,350 common syllables; every Korean word has one of them."""
_SEP = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_HINT = "Save the file as UTF-8."


class HashedBytes(io.RawIOBase):
    """The bytes of a list as UTF-8, whatever of the three it is in; `hash` covers the bytes as they came."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decoder: codecs.IncrementalDecoder | None = None
        self._waiting = b""
        self._begun = False
        self.hash = hashlib.sha256()
        self.encoding = ""

    def readable(self) -> bool:
        """Always True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` with the next bytes, in UTF-8; returns their number, 0 at the end."""
        while not self._waiting:
            raw = self._stream.read(_CHUNK)
            self.hash.update(raw)
            if not self._begun:
                self._begin(raw)
            self._waiting = raw if self._decoder is None else self._as_utf8(raw, self._decoder)
            if not raw:
                break
        size = min(len(buffer), len(self._waiting))
        buffer[:size], self._waiting = self._waiting[:size], self._waiting[size:]
        return size

    def _begin(self, raw: bytes) -> None:
        self._begun = True
        if encoding := utf_16(raw):
            self.encoding = "UTF-16"
            self._decoder = codecs.getincrementaldecoder(encoding)()

    def _as_utf8(self, raw: bytes, decoder: codecs.IncrementalDecoder) -> bytes:
        try:
            return decoder.decode(raw, final=not raw).encode("utf-8")
        except UnicodeError:
            self._decoder = codecs.getincrementaldecoder(
                "latin-1"
            )()  # what follows counts for the digest alone
            raise BadInput(
                "not_utf8", "it begins as UTF-16 and goes on as something else", hint=_HINT
            ) from None


def utf_16(raw: bytes) -> str | None:
    """The codec of text in UTF-16 that begins with `raw`; None = it is in something else.

    Raises BadInput for UTF-32, which nothing that people use saves.
    """
    first = raw[:4]
    if first in _UTF_32 or (len(first) == 4 and first[1:] == b"\x00\x00\x00"):
        raise BadInput("not_utf8", "it looks like UTF-32", hint=_HINT)
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    zeros = tuple(byte == 0 for byte in first)
    if zeros == (False, True, False, True):
        return "utf-16-le"
    return "utf-16-be" if zeros == (True, False, True, False) else None


class Letters:
    """Lines as text. The first line with more than ASCII says in what encoding the rest is."""

    def __init__(self) -> None:
        self.encoding = ""

    def text(self, raw: bytes | None) -> str:
        """Raises BadInput, without the text."""
        if raw is None:
            raise BadInput("field_too_long", f"the line is longer than {MAX_LINE} bytes")
        if b"\x00" in raw:
            raise BadInput("not_utf8", "zero bytes, as in UTF-16 without a mark", hint=_HINT)
        if raw.isascii():
            return raw.decode("ascii")
        encoding, text = self._decoded(raw)
        self.encoding = encoding
        return text

    def _decoded(self, raw: bytes) -> tuple[str, str]:
        for name, codec in (("UTF-8", "utf-8"), ("CP949", "cp949")):
            if self.encoding in ("", name) and (name == "UTF-8" or is_korean(raw)):
                try:
                    return name, raw.decode(codec)
                except UnicodeDecodeError:
                    continue
        detail = f"bytes that are not {self.encoding or 'UTF-8, UTF-16 or Korean (CP949)'}"
        raise BadInput("not_utf8", detail, hint=_HINT)


def is_korean(raw: bytes) -> bool:
    """Whether bytes that aren't UTF-8 are Korean in CP949: nothing but Hangul besides ASCII, and a common syllable.

    Western letters in Latin-1 seldom pass both; they would become an id that no person has, and the import reports it.
    """
    try:
        text = raw.decode("cp949")
    except UnicodeDecodeError:
        return False
    strange = {char for char in text if not char.isascii() and not "가" <= char <= "힣"}
    return not strange and _CORE_HANGUL.search(raw) is not None


def decoded(raw: bytes) -> str:
    """A short text, whole, in whichever of the encodings. Raises BadInput."""
    letters = Letters()
    if encoding := utf_16(raw):
        try:
            return raw.decode(encoding).removeprefix("\ufeff")
        except UnicodeDecodeError:
            raise BadInput("not_utf8", "broken UTF-16", hint=_HINT) from None
    return letters.text(raw.removeprefix(codecs.BOM_UTF8))


def divided_by(line: str) -> str | None:
    """What a spreadsheet's first line `sep=;` says; None where the line is another."""
    match = _SEP.fullmatch(line.strip(" \r\n"))
    return match.group(1) if match and match.group(1) in DIVIDERS else None


def divider(header: str, column_names: Collection[str]) -> str:
    """What divides the fields: whatever gives the most of `column_names`."""

    def count(divided: str) -> int:
        return len(set(map(name_of, cells(header, divided, strict=False))) & set(column_names))

    return max(DIVIDERS, key=count)


def name_of(cell: str) -> str:
    """A column's name as it is written in a header: blanks around it and capitals say nothing."""
    return cell.strip().lower()


def cells(line: str, divided: str, *, strict: bool = True) -> list[str]:
    """The fields of a line. Raises BadInput."""
    try:
        rows = list(csv.reader([line], strict=strict, delimiter=divided))
    except csv.Error as error:
        reason = "field_too_long" if "limit" in str(error) else "broken_row"
        raise BadInput(reason, "a field is too long, or a quote is open or followed by text") from None
    return rows[0] if rows else []
