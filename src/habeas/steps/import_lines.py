"""CSV or JSON lines from a file or a stream, one record a line, in bounded memory.

One line is one record in both forms: a field never spans lines, so that one stray quote can't swallow the
records after it. A line that can't be read is set aside with a reason and its number; the reading goes on.
No detail repeats a value: input lines hold real ids.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable

from habeas.errors import BadInput, UsageError
from habeas.steps import strict_json

MAX_LINE = 1_000_000  # bytes
MAX_FIELD = 4_096  # characters
Values = Mapping[str, object]
"""A record's values by column; blank = None. CSV gives text, JSON its own types."""

_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_BLANKS = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class Columns:
    """What a file must and may have. A JSON record may leave out what may be blank; a CSV header may not."""

    needed: tuple[str, ...]
    may_be_blank: frozenset[str] = frozenset()
    optional: tuple[str, ...] = ()

    @property
    def every(self) -> frozenset[str]:
        return frozenset(self.needed + self.optional)


@dataclass(frozen=True, slots=True)
class SetAside:
    """A record, or a whole file (`line_number` None), that can't be used: a row of `quarantine`."""

    line_number: int | None
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One line: its values by column (blank = None), or `error` beside whatever could still be read."""

    line_number: int
    values: Values
    error: BadInput | None = None


@runtime_checkable
class Records(Protocol):
    """Records from anywhere. Iterate once; then the other two are known. Raises like Reader."""

    lines: int

    @property
    def input_digest(self) -> str: ...

    def __iter__(self) -> Iterator[RawRecord]: ...


class Reader:
    """Iterate once; afterwards `lines` and `input_digest` (SHA-256 of the bytes, hex) are known.

    Raises BadInput, before the first record, when the whole file can't be used: `not_utf8`, `empty_file`,
    `missing_column`, `extra_column`, `duplicate_column`, `field_too_long`, `broken_row`.
    """

    def __init__(self, stream: BinaryIO, columns: Columns) -> None:
        self._stream = stream
        self._columns = columns
        self._hash = hashlib.sha256()
        self._starts_with_brace: bool | None = None
        self.lines = 0

    @property
    def input_digest(self) -> str:
        return self._hash.hexdigest()

    def __iter__(self) -> Iterator[RawRecord]:
        lines = self._numbered()
        try:
            yield from self._records(lines)
        finally:
            for _ in lines:  # a refused file still has a digest over all of it
                pass

    def _records(self, lines: Iterator[tuple[int, bytes | None]]) -> Iterator[RawRecord]:
        number, first = next(((n, raw) for n, raw in lines if raw is None or raw.strip(_BLANKS)), (0, b""))
        if first == b"":
            raise BadInput("empty_file", "no line with content", hint="Start with a header or a JSON record.")
        if first is not None and (b"\x00" in first or first.startswith(_UTF_16)):
            raise BadInput("not_utf8", "it looks like UTF-16", hint="Save the file as UTF-8.")
        parse: Callable[[int, bytes | None], RawRecord]
        if self._starts_with_brace:
            self.lines += 1
            yield self._json(number, first)
            parse = self._json
        else:
            header = self._header(_text(first))

            parse = partial(self._csv, header)

        for number, raw in lines:
            if raw is None or raw.strip(_BLANKS):
                self.lines += 1
                yield parse(number, raw)

    def _numbered(self) -> Iterator[tuple[int, bytes | None]]:
        """Lines with numbers from 1, without their ends; None for one that is too long: not kept."""
        number, too_long = 1, False
        while chunk := self._stream.readline(MAX_LINE):
            self._hash.update(chunk)
            if number == 1 and not too_long and chunk.startswith(_BOM):
                chunk = chunk.removeprefix(_BOM)
            if self._starts_with_brace is None and chunk.strip(_BLANKS):
                self._starts_with_brace = chunk.lstrip(_BLANKS).startswith(b"{")
            ended = chunk.endswith(b"\n")
            if not ended and len(chunk) + len(_BOM) >= MAX_LINE:
                too_long = True
                continue
            yield number, None if too_long else chunk.rstrip(b"\r\n")
            number, too_long = number + 1, False
        if too_long:
            yield number, None

    def _header(self, head: str) -> list[str]:
        names = _cells(head)
        known = self._columns
        if missing := sorted(set(known.needed) - set(names)):
            raise BadInput("missing_column", f"the header lacks {', '.join(missing)}")
        if len(set(names)) != len(names):
            raise BadInput("duplicate_column", "a column stands twice in the header")
        if extra := len(set(names) - known.every):
            raise BadInput("extra_column", f"{extra} columns more than {', '.join(sorted(known.every))}")
        return names

    def _csv(self, header: list[str], number: int, raw: bytes | None) -> RawRecord:
        values: dict[str, object] = {}
        try:
            cells = _cells(_text(raw), strict=False)
            values = {name: cell or None for name, cell in zip(header, cells, strict=False)}
            if len(_cells(_text(raw))) != len(header):
                raise BadInput("broken_row", "as many fields as the header has columns are expected")
            return RawRecord(number, values)
        except BadInput as error:
            return RawRecord(number, values, error)

    def _json(self, number: int, raw: bytes | None) -> RawRecord:
        values: dict[str, object] = {}
        try:
            values, repeated = _object(_text(raw))
            if repeated:
                raise BadInput("duplicate_key", "a key stands twice")
            known = self._columns
            if extra := len(set(values) - known.every):
                raise BadInput("extra_column", f"{extra} keys more than {', '.join(sorted(known.every))}")
            if missing := sorted(set(known.needed) - known.may_be_blank - set(values)):
                raise BadInput("missing_column", f"the record lacks {', '.join(missing)}")
            return RawRecord(number, {name: None if cell == "" else cell for name, cell in values.items()})
        except BadInput as error:
            return RawRecord(number, values, error)


@contextmanager
def opened(file: Path | BinaryIO) -> Iterator[BinaryIO]:
    """A path's bytes, or the stream itself. Raises UsageError when there is no regular file at the path."""
    if not isinstance(file, Path):
        yield file
        return
    if not file.is_file():
        raise UsageError("the input file is no readable file", hint="Name a file of CSV or JSON lines.")
    try:
        stream = file.open("rb")
    except OSError:
        raise UsageError("the input file can't be opened", hint="Check its permissions.") from None
    with stream:
        yield stream


def _text(raw: bytes | None) -> str:
    if raw is None:
        raise BadInput("field_too_long", f"the line is longer than {MAX_LINE} bytes")
    if b"\x00" in raw:
        raise BadInput("not_utf8", "zero bytes, as in UTF-16", hint="Save the file as UTF-8.")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BadInput("not_utf8", "bytes that are not UTF-8", hint="Save the file as UTF-8.") from None


def _cells(line: str, *, strict: bool = True) -> list[str]:
    try:
        rows = list(csv.reader([line], strict=strict))
    except csv.Error as error:
        reason = "field_too_long" if "limit" in str(error) else "broken_row"
        raise BadInput(reason, "a field is too long, or a quote is open or followed by text") from None
    return rows[0] if rows else []


def _object(line: str) -> tuple[dict[str, object], bool]:
    value, repeated = strict_json.load(line)
    if not isinstance(value, dict):
        raise BadInput("broken_json", "one JSON object on one line is expected")
    if any(_is_nested(each) for each in value.values()):
        raise BadInput("nested_too_deep", "a record holds values and lists of text only")
    return value, repeated


def _is_nested(value: object) -> bool:
    if isinstance(value, list):
        return any(isinstance(each, list | dict) for each in value)
    return isinstance(value, dict)
