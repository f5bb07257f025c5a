"""One file on its way in: what each step gives goes on, what fell out is noted with its reason. Nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

from habeas.errors import BadInput
from habeas.model.people import Subject
from habeas.steps.import_lines import Columns, Reader, Records, SetAside, Values, opened

T = TypeVar("T")
R = TypeVar("R")
K = TypeVar("K", bound=Hashable)
Numbered = list[tuple[int, T]]
"""Values with the numbers of the lines they stand on."""

Input = Path | BinaryIO | Records
"""A file or stream of CSV or JSON lines, or records that something else reads (a table, a query, JSON-LD)."""


@dataclass(frozen=True, slots=True)
class Imported(Generic[T]):
    """What a file gave: lines = len(records) + repeated + lines set aside.

    `refusals_set_aside`: records set aside that say, or might say, no (a file refused whole counts as one). Not
    zero means that somebody's no may not have been heard: tell whoever imports. `withdrawn_unasked`: withdrawals
    of what nobody gave here. They are kept; the ids in the file may be misspelt, and then a consent still stands.
    """

    records: tuple[T, ...]
    set_aside: tuple[SetAside, ...]
    lines: int  # with content, without the header
    repeated: int
    input_digest: str  # SHA-256 of the bytes, hex
    subjects: tuple[Subject, ...] = ()
    refusals_set_aside: int = 0
    withdrawn_unasked: int = 0


class Intake:
    """Each step gives what goes on and what fell out, and notes why it fell out."""

    def __init__(self) -> None:
        self._set_aside: list[SetAside] = []
        self._lines = 0
        self._digest = ""
        self.refused_whole = False

    def parse(
        self, given: Input, columns: Columns, parse: Callable[[Values], T]
    ) -> tuple[Numbered[T], list[Values]]:
        """Records parsed, and the values of those that can't be used."""
        if isinstance(given, Records):
            return self._parse(given, parse)
        with opened(given) as stream:
            return self._parse(Reader(stream, columns), parse)

    def _parse(self, reader: Records, parse: Callable[[Values], T]) -> tuple[Numbered[T], list[Values]]:
        parsed: Numbered[T] = []
        unread: list[Values] = []
        try:
            for record in reader:
                try:
                    if record.error is not None:
                        raise record.error
                    parsed.append((record.line_number, parse(record.values)))
                except BadInput as error:
                    unread.append(record.values)
                    self._note(record.line_number, error)
        except BadInput as error:
            self.refused_whole = True
            self._note(None, error)
        self._lines, self._digest = reader.lines, reader.input_digest
        return parsed, unread

    def each(self, records: Numbered[T], convert: Callable[[T], R]) -> tuple[Numbered[R], list[T]]:
        """Records converted, and those that can't be."""
        converted: Numbered[R] = []
        lost: list[T] = []
        for number, record in records:
            try:
                converted.append((number, convert(record)))
            except BadInput as error:
                lost.append(record)
                self._note(number, error)
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
    ) -> Imported[T]:
        """The import, each record once."""
        listed = list(records)
        distinct = {key(record): record for record in listed}
        return Imported(
            tuple(distinct.values()),
            tuple(sorted(self._set_aside, key=lambda each: each.line_number or 0)),
            self._lines,
            len(listed) - len(distinct),
            self._digest,
            subjects,
            refusals_set_aside,
            withdrawn_unasked,
        )

    @property
    def out(self) -> int:
        """How much was set aside so far."""
        return len(self._set_aside)

    def _note(self, number: int | None, error: BadInput) -> None:
        self._set_aside.append(SetAside(number, error.reason, error.detail))


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
