"""Import sources, consents and rosters: bytes in, model values and set-aside records out.

- Nothing is lost: each line comes out as a record, as a repetition of one (`repeated`), or set aside with a
  reason.
- Nothing is guessed, trimmed or repaired.
- Real ids go to the callable `subject_of` and nowhere else: no value, detail or error here holds one.
- A consent is content-addressed: importing a file again gives the same ids, so that a merge adds nothing.
- A roster is taken whole for an asset or not at all: with one line missing, a face could be bound to
  somebody else on the list.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

from habeas.errors import BadInput
from habeas.model.people import ConsentStatement, ConsentStatus, RosterLine, Source, Subject
from habeas.policy.purposes import Purposes
from habeas.steps import import_consents as _consents
from habeas.steps import import_rosters as _rosters
from habeas.steps import import_sources as _sources
from habeas.steps.import_lines import Columns, Reader, SetAside, Values, opened
from habeas.steps.import_sources import conflicts_with

__all__ = ["Imported", "SetAside", "conflicts_with", "import_consents", "import_rosters", "import_sources"]

T = TypeVar("T")
R = TypeVar("R")
Numbered = list[tuple[int, T]]
"""Values with the numbers of the lines they stand on."""


@dataclass(frozen=True, slots=True)
class Imported(Generic[T]):
    """What a file gave: lines = len(records) + repeated + lines set aside.

    `refusals_set_aside`: consents set aside that say, or might say, refused or withdrawn (a file refused
    whole counts as one). Not zero means that somebody's no may not have been heard: tell whoever imports.
    """

    records: tuple[T, ...]
    set_aside: tuple[SetAside, ...]
    lines: int  # with content, without the header
    repeated: int
    input_digest: str  # SHA-256 of the bytes, hex
    subjects: tuple[Subject, ...] = ()
    refusals_set_aside: int = 0


def import_sources(file: Path | BinaryIO, *, purposes: Purposes, recorded_at: datetime) -> Imported[Source]:
    """Read source registrations. Compare each with what is registered by `conflicts_with` before writing it.

    Raises UsageError when `file` is a path and no readable file.
    """
    intake = _Intake()
    parsed, _ = intake.parse(
        file, _sources.COLUMNS, lambda values: _sources.parse(values, purposes, recorded_at)
    )
    detail = "another record of this file claims its id or its folder"
    kept, _ = intake.without(parsed, _sources.conflicting(parsed), "conflicting_sources", detail)
    return intake.done([source for _, source in kept], lambda source: source.source_id)


def import_consents(
    file: Path | BinaryIO, *, purposes: Purposes, recorded_at: datetime, subject_of: Callable[[str], str]
) -> Imported[ConsentStatement]:
    """Read consent statements; `recorded_at` is the time of the import.

    `subject_of` maps a real id (NFC) to a subject id; it is called once a real id, for usable records alone,
    and may raise BadInput, whose reason the record is then set aside with. Raises UsageError like
    import_sources.
    """
    intake, known = _Intake(), _remembered(subject_of)
    parsed, unread = intake.parse(file, _consents.COLUMNS, lambda values: _consents.parse(values, purposes))
    agreed, torn = intake.without(
        parsed,
        _consents.conflicting(parsed),
        "conflicting_statements",
        "the same person, purpose and time with another status",
    )
    named, unnamed = intake.each(agreed, lambda said: (known(said.real_id), said))
    not_heard = sum(said.status is not ConsentStatus.GIVEN for said in torn + unnamed)
    not_heard += sum(_consents.may_refuse(values) for values in unread) + intake.refused_whole
    return intake.done(
        [said.statement(subject, recorded_at) for _, (subject, said) in named],
        lambda statement: statement.consent_id,
        subjects=_consents.subjects((subject, said) for _, (subject, said) in named),
        refusals_set_aside=not_heard,
    )


def import_rosters(
    file: Path | BinaryIO, *, subject_of: Callable[[str], str], asset_of: Callable[[str, str], str]
) -> Imported[RosterLine]:
    """Read roster lines. A blank subject makes an anonymous placeholder, which never binds and still counts.

    `asset_of(source_id, location)` gives the asset id or raises BadInput("roster_asset_missing"); for
    `subject_of` see import_consents. Raises UsageError like import_sources.
    """
    intake, person = _Intake(), _remembered(subject_of)

    def asset_at(place: tuple[str, str]) -> str:
        return asset_of(place[0], place[1])

    asset = _remembered(asset_at)
    parsed, unread = intake.parse(file, _rosters.COLUMNS, _rosters.parse)
    placed, _ = intake.each(parsed, lambda entry: (asset((entry.source_id, entry.location)), entry))
    named, unnamed = intake.each(
        placed, lambda at: at[1].line(at[0], None if at[1].real_id is None else person(at[1].real_id))
    )
    torn = {asset_id for asset_id, _ in unnamed}
    for place in filter(None, map(_rosters.place_hint, unread)):
        try:
            torn.add(asset(place))
        except BadInput:
            continue  # no asset there: every other line about it was set aside for that
    whole, _ = intake.without(
        named,
        {number for number, line in named if line.asset_id in torn},
        "roster_incomplete",
        "another line of the same asset can't be used, and a roster counts whole or not at all",
    )
    return intake.done([line for _, line in whole], lambda line: line.line_id)


class _Intake:
    """One file on its way in. Each step gives what goes on and what fell out, and notes why it fell out."""

    def __init__(self) -> None:
        self._set_aside: list[SetAside] = []
        self._lines = 0
        self._digest = ""
        self.refused_whole = False

    def parse(
        self, file: Path | BinaryIO, columns: Columns, parse: Callable[[Values], T]
    ) -> tuple[Numbered[T], list[Values]]:
        parsed: Numbered[T] = []
        unread: list[Values] = []
        with opened(file) as stream:
            reader = Reader(stream, columns)
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
    ) -> Imported[T]:
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
        )

    def _note(self, number: int | None, error: BadInput) -> None:
        self._set_aside.append(SetAside(number, error.reason, error.detail))


K = TypeVar("K", bound=Hashable)


def _remembered(lookup: Callable[[K], str]) -> Callable[[K], str]:
    """Ask once for each key, refusals included: a key store behind the callable is slow."""
    answers: dict[K, str | BadInput] = {}

    def ask(key: K) -> str:
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
