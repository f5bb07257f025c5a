"""Imports: sources, subjects, keys, consents and rosters, insert-only; the same file twice changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, fields
from datetime import datetime

from habeas.model.ids import digest
from habeas.model.people import ConsentStatement, RosterLine, Source
from habeas.sealing.keyrecords import KeyRecord
from habeas.spark.tables import Tables


def write_sources(tables: Tables, sources: Iterable[Source]) -> None:
    """What a source was collected for is fixed: a known source is never updated."""
    _insert(tables, "sources", [asdict(s) | {"purposes": list(s.purposes)} for s in sources])


def write_consents(
    tables: Tables, statements: Iterable[ConsentStatement], keys: Iterable[KeyRecord], subjects: Iterable[dict[str, object]]
) -> None:
    """Statements, the key records they enrolled, and the people they are about."""
    _insert(tables, "subjects", list(subjects))
    _insert(tables, "keys", [{f.name: getattr(k, f.name) for f in fields(k)} for k in keys])
    rows = [asdict(s) | {"status": str(s.status), "sources": list(s.sources)} for s in statements]
    _insert(tables, "consents", rows)


def write_rosters(tables: Tables, lines: Iterable[RosterLine], recorded_at: datetime) -> None:
    rows = []
    for line in lines:
        row = asdict(line) | {"recorded_at": recorded_at}
        region = row.pop("region") or {}
        rows.append(row | region)
    _insert(tables, "rosters", rows)


def write_quarantine(tables: Tables, rows: Iterable[dict[str, object]]) -> None:
    """Records that could not be used: input digest, line number and reason, none of their values."""
    keyed = [
        r | {"quarantine_id": digest("quarantine", "record", str(r.get("input_digest")),
                                     str(r.get("line_number")), str(r["reason"]))[:32]}
        for r in rows
    ]  # fmt: skip
    _insert(tables, "quarantine", keyed)


def _insert(tables: Tables, name: str, rows: list[dict[str, object]]) -> None:
    if rows:
        key = tables.contracts[name].key
        unique = {tuple(r[k] for k in key): r for r in reversed(rows)}
        tables.insert_missing(name, tables.frame(name, list(unique.values())))
