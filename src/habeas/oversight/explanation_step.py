"""A link of an explanation, and how times and rows read in one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from habeas.warehouse.reader import Row


@dataclass(frozen=True, slots=True)
class ExplanationStep:
    """One step of the way: its name, a sentence for a person, and the same as fields for a program."""

    step: str
    says: str
    fields: Mapping[str, Any] = field(default_factory=dict)


def day(moment: datetime | None) -> str:
    """Time as text in UTC, to the minute; "no end" for None."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if moment else "no end"


def plain(row: Row, *names: str) -> dict[str, Any]:
    """Chosen columns with times as ISO text; columns that are empty are left out."""
    kept = {name: row[name] for name in names if row.get(name) is not None}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in kept.items()}
