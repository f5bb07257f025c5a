"""The quality checks of a run: a page and a JSON file beside the page of the run.

They hold the contract's rules, names of aggregates, counts of rows, and whether each rule passed. They hold no value
that was judged. One HTML file with its style inside: no script, no font, no picture, no other host.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from habeas.model.errors import Unavailable
from habeas.oversight.report.page import environment, write
from habeas.warehouse.contracts import Contract
from habeas.warehouse.quality.rules import Expectation

PAGE = "checks.html"
RESULTS = "checks.json"


def results(
    run_id: str,
    contract: Contract,
    counts: Mapping[str, int],
    expectations: Sequence[Expectation],
    failed: Collection[str],
    now: datetime,
) -> dict[str, Any]:
    """What the page shows, for programs. `counts`: `rows` and how many of them are `failing`; `failed`: names."""
    judged = [_judged(each, each.name not in failed) for each in expectations]
    return {
        "run_id": run_id,
        "judged_at": now.isoformat(),
        "contract": contract.name,
        "contract_version": contract.version,
        "rows": counts["rows"],
        "rows_failing": counts["failing"],
        "passed": not any(each["severity"] == "critical" for each in judged if not each["passed"]),
        "expectations": judged,
    }


def render(checks: Mapping[str, Any]) -> str:
    """The page as HTML: what failed first, then the contract's order."""
    entries = sorted(checks["expectations"], key=lambda each: each["passed"])
    return environment().get_template("checks.html.jinja").render(checks=checks, entries=entries)


def write_checks(folder: Path, checks: Mapping[str, Any]) -> Path:
    """Write both files into the run's folder of pages; return the page. Raises Unavailable."""
    try:
        write(folder, json.dumps(checks, indent=1) + "\n", RESULTS)
        return write(folder, render(checks), PAGE)
    except OSError as error:
        raise Unavailable(
            f"the page of the quality checks can't be written to {folder} ({type(error).__name__})",
            hint="Check space and rights of the report folder.",
        ) from None


def _judged(asked: Expectation, passed: bool) -> dict[str, Any]:
    return {
        "name": asked.name,
        "says": asked.description,
        "judged": f"{asked.column} in percent of {asked.share_of}" if asked.share_of else asked.column,
        "bound": _bound(asked.minimum, asked.maximum) + (" %" if asked.share_of else ""),
        "severity": asked.severity,
        "passed": passed,
    }


def _bound(minimum: float | None, maximum: float | None) -> str:
    if minimum is not None and maximum is not None:
        return f"{minimum:g}" if minimum == maximum else f"{minimum:g} to {maximum:g}"
    if minimum is not None:
        return f"at least {minimum:g}"
    return f"at most {maximum:g}" if maximum is not None else "any"
