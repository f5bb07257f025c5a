"""Which roster lines hold: a newer list replaces an older one of its asset, and nothing else does."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from habeas.warehouse.current.current_lines import current_lines, replaced

DAY = datetime(2026, 11, 1, tzinfo=UTC)


def at(day: float) -> datetime:
    return DAY + timedelta(days=day)


def a_row(name: str, listed: float, recorded: float | None = None, **more: Any) -> dict[str, Any]:
    """A line of asset `a` about subject `name`, attested and listed on one day."""
    day = listed if recorded is None else recorded
    return {"line_id": name, "asset_id": "a", "subject_id": name, "closed": False, "attested_at": at(listed),
            "listed_at": at(listed), "recorded_at": at(day)} | more  # fmt: skip


def hold(*rows: dict[str, Any]) -> set[str]:
    found = {row["line_id"] for row in current_lines(rows)}
    for order in itertools.permutations(rows):
        assert found == {row["line_id"] for row in current_lines(order)}, "the order of rows says nothing"
    assert found == {row["line_id"] for row in rows} - replaced(rows)
    return found


def test_a_corrected_list_replaces_the_wrong_one() -> None:
    assert {"right"} == hold(a_row("wrong", 1), a_row("right", 3))


def test_an_older_list_that_comes_late_replaces_nothing() -> None:
    assert {"right"} == hold(a_row("right", 3), a_row("late", 1, recorded=9))


def test_lists_of_one_time_add_up_whenever_they_come() -> None:
    assert {"one", "two"} == hold(a_row("one", 1), a_row("two", 1, recorded=9))


def test_a_list_replaces_none_of_another_file() -> None:
    assert {"one", "two"} == hold(a_row("one", 1), a_row("two", 3, asset_id="b"))


def test_a_list_dated_ahead_does_not_outrank_its_correction() -> None:
    """An older version took such lists. They count from when they came."""
    assert {"right"} == hold(a_row("ahead", 300, recorded=1), a_row("right", 2))
    assert {"ahead"} == hold(a_row("ahead", 300, recorded=3), a_row("older", 2))


def test_lines_of_an_import_of_an_older_version_are_one_list_whatever_their_dates() -> None:
    """Two desks, two times, one file: were one of them dropped, the other would take its face."""
    old = [a_row("one", 1, recorded=5, listed_at=None), a_row("two", 2, recorded=5, listed_at=None)]
    assert {"one", "two"} == hold(*old)
    assert {"three"} == hold(*old, a_row("three", 3))


def test_whoever_is_on_a_newer_list_counts_by_that_list() -> None:
    assert {"two", "one again"} == hold(
        a_row("one", 1), a_row("two", 3), a_row("one again", 3, attested_at=at(1))
    )


def test_a_list_that_leaves_the_erased_out_gives_nobody_their_face() -> None:
    """Nobody can name them any more, so that they aren't named says nothing about the picture."""
    erased = a_row("erased", 1, subject_id=None)
    assert {"erased", "neighbour again"} == hold(erased, a_row("neighbour", 1), a_row("neighbour again", 3))
    assert {"erased", "again"} == hold(erased, a_row("neighbour", 1), a_row("shorter", 2), a_row("again", 3))


def test_a_placeholder_falls_when_a_newer_list_accounts_for_everybody() -> None:
    unknown = a_row("unknown", 1, subject_id=None)
    assert {"kai"} == hold(unknown, a_row("kai", 3))
    assert {"kai", "mina"} == hold(unknown, a_row("other", 1), a_row("kai", 3), a_row("mina", 3))
    assert {"kai"} == hold(unknown, a_row("other", 1), a_row("kai", 3, closed=True))
    assert {"kai"} == hold(unknown, a_row("other", 1), a_row("b", 2, closed=True), a_row("kai", 3))
    placeholder = a_row("its own", 3, subject_id=None)
    assert {"kai", "its own"} == hold(unknown, a_row("other", 1), a_row("kai", 3), placeholder)


rows_of_one_asset = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4), st.booleans(), st.booleans(), st.booleans()), max_size=8
).map(
    lambda drawn: [
        a_row(
            str(number), listed, recorded=recorded, closed=closed,
            subject_id=None if nobody else "u", listed_at=None if old else at(listed),
        )
        for number, (listed, recorded, closed, nobody, old) in enumerate(drawn)
    ]
)  # fmt: skip


@given(rows_of_one_asset)
def test_the_newest_list_holds_whole_and_of_older_ones_placeholders_alone(rows: list[dict[str, Any]]) -> None:
    held = {row["line_id"] for row in current_lines(rows)}
    dated = [row for row in rows if row["listed_at"] is not None]
    if len(dated) == len(rows) and rows:
        newest = max(min(row["listed_at"], row["recorded_at"]) for row in rows)
        for row in rows:
            of_newest = min(row["listed_at"], row["recorded_at"]) == newest
            assert (
                row["line_id"] in held if of_newest else row["line_id"] not in held or not row["subject_id"]
            )
    assert bool(held) == bool(rows)
