"""The index of all runs that have a page, the newest first."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from habeas.oversight.report.page import environment

Summary = Mapping[str, Any]


def kept(runs: Path) -> list[Summary]:
    """The summary of every run that has a page, the newest first; one that can't be read has only its name."""
    summaries: list[Summary] = []
    for place in runs.glob("*/index.html"):
        summary: dict[str, Any] = {}
        with suppress(OSError, ValueError):
            summary = json.loads((place.parent / "summary.json").read_text(encoding="utf-8"))
        summaries.append(summary if "counted_at" in summary else {"run_id": place.parent.name})
    return sorted(summaries, key=_order, reverse=True)


def is_later(summaries: Sequence[Summary], than: Summary) -> bool:
    """Whether another run that has a page ended after this one. When a run without a record ended is unknown."""
    return any(
        each["run_id"] != than["run_id"] and _ended(each) > _ended(than)
        for each in summaries
        if _ended(each) and _ended(than)
    )


def render_index(summaries: Sequence[Summary], others: Mapping[str, str], drawn: bool) -> str:
    """The index as HTML. `others`: file name of another page -> what it is about."""
    template = environment().get_template("index.html.jinja")
    return template.render(runs=summaries, others=others, drawn=drawn)


def _ended(summary: Summary) -> str:
    """Times are UTC in ISO 8601, so that they sort as text."""
    return str(summary.get("finished_at") or "")


def _order(summary: Summary) -> tuple[str, str]:
    return str(summary.get("finished_at") or summary.get("counted_at") or ""), str(summary["run_id"])
