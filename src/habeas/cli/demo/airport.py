"""The airport case of `habeas demo`: a ministry, its travellers, three vendors, and hardly anybody who was asked."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from habeas.cli import output as out

HOME, PEOPLE = Path("var/demo-airport"), 40
PURPOSES = ["training_vendor_a", "training_vendor_b", "training_vendor_c"]
_PAGE = "airport.html"


def prepare(home: Path, now: datetime) -> None:
    """The installation's own policies: the shipped rules, with the purposes and activities of the drawn ministry."""
    from habeas.cli.operate.setup import copy_policies
    from habeas.model.installation.resources import POLICIES
    from habeas.synthetic.archives.airport_lists import activities, purposes

    shipped = (POLICIES / "purposes.yaml").read_text(encoding="utf-8")
    lists = {"purposes.yaml": purposes(shipped), "activities.yaml": activities(now)}
    copy_policies(home / "policies", lists)


def draw(home: Path, mark: Mapping[str, Any], progress: Callable[[int, int], None]) -> None:
    """Photos, clips and lists of the ministry."""
    from habeas.synthetic.archives.airport import draw_airport
    from habeas.synthetic.archives.airport_plan import Size

    people = mark["people"]
    draw_airport(
        home / "archive",
        home / "lists",
        home / "truth.json",
        seed=mark["seed"],
        now=datetime.fromisoformat(mark["now"]),
        size=Size(people, max(1, round(people * Size().clips / Size().travellers))),
        workers=min(4, os.cpu_count() or 1),
        progress=progress,
    )


def tell(place: Any, run_id: str) -> dict[str, Any]:
    """Write the page of the case beside that of the run; what came of it."""
    from habeas.oversight.numbers.tally import read_tally
    from habeas.oversight.report.airport.counts import airport_case, as_json, examples
    from habeas.oversight.report.airport.page import render
    from habeas.oversight.report.page import write
    from habeas.oversight.report.write_report import page_of, write_index

    summary, folder = place.report(run_id), place.settings.report
    tally = read_tally(place.reader)
    case, asked = airport_case(place.reader, tally, place.policy, PURPOSES), examples(tally)
    run = page_of(folder, run_id).relative_to(folder).as_posix()
    page = write(folder, render(case, asked, run, summary["waivers"]), _PAGE)
    write_index(folder, drawn=True)
    return {
        "answer": {**as_json(case), "run": summary},
        "table": _table(case),
        "page": page,
        "examples": list(asked),
    }


def _table(case: Any) -> Any:
    return out.table(
        ["for", "made public", "requests", "refused", "allowed", "templates", "people", "regulator: refused"],
        [
            (v.recipient, v.published or "nobody said", v.requests, v.strict.refused, v.strict.allowed,
             v.templates, v.people, v.regulator.refused)
            for v in case.vendors
        ],
    )  # fmt: skip
