"""What consent files say about people themselves. Where lines differ the protective answer holds.

- `jurisdictions`: all that anybody named, united, since each brings a law; None = nobody said, and all laws apply.
- `age`: the youngest band anybody stated, in this file or before. A band never rises by itself.
- `last_contact_on`: the latest day named: each line is a contact, and a later one takes no earlier one back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from habeas.model.people import Subject
from habeas.policy.fact_list import AGE
from habeas.steps.import_consents import Said


def subjects(named: Iterable[tuple[str, Said]]) -> tuple[Subject, ...]:
    """One a person."""
    found: dict[str, Subject] = {}
    for subject_id, said in named:
        told = Subject(subject_id, said.jurisdictions, said.age, said.last_contact_on)
        found[subject_id] = united(found.get(subject_id), told)
    return tuple(found[subject_id] for subject_id in sorted(found))


def united(known: Subject | None, told: Subject) -> Subject:
    """What is known and what is told, as one."""
    if known is None:
        return told
    places = {*(known.jurisdictions or ()), *(told.jurisdictions or ())}
    days = [day for day in (known.last_contact_on, told.last_contact_on) if day is not None]
    ages = [age for age in (known.age, told.age) if age is not None]
    return Subject(
        told.subject_id,
        tuple(sorted(places)) or None,
        min(ages, key=AGE.words.index, default=None),
        max(days, default=None),
    )


def learnt(known: Mapping[str, Subject], told: Iterable[Subject]) -> tuple[Subject, ...]:
    """The people of whom more, or something else, is known afterwards."""
    after = (united(known.get(each.subject_id), each) for each in told)
    return tuple(each for each in after if known.get(each.subject_id) != each)
