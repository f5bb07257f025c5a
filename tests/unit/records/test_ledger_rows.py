"""A row of the ledger says the same whoever reads it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from ledgers import leave_outs, scopes, statements
from ordinary import a_source, a_statement, day

from habeas.model.people import ConsentStatement, LeaveOut, Scope, Subject
from habeas.records.table_rows import (
    leave_out_of,
    leave_out_row,
    source_of,
    statement_of,
    statement_row,
    subject_of,
)


def collected(row: dict[str, Any]) -> dict[str, Any]:
    """As Spark collects it: times in the local zone, without saying so."""
    times = {name: value for name, value in row.items() if isinstance(value, datetime)}
    return row | {name: datetime.fromtimestamp(value.timestamp()) for name, value in times.items()}  # noqa: DTZ006


@given(statements(), scopes)
def test_a_statement_is_the_same_after_its_row(said: ConsentStatement, scope: Scope) -> None:
    row = statement_row(said)
    assert said == statement_of(row) == statement_of(collected(row))
    assert not any(isinstance(value, tuple) for value in row.values())


@given(leave_outs())
def test_a_leave_out_is_the_same_after_its_row(record: LeaveOut) -> None:
    row = leave_out_row(record)
    assert record == leave_out_of(row) == leave_out_of(collected(row))


def test_times_of_another_zone_are_the_same_instants() -> None:
    seoul = day("2026-01-01").astimezone(timezone(timedelta(hours=9)))
    row = statement_row(a_statement()) | {"given_at": seoul}
    assert (day("2026-01-01"), UTC) == (statement_of(row).given_at, statement_of(row).given_at.tzinfo)


def test_sources_and_people_are_read_back() -> None:
    source = a_source(medium="studio")
    names = {name: getattr(source, name) for name in source.__slots__}
    assert source == source_of(names | {"purposes": list(source.purposes)})
    row = {
        "subject_id": "a",
        "jurisdictions": ["KR"],
        "age": "adult",
        "last_contact_on": None,
        "recorded_at": day("2026-01-01"),
    }
    said_at = day("2025-06-01")
    assert Subject("a", ("KR",), "adult", None, said_at) == subject_of(row | {"age_said_at": said_at})
    older = Subject("a", ("KR",), "adult", None, row["recorded_at"])
    assert older == subject_of(row) == subject_of(row | {"age_said_at": None}), "rows of an older version"
    assert Subject("a", None, None) == subject_of(row | {"jurisdictions": None, "age": None})


@pytest.mark.parametrize("zone", ["UTC", "Asia/Seoul", "America/New_York"])
def test_the_local_zone_plays_no_part(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        for moment in ("2026-11-01T05:30:00", "2026-11-01T06:30:00", "2026-03-29T01:30:00"):
            said = a_statement(given_at=day(moment))
            assert said == statement_of(collected(statement_row(said)))
    finally:
        monkeypatch.undo()
        time.tzset()
