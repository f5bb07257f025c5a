"""What the newest work no longer makes is outdated, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from works import BEGAN, EVERY_WORK, Work, histories, must_be_open, tables_after

from habeas.warehouse.current.outdated import in_force, outdated_rows, replaced_files


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
def test_after_every_history_of_work_what_the_newest_work_makes_stands_and_nothing_else(steps: int) -> None:
    for history in histories(steps):
        work, rows = tables_after("x", history)
        outdated = outdated_rows(rows, [], [], work)
        assert must_be_open("x", history) == {row["row_id"] for row in rows} - outdated.keys(), history


def test_a_backfill_of_one_purpose_outdates_no_row_of_another() -> None:
    for first, other in ((one, two) for one in EVERY_WORK for two in EVERY_WORK):
        if set(first.purposes) & set(other.purposes):
            continue
        work, rows = tables_after("x", [first, other])
        assert {} == outdated_rows(rows, [], [], work)


def test_another_model_alone_outdates_nothing_and_other_settings_outdate_rows_of_every_model() -> None:
    same, stricter = Work(("a",), "m2", 1), Work(("a",), "m2", 2)
    work, rows = tables_after("x", [Work(("a",), "m1", 1), same])
    assert {} == outdated_rows(rows, [], [], work)
    work, rows = tables_after("x", [Work(("a",), "m1", 1), stricter])
    assert {"superseded"} == set(outdated_rows(rows, [], [], work).values())


def test_work_of_an_older_version_outdates_nothing_until_its_asset_is_worked_on_again() -> None:
    old = {"asset_id": "x", "work_digest": "w", "state": "done", "run_id": "r", "recorded_at": BEGAN}
    work, rows = tables_after("x", [Work(("a",), "m1", 1)])
    row = rows[0] | {"row_id": "old", "work_digest": "w"}
    for made_for in ({}, {"made_for": None, "model_id": None}):
        assert {} == outdated_rows([row], [], [], [old | made_for])
        assert {"old": "superseded"} == outdated_rows([row], [], [], [old | made_for, *work])


def test_the_work_recorded_last_is_in_force_whatever_came_first() -> None:
    work, _ = tables_after("x", [Work(("a",), "m1", 1), Work(("a",), "m1", 2)])
    assert in_force(work) == in_force(reversed(work)) == {("x", "a", "m1", "a=way2-m1")}


def an_asset(
    name: str, place: str = "p.jpg", *, there: bool = True, day: int = 0, **more: Any
) -> dict[str, Any]:
    seen = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=day)
    return {"asset_id": name, "source_id": "s", "location": place, "media": "photo", "present": there,
            "catalogued_at": seen} | more  # fmt: skip


def test_a_photo_replaced_by_another_of_its_name_is_outdated_and_one_that_is_merely_gone_is_not() -> None:
    old = an_asset("old", there=False)
    assert {"old"} == replaced_files([old, an_asset("new", day=1)])
    assert frozenset() == replaced_files([old])
    assert frozenset() == replaced_files([old, an_asset("new", "other.jpg", day=1)])
    assert frozenset() == replaced_files([old, an_asset("new", day=1, source_id="t")])
    assert frozenset() == replaced_files([an_asset("old"), an_asset("new", day=1)])
    assert {"old"} == replaced_files([old, an_asset("new", there=False, day=1)]), "the other one went as well"
    assert {"new"} == replaced_files([an_asset("old"), an_asset("new", there=False, day=1)]), (
        "it was put back"
    )


def test_a_file_that_can_not_be_read_for_a_while_is_not_replaced_by_itself() -> None:
    unreadable = an_asset("place", day=1, media="unreadable")
    assert frozenset() == replaced_files([an_asset("old", there=False), unreadable])


def test_the_reason_that_is_told_is_the_first_that_holds() -> None:
    work, rows = tables_after("x", [Work(("a",), "m1", 1), Work(("a",), "m1", 2)])
    line = {"line_id": "line of x", "asset_id": "x", "subject_id": "u", "closed": False,
            "attested_at": BEGAN, "listed_at": BEGAN, "recorded_at": BEGAN}  # fmt: skip
    later = BEGAN + timedelta(days=1)
    newer = line | {"line_id": "right", "attested_at": later, "listed_at": later, "recorded_at": later}
    files = [an_asset("x", there=False), an_asset("y", day=1)]
    first = "x/a/m1/first"
    assert "superseded" == outdated_rows(rows, [line], [an_asset("x")], work)[first]
    assert {"file_replaced"} == set(outdated_rows(rows, [line], files, work).values())
    assert {"roster_replaced"} == set(outdated_rows(rows, [line, newer], files, work).values())
