"""The drawn airport: files, the lists an archive's own offices would hand over, and, kept apart, the truth."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from habeas.synthetic.archives.airport_people import CONSENT_COLUMNS, statements
from habeas.synthetic.archives.airport_plan import SOURCES, AirportPlan, Size, plan_airport
from habeas.synthetic.archives.archive_plan import ROSTER_COLUMNS
from habeas.synthetic.archives.drawn_files import Progress, draw_shots, write_csv


def draw_airport(
    archive: Path,
    lists: Path,
    truth: Path,
    *,
    seed: int,
    now: datetime,
    size: Size | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> AirportPlan:
    """Draw the photos and clips into `archive`, the lists into `lists`, and what is really there into `truth`.

    The same seed, time and size write the same bytes, however many `workers` share the work.
    """
    plan = plan_airport(size or Size(), seed, now)
    seen = draw_shots(archive, plan.shots, seed, workers, progress)
    write_lists(plan, lists, now)
    truth.parent.mkdir(parents=True, exist_ok=True)
    truth.write_text(json.dumps(_truth(plan, seen), indent=1))
    return plan


def write_lists(plan: AirportPlan, lists: Path, now: datetime) -> None:
    """sources.csv, consents.csv and rosters.csv."""
    lists.mkdir(parents=True, exist_ok=True)
    write_csv(lists / "sources.csv", tuple(SOURCES[0]), SOURCES)
    write_csv(lists / "consents.csv", CONSENT_COLUMNS, statements(plan.people, now))
    write_csv(lists / "rosters.csv", ROSTER_COLUMNS, plan.roster)


def _truth(plan: AirportPlan, seen: list[list[dict[str, Any]]]) -> dict[str, Any]:
    sources = [source["source_id"] for source in SOURCES]
    return {
        "people": [
            {
                "badge": person.badge,
                "seed": person.seed,
                "said": person.answer,
                "home": person.home,
                "allows": {source: list(person.allows(source)) for source in sources},
            }
            for person in plan.people
        ],
        "files": [
            {
                "source": shot.source_id,
                "file": shot.file,
                "kind": shot.kind,
                "size": shot.size,
                "faces": faces,
            }
            for shot, faces in zip(plan.shots, seen, strict=True)
        ],
    }
