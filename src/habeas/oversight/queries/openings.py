"""Who opened which rows, when and why, as the key store recorded it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from habeas.model.errors import UsageError
from habeas.sealing.open_rows import OPENED
from habeas.warehouse.reader import Row

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WantedOpenings:
    """None = any. `row_ids`: only openings that asked for one of these. `since` counts, `until` doesn't."""

    since: datetime | None = None
    until: datetime | None = None
    row_ids: Collection[str] | None = None


def log_openings(openings: Iterable[Record], asked: Iterable[Record], wanted: WantedOpenings) -> list[Row]:
    """Every opening that fits, oldest first, with its rows.

    `rows`: each requested row and its outcome; `outcomes`: number of rows by outcome; `finished`: whether the opening
    ended, else it is unknown what was seen. `ids_kept` is False for an opening of a version that counted rows and kept
    no ids: it may have been of any row, so every answer includes it.
    """
    if wanted.since and wanted.until and wanted.since >= wanted.until:
        raise UsageError("--from is not before --to", hint="Give the earlier time to --from.")
    rows: dict[str, dict[str, str]] = {}
    for request in asked:
        rows.setdefault(request["opening_id"], {})[request["row_id"]] = request["outcome"]
    entries = [_entry(opening, rows.get(opening["opening_id"], {})) for opening in openings]
    return [row for row in entries if _fits(row, wanted)]


def one_a_row(entries: Iterable[Row]) -> list[Row]:
    """One entry for each requested row; an opening without ids has one entry without a row id."""
    return [
        {
            **{name: each[name] for name in ("at", "opening_id", "who", "reason")},
            "row_id": row_id,
            "outcome": word,
        }
        for each in entries
        for row_id, word in (each["rows"] or {"": "ids were not kept"}).items()
    ]


def _entry(opening: Record, rows: dict[str, str]) -> Row:
    finished = bool(opening["digest"])
    outcomes: dict[str, int] = {}
    for word in rows.values():
        outcomes[word or "unknown"] = outcomes.get(word or "unknown", 0) + 1
    return {
        "at": opening["at"],
        "opening_id": opening["opening_id"],
        "who": opening["who"],
        "reason": opening["reason"],
        "asked": len(rows) if rows else opening["rows"],
        "opened": outcomes.get(OPENED, 0) if rows else opening["rows"],
        "finished": finished,
        "digest": opening["digest"],
        "ids_kept": bool(rows) or opening["rows"] == 0,
        "outcomes": dict(sorted(outcomes.items())),
        "rows": rows,
    }


def _fits(row: Row, wanted: WantedOpenings) -> bool:
    return (
        (wanted.since is None or row["at"] >= wanted.since)
        and (wanted.until is None or row["at"] < wanted.until)
        and (wanted.row_ids is None or not row["ids_kept"] or not set(wanted.row_ids).isdisjoint(row["rows"]))
    )
