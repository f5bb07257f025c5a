"""How long a statement about a person's age can be relied on. Birth dates are not stored; a band and its day are.

- The band of the newest statement counts. It never rises by itself, and it is known only for as long as no person in it
  can have come of age: four years for `under_14`, two for `under_16`. `under_18` holds for one year: such a person is
  16 or 17, and may come of age at any time. After that the age is unknown, which the rules read as a gap.
- A guardian's yes ends at the same time, and at once where the newest statement says `adult`. A guardian's yes for a
  person without a stated band is taken like one for `under_18`, from the day it was given.

Eighteen is the age of every law in the packs that asks a guardian; where majority comes later, this ends it too early.
"""

from __future__ import annotations

from datetime import datetime

from habeas.model.people import ConsentStatement, Subject

_YEARS = {"under_14": 4, "under_16": 2, "under_18": 1}


def age_known(subject: Subject, as_of: datetime) -> tuple[str | None, datetime | None]:
    """The band that is known at `as_of` (None = none any more), and when that ends (None = it doesn't)."""
    if subject.age not in _YEARS or subject.age_said_at is None:
        return subject.age, None
    ends = years_after(subject.age_said_at, _YEARS[subject.age])
    return (subject.age, ends) if as_of < ends else (None, None)


def guardian_ends(subject: Subject | None, consent: ConsentStatement) -> datetime:
    """When a guardian's yes ends, whatever end the yes itself names."""
    if subject is not None and subject.age == "adult":
        return subject.age_said_at or consent.given_at
    if subject is not None and subject.age in _YEARS:
        return years_after(subject.age_said_at or consent.given_at, _YEARS[subject.age])
    return years_after(consent.given_at, _YEARS["under_18"])


def years_after(at: datetime, years: int) -> datetime:
    """The same day and time so many years on; of a leap day the day before 1 March, so that nothing lasts longer."""
    try:
        return at.replace(year=at.year + years)
    except ValueError:
        return at.replace(year=at.year + years, day=28)
