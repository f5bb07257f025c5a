"""The studio case of `habeas demo`: portraits, group pictures, council sessions, every way a consent can stand."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

HOME, PEOPLE = Path("var/demo"), 60
PURPOSES = ["archive_search", "access_verification"]


def prepare(home: Path, now: datetime) -> None:  # noqa: ARG001 - as every case is asked
    """The installation's own policies: the shipped rules, with the activities of the drawn archive."""
    from habeas.cli.operate.setup import copy_policies
    from habeas.synthetic.archives.activities import activities

    copy_policies(home / "policies", {"activities.yaml": activities(tuple(PURPOSES))})


def draw(home: Path, mark: Mapping[str, Any], progress: Callable[[int, int], None]) -> None:
    """Files and lists."""
    from habeas.synthetic.archives.archive import draw_archive
    from habeas.synthetic.archives.archive_plan import scaled

    draw_archive(
        home / "archive",
        home / "lists",
        home / "truth.json",
        seed=mark["seed"],
        now=datetime.fromisoformat(mark["now"]),
        size=scaled(mark["people"]),
        workers=min(4, os.cpu_count() or 1),
        progress=progress,
    )


def tell(place: Any, run_id: str) -> dict[str, Any]:
    """Write the page of the run; what came of it."""
    from habeas.cli.oversight.report import summary_table
    from habeas.oversight.numbers.tally import read_tally
    from habeas.oversight.report.detail import examples
    from habeas.oversight.report.write_report import page_of

    summary = place.report(run_id)
    return {
        "answer": summary,
        "table": summary_table(summary),
        "page": page_of(place.settings.report, run_id),
        "examples": list(examples(read_tally(place.reader)))[:3],
    }
