"""What several files say about a person, as one: places unite, contacts move on, the newest age band counts."""

from __future__ import annotations

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from habeas.model.people import Subject
from habeas.model.words import AGE
from habeas.records.parsing.people import learnt, united

told = st.builds(
    Subject,
    subject_id=st.just("a"),
    jurisdictions=st.none()
    | st.lists(st.sampled_from(["KR", "US-IL", "EU"]), min_size=1, unique=True).map(sorted).map(tuple),
    age=st.none() | st.sampled_from(AGE.words),
    last_contact_on=st.none() | st.dates(date(2020, 1, 1), date(2026, 1, 1)),
    age_said_at=st.sampled_from([None, *(datetime(2026, month, 1, tzinfo=UTC) for month in (1, 2, 3))]),
)


def test_nothing_known_is_what_is_told() -> None:
    assert Subject("a", ("KR",), "adult") == united(None, Subject("a", ("KR",), "adult"))


@given(told, told)
def test_places_unite_the_newest_age_counts_and_contacts_move_on(known: Subject, more: Subject) -> None:
    both = united(known, more)
    assert set(both.jurisdictions or ()) == {*(known.jurisdictions or ()), *(more.jurisdictions or ())}
    stated = [each for each in (known, more) if each.age]
    first = datetime(1, 1, 1, tzinfo=UTC)
    newest = max((each.age_said_at or first for each in stated), default=None)
    ages = [AGE.words.index(each.age) for each in stated if (each.age_said_at or first) == newest]
    assert both.age == (AGE.words[min(ages)] if ages else None)
    days = [each.last_contact_on for each in (known, more) if each.last_contact_on]
    assert both.last_contact_on == (max(days) if days else None)
    assert both == united(more, known)


@given(told, told)
def test_only_what_changes_is_learnt(known: Subject, more: Subject) -> None:
    found = learnt({"a": known}, [more])
    assert (found == ()) is (united(known, more) == known)
    assert (Subject("b", None, None),) == learnt({"a": known}, [Subject("b", None, None)])
