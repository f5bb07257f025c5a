"""From tables to pages: read, count, draw, write. A page for every run, kept, and an index of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from habeas.oversight.numbers.numbers import count
from habeas.oversight.numbers.tally import read_tally
from habeas.oversight.report.checks_page import PAGE as CHECKS
from habeas.oversight.report.detail import describe, policy_of
from habeas.oversight.report.index import is_later, kept, render_index
from habeas.oversight.report.page import Look, render, write
from habeas.oversight.report.summary import summarise
from habeas.policy.rulebook import Rulebook
from habeas.warehouse.reader import Reader, Row, rows

RUNS = "runs"
SUMMARY = "summary.json"
BESIDE = {"airport.html": "The airport case: what was refused, and by which rules"}
"""Pages of demos."""


def make_report(
    reader: Reader,
    rules: Rulebook,
    run_id: str,
    folder: Path,
    tables: Mapping[str, str],
    *,
    now: datetime,
    left: Sequence[Row] = (),
    title: str = "",
    drawn: bool = False,
) -> dict[str, Any]:
    """Write `folder`/runs/<run>/index.html and the index of all runs; return the summary that the page shows.

    The tables know only how things stand now. So a page that was made is kept as it is once a later run has one, and
    one that is made after later runs says so. `left`: what the run's tasks left, also of a run that failed and so
    has no row in `runs`. Sentences and waivers are those of the rules the run decided by, where they are kept.
    """
    tally = read_tally(reader, _tasks(reader, run_id, left))
    rules = rules.at(policy_of(tally))
    numbers = count(tally, rules, now)
    summary = summarise(tally, numbers, run_id, tables, rules, now)
    late = is_later(kept(folder / RUNS), summary)
    place = folder_of(folder, run_id)
    if late and (place / SUMMARY).is_file():
        earlier: dict[str, Any] = json.loads((place / SUMMARY).read_text(encoding="utf-8"))
        return earlier
    look = Look(title or f"Run {run_id}", drawn, CHECKS if (place / CHECKS).is_file() else None, late)
    html = render(summary, numbers, describe(tally, rules, now), look)
    write(place, json.dumps(summary, indent=1) + "\n", SUMMARY)
    write(place, html)
    write_index(folder, drawn=drawn)
    return summary


def write_index(folder: Path, *, drawn: bool) -> Path:
    """Write `folder`/index.html: every run that has a page, and the pages that lie beside it."""
    others = {name: says for name, says in BESIDE.items() if (folder / name).is_file()}
    return write(folder, render_index(kept(folder / RUNS), others, drawn))


def page_of(folder: Path, run_id: str) -> Path:
    """Where the page of a run lies under the report folder."""
    return folder_of(folder, run_id) / "index.html"


def folder_of(folder: Path, run_id: str) -> Path:
    """Where all pages of a run lie under the report folder."""
    return folder / RUNS / run_id


def _tasks(reader: Reader, run_id: str, left: Sequence[Row]) -> list[Row]:
    """The run's tasks in the order they started: as the table `runs` has them, and from its records."""
    recorded = {row["task"]: row for row in rows(reader, "runs", ("run_id", "=", run_id))}
    reported = {row["task"]: row for row in left}
    return sorted((reported | recorded).values(), key=lambda row: row["started_at"])
