"""Everything that is held about one person, in one answer: for a request of that person, or a question about them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from habeas.erasure.queue import waiting
from habeas.oversight.explain.evidence import KeyStatus
from habeas.oversight.numbers.numbers import state_of
from habeas.oversight.queries.audit import About, log_consents, log_decisions, log_leave_outs
from habeas.oversight.queries.openings import Record, WantedOpenings, log_openings
from habeas.warehouse.current.row_status import newest_statuses
from habeas.warehouse.reader import Reader, Row, one, rows

_LINE = ("line_id", "asset_id", "from_ms", "to_ms", "x0", "y0", "x1", "y1", "position", "row", "closed",
         "attested_by", "attested_at", "recorded_at")  # fmt: skip
_TEMPLATE = ("row_id", "asset_id", "line_id", "source_id", "purpose", "key_id", "model_id", "decision_id", "sealed_at",
             "run_id")  # fmt: skip


def person_held(
    reader: Reader,
    subject_id: str,
    now: datetime,
    *,
    key_status: KeyStatus | None = None,
    openings: tuple[Iterable[Record], Iterable[Record]] | None = None,
) -> dict[str, Any]:
    """Section -> its rows, all about one person. Only random ids stand in it, and no vector.

    `key_status`, `openings` (openings and the rows they asked for): None where this caller may not read the key store;
    the answer then says so.
    """
    who = About(subject_id=subject_id)
    templates = _templates(reader, subject_id, now)
    ids = {row["row_id"] for row in templates}
    return {
        "subject_id": subject_id,
        "as_of": now,
        "person": one(reader, "subjects", "subject_id", subject_id),
        "roster_lines": _lines(reader, subject_id),
        "consents": log_consents(reader, who, now),
        "leave_outs": log_leave_outs(reader, who, now),
        "keys": _keys(reader, subject_id, key_status),
        "decisions": log_decisions(reader, who, now),
        "templates": templates,
        "to_be_erased": [row for row in waiting(reader, now) if row["row_id"] in ids],
        "openings": None if openings is None else log_openings(*openings, WantedOpenings(row_ids=ids)),
    }


def _lines(reader: Reader, subject_id: str) -> list[Row]:
    lines = rows(reader, "rosters", ("subject_id", "=", subject_id), columns=_LINE)
    wanted = sorted({row["asset_id"] for row in lines})
    columns = ["asset_id", "source_id", "location", "present"]
    present = rows(reader, "assets", ("asset_id", "in", wanted), columns=columns) if wanted else []
    assets = {row["asset_id"]: row for row in present}
    nothing = {"source_id": None, "location": None, "present": None}
    return [
        {**row, **{name: assets.get(row["asset_id"], nothing)[name] for name in nothing}}
        for row in sorted(lines, key=lambda row: (row["recorded_at"], row["line_id"]))
    ]


def _keys(reader: Reader, subject_id: str, key_status: KeyStatus | None) -> list[Row]:
    columns = ["key_id", "purpose", "generation", "created_at"]
    keys = rows(reader, "keys", ("subject_id", "=", subject_id), columns=columns)
    return [
        {**row, "status": key_status(row["key_id"]) if key_status else "unknown here"}
        for row in sorted(keys, key=lambda row: (row["purpose"], row["generation"]))
    ]


def _templates(reader: Reader, subject_id: str, now: datetime) -> list[Row]:
    stored = rows(reader, "embeddings", ("subject_id", "=", subject_id), columns=_TEMPLATE)
    ids = sorted(row["row_id"] for row in stored)
    newest = newest_statuses(rows(reader, "row_status", ("row_id", "in", ids)) if ids else ())
    templates = []
    for row in sorted(stored, key=lambda row: (row["purpose"], row["sealed_at"], row["row_id"])):
        status = newest.get(row["row_id"], {})
        more = {name: status.get(name) for name in ("reason", "expires_at", "erase_by")}
        templates.append({**row, "state": state_of(newest.get(row["row_id"]), now), **more})
    return templates
