"""Which piece of work on an asset counts: the newest. What older work left in the tables is superseded.

`work` has one row for each (asset, work digest), and `refusals` the counts of each such row. An asset is worked on
again whenever its digest changes: model, settings, roster lines, or who is allowed. The older counts stay in
`refusals`, so a sum over the whole table counts one face several times.

The newest row is the one recorded last. A digest that comes back (a setting changed and changed back) must therefore
be recorded again by the step that takes its rows up again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

Row = TypeVar("Row", bound=Mapping[str, Any])
"""A row of `work`, or of a table that has its asset_id and work_digest."""


def newest_work(work: Iterable[Row]) -> dict[str, Row]:
    """asset_id -> its row of `work` that was recorded last; of equal times the one with the larger digest."""
    newest: dict[str, Row] = {}
    for row in work:
        current = newest.get(row["asset_id"])
        if current is None or _order(row) > _order(current):
            newest[row["asset_id"]] = row
    return newest


def of_newest_work(rows: Iterable[Row], newest: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """Rows that belong to the newest work of their asset. A row of an asset without work belongs to none."""
    return [
        row
        for row in rows
        if (work := newest.get(row["asset_id"])) is not None and work["work_digest"] == row["work_digest"]
    ]


def _order(row: Mapping[str, Any]) -> tuple[datetime, str]:
    return row["recorded_at"], row["work_digest"]
