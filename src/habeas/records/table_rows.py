"""Sources, people, statements and leave-outs as rows of their tables, and back, in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any

from habeas.model.people import (
    ConsentStatement,
    ConsentStatus,
    LeaveOut,
    LeaveOutKind,
    Scope,
    Source,
    Subject,
)

_SCOPE = tuple(each.name for each in fields(Scope))


def source_of(row: Mapping[str, Any]) -> Source:
    """A row of `sources`, whatever reads it."""
    return Source(**in_utc(row))


def statement_of(row: Mapping[str, Any]) -> ConsentStatement:
    """A row of `consents`, whatever reads it (Spark, Arrow), as a statement."""
    values = in_utc(row) | {"status": ConsentStatus(row["status"])}
    return ConsentStatement(scope=_scope(values), **values)


def statement_row(statement: ConsentStatement) -> dict[str, Any]:
    """Row of the table `consents`."""
    return _row(asdict(statement)) | {"status": str(statement.status)}


def subject_of(row: Mapping[str, Any]) -> Subject:
    """A row of `subjects`, whatever reads it. One of an older version doesn't say when its age band was stated: at the
    latest when it was recorded.
    """
    values = in_utc(row)
    values["age_said_at"] = values.get("age_said_at") or (
        values.get("recorded_at") if values["age"] else None
    )
    return Subject(**{each.name: values[each.name] for each in fields(Subject)})


def leave_out_of(row: Mapping[str, Any]) -> LeaveOut:
    """A row of `leave_outs` as a record."""
    values = in_utc(row) | {"kind": LeaveOutKind(row["kind"])}
    return LeaveOut(scope=_scope(values), **values)


def leave_out_row(record: LeaveOut) -> dict[str, Any]:
    """Row of the table `leave_outs`."""
    return _row(asdict(record)) | {"kind": str(record.kind)}


def in_utc(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row whose times have their zone, and whose lists are tuples."""
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    """Lists as tuples, and times with their zone: what Spark collects has none and is in the local one."""
    if isinstance(value, list):
        return tuple(value)
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def _scope(values: dict[str, Any]) -> Scope:
    return Scope(**{name: values.pop(name) for name in _SCOPE})


def _row(values: dict[str, Any]) -> dict[str, Any]:
    flat = values | values.pop("scope")
    return {name: list(value) if isinstance(value, tuple) else value for name, value in flat.items()}
