"""One file on its way in: what each step gives goes on, what fell out is noted with its reason. Nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

from habeas.model.errors import BadInput
from habeas.model.people import Subject
from habeas.records.imports.remarks import Remark
from habeas.records.parsing.scope import Places
from habeas.records.readers.lines import Columns, Reader, Records, SetAside, Values, opened

T = TypeVar("T")
R = TypeVar("R")
K = TypeVar("K", bound=Hashable)
Numbered = list[tuple[int, T]]
"""Values with the numbers of the lines they stand on."""

Input = Path | BinaryIO | Records
"""A file or stream of CSV or JSON lines, or records that something else reads (a table, a query, JSON-LD)."""


@dataclass(frozen=True, slots=True)
class Imported(Generic[T]):
    """What a file gave: lines = len(records) + repeated + lines set aside, but for a no that gives several records.

    `refusals_set_aside`: records set aside that say, or might say, no (a file refused whole counts as one). Not
    zero means that a refusal may have been missed: tell the user who imports. `withdrawn_unasked`: withdrawals
    of consents that aren't recorded here. They are kept; the ids in the file may be misspelt, and then a consent
    still stands.
    """

    records: tuple[T, ...]
    set_aside: tuple[SetAside, ...]
    lines: int  # with content, without the header
    repeated: int
    input_digest: str  # SHA-256 of the bytes, hex
    subjects: tuple[Subject, ...] = ()
    refusals_set_aside: int = 0
    withdrawn_unasked: int = 0
    remarks: tuple[Remark, ...] = ()  # about records that are kept, those of a no first
    form: str = ""  # what is unusual about the file's form: its encoding, what divides its fields
    closed: Closed | None = None  # what the noes in it closed; None = nothing was asked to close
    recorded_before: int = 0  # of the records, those that an earlier import recorded


@dataclass(frozen=True, slots=True)
class Closed:
    """Keys and stored rows that an import closed, and when the last of these rows has to be gone."""

    keys: int = 0
    rows: int = 0
    erase_by: datetime | None = None


class ImportBatch:
    """Each step gives what goes on and what fell out, and notes why it fell out."""

    def __init__(self) -> None:
        self._set_aside: list[SetAside] = []
        self._form = ""
        self.remarks: list[Remark] = []
        self._lines = 0
        self._digest = ""
        self._may_be_no: Callable[[Values], bool] = lambda _: False
        self.refused_whole = False

    def parse(
        self,
        given: Input,
        columns: Columns,
        parse: Callable[[Values], T],
        may_be_no: Callable[[Values], bool] = lambda _: False,
        is_no: Callable[[Values], bool] = lambda _: False,
    ) -> tuple[Numbered[T], list[Values]]:
        """Records parsed, and the values of those that can't be used.

        `is_no`: parse these as far as they could be read, whatever else is wrong with them.
        """
        self._may_be_no = may_be_no
        if isinstance(given, Records):
            return self._parse(given, parse, is_no)
        with opened(given) as stream:
            return self._parse(Reader(stream, columns), parse, is_no)

    def _parse(
        self, reader: Records, parse: Callable[[Values], T], is_no: Callable[[Values], bool]
    ) -> tuple[Numbered[T], list[Values]]:
        parsed: Numbered[T] = []
        unread: list[Values] = []
        try:
            for record in reader:
                try:
                    if record.error is not None and not is_no(record.values):
                        raise record.error
                    parsed.append((record.line_number, parse(record.values)))
                except BadInput as error:
                    unread.append(record.values)
                    self._note(record.line_number, error, self._may_be_no(record.values))
        except BadInput as error:
            self.refused_whole = True
            self._note(None, error, may_be_no=True)
        self._lines, self._digest = reader.lines, reader.input_digest
        self._form = getattr(reader, "form", "")
        return parsed, unread

    def convert_each(
        self,
        records: Numbered[T],
        convert: Callable[[T], R],
        may_be_no: Callable[[T], bool] = lambda _: False,
    ) -> tuple[Numbered[R], list[T]]:
        """Records converted, and those that can't be."""
        converted: Numbered[R] = []
        lost: list[T] = []
        for number, record in records:
            try:
                converted.append((number, convert(record)))
            except BadInput as error:
                lost.append(record)
                self._note(number, error, may_be_no(record))
        return converted, lost

    def without(
        self, records: Numbered[T], numbers: set[int], reason: str, detail: str
    ) -> tuple[Numbered[T], list[T]]:
        """Records but those on the lines `numbers`, and those."""
        for number in sorted(numbers):
            self._set_aside.append(SetAside(number, reason, detail))
        kept = [(number, record) for number, record in records if number not in numbers]
        return kept, [record for number, record in records if number in numbers]

    def done(
        self,
        records: Iterable[T],
        key: Callable[[T], str],
        *,
        subjects: tuple[Subject, ...] = (),
        refusals_set_aside: int = 0,
        withdrawn_unasked: int = 0,
        beside: Iterable[T] = (),
    ) -> Imported[T]:
        """The import, each record once. `beside`: records that lines gave besides their first one."""
        listed = list(records)
        distinct = {key(record): record for record in listed}
        more = {key(record): record for record in beside}
        return Imported(
            tuple(
                (distinct | {name: record for name, record in more.items() if name not in distinct}).values()
            ),
            tuple(sorted(self._set_aside, key=lambda each: (not each.may_be_no, each.line_number or 0))),
            self._lines,
            len(listed) - len(distinct),
            self._digest,
            subjects,
            refusals_set_aside,
            withdrawn_unasked,
            tuple(
                sorted(
                    self.remarks, key=lambda each: (not each.needs_a_look, not each.is_no, each.line_number)
                )
            ),
            self._form,
        )

    @property
    def out(self) -> int:
        """How much was set aside so far."""
        return len(self._set_aside)

    def _note(self, number: int | None, error: BadInput, may_be_no: bool = False) -> None:
        self._set_aside.append(SetAside(number, error.reason, error.detail, may_be_no))


def remembered(lookup: Callable[[K], R]) -> Callable[[K], R]:
    """Ask once for each key, refusals included: a key store or a file behind the callable is slow."""
    answers: dict[K, R | BadInput] = {}

    def ask(key: K) -> R:
        if key not in answers:
            try:
                answers[key] = lookup(key)
            except BadInput as error:
                answers[key] = BadInput(error.reason, error.detail)
        answer = answers[key]
        if isinstance(answer, BadInput):
            raise BadInput(answer.reason, answer.detail)
        return answer

    return ask


def remembering(places: Places) -> Places:
    """Each path is looked up once."""
    folder, asset = remembered(partial(_at, places.folder)), remembered(partial(_at, places.asset))
    contents = None if places.contents is None else remembered(partial(_at, places.contents))
    return replace(
        places,
        folder=lambda source, path: folder((source, path)),
        asset=lambda source, path: asset((source, path)),
        contents=None if contents is None else lambda source, path: contents((source, path)),
    )


def _at(look_up: Callable[[str, str], R], at: tuple[str, str]) -> R:
    return look_up(at[0], at[1])
