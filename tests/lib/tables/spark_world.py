"""A small archive in tables, filled without an import: people, files, lines, and what was said. For Spark tests."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from deriving import FULL_SOURCE, MODEL, NOW, a_full_statement, a_subject, lists
from ordinary import a_leave_out, a_line, a_source, day

from habeas.model.people import Scope
from habeas.pipeline.decide.decide import DecisionRequest
from habeas.records.table_rows import leave_out_row, statement_row
from habeas.warehouse.spark_tables import Tables

PURPOSES = ("access_verification", "archive_search")
PEOPLE, ASSETS = 6, 8
SOURCES = (FULL_SOURCE, a_source(source_id="lobby", root="lobby", capture_place="US-TX"))
PERSON_OUT = a_leave_out(subject_id="subject-4", leave_out_id="out-4")
LEFT_OUT = (
    PERSON_OUT,
    a_leave_out(subject_id="subject-5", leave_out_id="out-5"),
    # Lifting a person's record names no person: whose it is stands in the record it lifts.
    a_leave_out(subject_id=None, leave_out_id="lift-5", lifts="out-5", since=day("2026-02-01")),
    a_leave_out(
        subject_id=None, leave_out_id="event", scope=Scope(events=("gala",)), until=day("2026-09-09")
    ),
)


def question(**changes: Any) -> DecisionRequest:
    given: dict[str, Any] = {"wanted": PURPOSES, "lists": lists(), "policy": "p", "model": MODEL, "as_of": NOW,
                             "known_at": NOW, "run_id": "r1"}  # fmt: skip
    return DecisionRequest(**(given | changes))


def assets() -> list[dict[str, Any]]:
    return [
        {"asset_id": f"asset-{n}", "source_id": "lobby" if n % 3 == 2 else "studio", "location": f"{n}.jpg",
         "folders": ["gala-folder"] if n == 6 else ["top"], "media": "photo", "format": "jpeg", "bytes": 1,
         "modified_ns": 1, "captured_at": day("2026-02-01") + timedelta(days=n), "present": n != 7,
         "catalogued_at": day("2026-03-01"), "run_id": "r0"}
        for n in range(ASSETS)
    ]  # fmt: skip


def lines() -> list[Any]:
    made = [a_line(line_id=f"line-{n}-{p}", asset_id=f"asset-{n}", subject_id=f"subject-{p}")
            for n in range(ASSETS) for p in range(PEOPLE) if (n + p) % 3]  # fmt: skip
    return [
        *made,
        *(a_line(line_id=f"nobody-{n}", asset_id=f"asset-{n}", subject_id=None) for n in (0, 1, 2)),
    ]


def statements() -> list[Any]:
    found = []
    for person in range(PEOPLE):
        for purpose in PURPOSES:
            status = ("given", "given", "refused", "withdrawn", "given", "given")[person]
            scope = Scope(sources=("studio",)) if person == 1 else Scope()
            found.append(a_full_statement(
                status, purpose, day("2026-01-02"), day("2026-10-01"), subject_id=f"subject-{person}", scope=scope,
                consent_id=f"{purpose}-{person}"))  # fmt: skip
    return found


def subjects() -> list[Any]:
    return [
        a_subject(subject_id=f"subject-{p}", jurisdictions=(("KR",), ("DE",), None)[p % 3]) for p in range(5)
    ]


def keys() -> list[dict[str, Any]]:
    return [
        {"key_id": f"{purpose}-{p}-{g}", "subject_id": f"subject-{p}", "purpose": purpose, "generation": g, "suite": 2,
         "public_key": b"k", "created_at": day("2026-01-03"), "signature": b"s"}
        for purpose in PURPOSES for p in range(PEOPLE) for g in ((1, 2) if p == 0 else (1,))
    ]  # fmt: skip


OPEN = frozenset({f"{purpose}-{p}-{g}" for purpose in PURPOSES for p in range(PEOPLE) for g in (1, 2)}) - {
    "archive_search-5-1"
}


def fill(tables: Tables) -> None:
    """All tables filled."""
    write(tables, "sources", [asdict(source) | {"purposes": list(source.purposes)} for source in SOURCES])
    write(tables, "assets", assets())
    write(tables, "rosters", [roster_row(line) for line in lines()])
    write(tables, "consents", [statement_row(each) for each in statements()])
    write(tables, "subjects", [subject_row(each) for each in subjects()])
    write(tables, "keys", keys())
    write(tables, "leave_outs", [leave_out_row(each) for each in LEFT_OUT])
    occasion = {"source_id": "studio", "folder_id": "gala-folder", "kind": "event", "name": "gala"}
    write(tables, "occasions", [occasion | {"recorded_at": day("2026-03-01")}])


def roster_row(line: Any) -> dict[str, Any]:
    return {name: value for name, value in asdict(line).items() if name != "region"} | {"recorded_at": NOW}


def subject_row(subject: Any) -> dict[str, Any]:
    places = subject.jurisdictions
    return asdict(subject) | {"jurisdictions": places and list(places), "recorded_at": NOW}


def copied(home: Path, to: Path) -> Path:
    shutil.copytree(home / "warehouse", to / "warehouse")
    return to


def write(tables: Tables, name: str, rows: list[dict[str, Any]]) -> None:
    tables.append(name, tables.frame(name, rows))
