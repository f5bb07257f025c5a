"""What consent files say about people themselves. Where lines differ the protective answer holds.

- `jurisdictions`: all that were named, united, since each brings a law; None = not stated, and all laws apply.
- `age`: the band of the newest statement that names one, in this file or before; of several at one instant the
  youngest. A band never rises by itself; how long it is known: see `coming_of_age`.
- `last_contact_on`: the latest day named: each line is a contact, and a later one takes no earlier one back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from habeas.model.people import ConsentStatement, Subject
from habeas.model.words import AGE
from habeas.records.parsing.consents import ParsedStatement

_NEVER = datetime.min.replace(tzinfo=UTC)


def subjects(named: Iterable[tuple[ConsentStatement, ParsedStatement]]) -> tuple[Subject, ...]:
    """One a person. The line of a statement also describes its person."""
    by_id: dict[str, Subject] = {}
    for statement, entry in named:
        subject_id, at = statement.subject_id, min(statement.given_at, statement.recorded_at)
        stated = None if entry.age is None else at
        reported = Subject(subject_id, entry.jurisdictions, entry.age, entry.last_contact_on, stated)
        by_id[subject_id] = united(by_id.get(subject_id), reported)
    return tuple(by_id[subject_id] for subject_id in sorted(by_id))


def united(recorded: Subject | None, reported: Subject) -> Subject:
    """What is recorded and what is reported, as one."""
    if recorded is None:
        return reported
    places = {*(recorded.jurisdictions or ()), *(reported.jurisdictions or ())}
    days = [day for day in (recorded.last_contact_on, reported.last_contact_on) if day is not None]
    stated = max((recorded, reported), key=_stated)
    return Subject(
        reported.subject_id,
        tuple(sorted(places)) or None,
        stated.age,
        max(days, default=None),
        stated.age_said_at if stated.age else None,
    )


def _stated(subject: Subject) -> tuple[bool, datetime, int]:
    """Larger = newer, and of equals younger. A band without a date is older than any other."""
    if subject.age is None:
        return False, _NEVER, 0
    return True, subject.age_said_at or _NEVER, -AGE.words.index(subject.age)


def learnt(recorded: Mapping[str, Subject], reported: Iterable[Subject]) -> tuple[Subject, ...]:
    """The people of whom more, or something else, is known afterwards."""
    after = (united(recorded.get(each.subject_id), each) for each in reported)
    return tuple(each for each in after if recorded.get(each.subject_id) != each)
