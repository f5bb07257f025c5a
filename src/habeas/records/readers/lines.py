"""CSV or JSON lines from a file or a stream, one record a line, in bounded memory.

One line is one record in both forms: a field never spans lines, so that one stray quote can't swallow the
records after it. A line that can't be read is set aside with a reason and its number; the reading goes on.
No detail repeats a value: input lines hold real ids. Which letters and dividers are read: see `list_text`.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable

from habeas.model.errors import BadInput, UsageError
from habeas.records.readers import strict_json
from habeas.records.readers.list_text import (
    MAX_LINE,
    HashedBytes,
    Letters,
    cells,
    divided_by,
    divider,
    name_of,
)

MAX_FIELD = 4_096  # characters
Values = Mapping[str, object]
"""A record's values by column; blank = None. CSV gives text, JSON its own types."""

_BLANKS = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class Columns:
    """What a file must and may have. A JSON record may leave out what may be blank; a CSV header may not.

    `core`: without these no record can be read at all, a no included, and the file is refused whole. Where another
    needed column is missing, or one more is there, each record carries that as its error: a no is read all the same.
    """

    needed: tuple[str, ...]
    may_be_blank: frozenset[str] = frozenset()
    optional: tuple[str, ...] = ()
    core: tuple[str, ...] | None = None  # None: all that are needed

    @property
    def every(self) -> frozenset[str]:
        """Names of all columns."""
        return frozenset(self.needed + self.optional)

    def require(
        self, names: Sequence[str], *, blank: bool, where: str = "the header lacks"
    ) -> BadInput | None:
        """What is wrong with the columns `names`: raised where no record can be read, else given back.

        `blank`: a column that may be blank may be missing, too.
        """
        core = self.needed if self.core is None else self.core
        twice = {name for name in names if names.count(name) > 1}
        missing = [
            name for name in self.needed if name not in names and not (blank and name in self.may_be_blank)
        ]
        extra = len(set(names) - self.every)
        faults = [
            BadInput("missing_column", f"{where} {', '.join(sorted(missing))}") if missing else None,
            BadInput("duplicate_column", "a column stands twice in the header") if twice else None,
            BadInput("extra_column", f"{extra} columns more than {', '.join(sorted(self.every))}") if extra else None,
        ]  # fmt: skip
        fault = next((each for each in faults if each is not None), None)
        if fault is not None and (
            self.core is None or not set(core).isdisjoint(twice) or set(core) - set(names)
        ):
            raise fault
        return fault


@dataclass(frozen=True, slots=True)
class SetAside:
    """A record, or a whole file (`line_number` None), that can't be used: a row of `quarantine`."""

    line_number: int | None
    reason: str
    detail: str
    may_be_no: bool = False  # it says no, or may say no


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
    def input_digest(self) -> str:
        """SHA-256 of what was read, lower-case hex."""

    def __iter__(self) -> Iterator[RawRecord]: ...


class Reader:
    """Iterate once; afterwards `lines`, `input_digest` (SHA-256 of the bytes, hex) and `form` are known.

    Raises BadInput, before the first record, when the whole file can't be used: `not_utf8`, `empty_file`,
    `missing_column`, `extra_column`, `duplicate_column`, `field_too_long`, `broken_row`.
    """

    def __init__(self, stream: BinaryIO, columns: Columns) -> None:
        self._bytes = HashedBytes(stream)
        self._letters = Letters()
        self._columns = columns
        self._divided = ","
        self._wrong_columns: BadInput | None = None
        self._starts_with_brace: bool | None = None
        self.lines = 0

    @property
    def input_digest(self) -> str:
        """SHA-256 of the bytes read so far, lower-case hex."""
        return self._bytes.hash.hexdigest()

    @property
    def form(self) -> str:
        """What is unusual about the file's form, in words; empty = nothing."""
        letters = self._bytes.encoding or self._letters.encoding.replace("UTF-8", "")
        fields = {";": "fields divided by ;", "\t": "fields divided by tabs"}.get(self._divided, "")
        return ", ".join(part for part in (letters, fields) if part)

    def __iter__(self) -> Iterator[RawRecord]:
        stream = io.BufferedReader(self._bytes)
        lines = self._numbered(stream)
        try:
            yield from self._records(lines)
        finally:
            _drain(stream)  # a refused file still has a digest over all of it

    def _records(self, lines: Iterator[tuple[int, bytes | None]]) -> Iterator[RawRecord]:
        filled = ((number, raw) for number, raw in lines if raw is None or raw.strip(_BLANKS))
        number, first = next(filled, (0, b""))
        if first == b"":
            raise BadInput("empty_file", "no line with content", hint="Start with a header or a JSON record.")
        parse: Callable[[int, bytes | None], RawRecord]
        if self._starts_with_brace:
            self.lines += 1
            yield self._json(number, first)
            parse = self._json
        else:
            parse = partial(self._csv, self._header(self._letters.text(first), filled))
        for number, raw in filled:
            self.lines += 1
            yield parse(number, raw)

    def _numbered(self, stream: io.BufferedIOBase) -> Iterator[tuple[int, bytes | None]]:
        """Lines with numbers from 1, without their ends; None for one that is too long: not kept."""
        number, too_long = 1, False
        while chunk := stream.readline(MAX_LINE):
            if number == 1 and not too_long:
                chunk = chunk.removeprefix(codecs.BOM_UTF8)
            if self._starts_with_brace is None and chunk.strip(_BLANKS):
                self._starts_with_brace = chunk.lstrip(_BLANKS).startswith(b"{")
            ended = chunk.endswith(b"\n")
            if not ended and len(chunk) + len(codecs.BOM_UTF8) >= MAX_LINE:
                too_long = True
                continue
            yield number, None if too_long else chunk.rstrip(b"\r\n")
            number, too_long = number + 1, False
        if too_long:
            yield number, None

    def _header(self, head: str, lines: Iterator[tuple[int, bytes | None]]) -> list[str]:
        declared = divided_by(head)
        if declared is not None:
            head = self._letters.text(next(lines, (0, b""))[1])
        self._divided = declared or divider(head, self._columns.every)
        names = [name_of(cell) for cell in cells(head, self._divided)]
        while len(names) > 1 and not names[-1]:  # a spreadsheet's empty columns at the right
            names.pop()
        self._wrong_columns = self._columns.require(names, blank=False)
        return names

    def _csv(self, header: list[str], number: int, raw: bytes | None) -> RawRecord:
        values: dict[str, object] = {}
        try:
            line = self._letters.text(raw)
            fields = cells(line, self._divided, strict=False)
            whole = len(fields) >= len(header) and not any(fields[len(header) :])
            if len(fields) <= len(header) or whole:
                values = {name: cell or None for name, cell in zip(header, fields, strict=False)}
            if len(cells(line, self._divided)) != len(header) and not whole:
                raise BadInput("broken_row", "as many fields as the header has columns are expected")
            return RawRecord(number, values, self._wrong_columns)
        except BadInput as error:
            return RawRecord(number, values, error)

    def _json(self, number: int, raw: bytes | None) -> RawRecord:
        values: dict[str, object] = {}
        try:
            values, repeated = _object(self._letters.text(raw))
            values = {name: None if cell == "" else cell for name, cell in values.items()}
            if repeated:
                values = {name: cell for name, cell in values.items() if name not in repeated}
                raise BadInput("duplicate_key", "a key stands twice")
            columns = self._columns
            if extra := len(set(values) - columns.every):
                raise BadInput("extra_column", f"{extra} keys more than {', '.join(sorted(columns.every))}")
            if missing := sorted(set(columns.needed) - columns.may_be_blank - set(values)):
                raise BadInput("missing_column", f"the record lacks {', '.join(missing)}")
            return RawRecord(number, values)
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


def _drain(stream: io.BufferedIOBase) -> None:
    while True:
        try:
            if not stream.read(MAX_LINE):
                return
        except BadInput:
            continue


def _object(line: str) -> tuple[dict[str, object], frozenset[str]]:
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
