"""From tables to a page: read, count, draw, write."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from habeas.report.detail import describe, policy_of
from habeas.report.page import data_docs, render, write
from habeas.report.summary import read_tally, summarise
from habeas.steps.reading import Reader
from habeas.steps.rulebook import Rulebook


def make_report(
    reader: Reader,
    rules: Rulebook,
    run_id: str,
    folder: Path,
    tables: Mapping[str, str],
    *,
    title: str,
    drawn: bool = False,
) -> dict[str, Any]:
    """Write `folder`/index.html and return the summary it shows. `drawn`: say that nobody in it is real.

    Sentences and waivers are those of the rules the run decided by, where they are kept.
    """
    tally = read_tally(reader, run_id)
    rules = rules.at(policy_of(tally))
    summary = summarise(tally, run_id, tables, rules)
    html = render(summary, describe(tally, rules), title=title, drawn=drawn, docs=data_docs(folder))
    write(folder, html)
    return summary
