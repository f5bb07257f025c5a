"""A whole archive of drawn people: files, the lists that go with them, and, kept apart, the truth.

`sources.csv`, `occasions.csv`, `consents.csv`, `leave_outs.csv`, `rosters.csv` and `activities.yaml` are what an
archive's own offices would hand over. `truth.json` says who is where and what each person allows; it is for tests and
never comes near the pipeline.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from habeas.synthetic.archives.activities import activities
from habeas.synthetic.archives.archive_people import (
    ACCESS,
    CONSENT_COLUMNS,
    COUNCIL,
    LEAVE_OUT_COLUMNS,
    PRESS,
    SEARCH,
    STUDIO,
    leave_outs,
    statements,
)
from habeas.synthetic.archives.archive_plan import (
    OCCASIONS,
    ROSTER_COLUMNS,
    SOURCES,
    ArchivePlan,
    Shot,
    Size,
    plan_archive,
)
from habeas.synthetic.archives.drawn_files import Progress, draw_shots, write_csv


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was written. `broken` files are meant to end in quarantine."""

    people: int
    photos: int
    clips: int
    broken: int
    sources: Path
    consents: Path
    rosters: Path
    truth: Path


def draw_archive(
    archive: Path,
    lists: Path,
    truth: Path,
    *,
    seed: int,
    now: datetime,
    size: Size | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> Drawn:
    """Draw an archive into `archive`, its lists into `lists`, and what is really in it into `truth`.

    The same seed, time and size write the same bytes, however many `workers` share the work.
    """
    plan = plan_archive(size or Size(), seed, now)
    for folder in (lists, truth.parent):
        folder.mkdir(parents=True, exist_ok=True)
    seen = dict(zip(plan.shots, draw_shots(archive, plan.shots, seed, workers, progress), strict=True))
    broken = _break_some(archive, plan)
    write_csv(lists / "sources.csv", tuple(SOURCES[0]), SOURCES)
    write_csv(lists / "occasions.csv", tuple(OCCASIONS[0]), OCCASIONS)
    write_csv(lists / "consents.csv", CONSENT_COLUMNS, statements(plan.people, now))
    write_csv(lists / "leave_outs.csv", LEAVE_OUT_COLUMNS, leave_outs(plan.people, now, plan.left_alone))
    write_csv(lists / "rosters.csv", ROSTER_COLUMNS, plan.roster)
    (lists / "activities.yaml").write_text(activities((SEARCH, ACCESS)), encoding="utf-8")
    truth.write_text(json.dumps(_truth(plan, seen, broken), indent=1))
    clips = sum(shot.kind == "clip" for shot in plan.shots)
    return Drawn(
        len(plan.people), len(plan.shots) - clips, clips, len(broken),
        lists / "sources.csv", lists / "consents.csv", lists / "rosters.csv", truth,
    )  # fmt: skip


def _break_some(archive: Path, plan: ArchivePlan) -> list[dict[str, str]]:
    """Files as archives have them: cut off, empty, not what they say. One photo lies in two sources."""
    first = (archive / plan.shots[0].source_id / plan.shots[0].file).read_bytes()
    (archive / COUNCIL / "press" / "copied_from_the_studio.jpg").write_bytes(first)
    files = (
        (STUDIO, "upload_broken.jpg", first[: len(first) // 3]),
        (STUDIO, "upload_empty.jpg", b""),
        (STUDIO, "notes.jpg", b"Call the framer on Monday.\n"),
        (COUNCIL, "sessions/recorder_stopped.mp4", b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2"),
    )
    for source, name, content in files:
        place = archive / source / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return [{"source": source, "file": name} for source, name, _ in files]


def _truth(
    plan: ArchivePlan, seen: Mapping[Shot, list[dict[str, Any]]], broken: list[dict[str, str]]
) -> dict[str, Any]:
    sources = tuple(source["source_id"] for source in SOURCES)
    return {
        "people": [
            {
                "badge": person.badge,
                "seed": person.seed,
                "standing": person.standing,
                "allows": {source: list(person.allows(source)) for source in sources},
                "allows_in": {f"{COUNCIL}/{PRESS}": list(person.allows(COUNCIL, f"{PRESS}/"))},
            }
            for person in plan.people
        ],
        "files": [
            {
                "source": shot.source_id,
                "file": shot.file,
                "kind": shot.kind,
                "left_out": f"{shot.source_id}/{shot.file}" == plan.left_alone,
                "size": shot.size,
                "faces": faces,
            }
            for shot, faces in seen.items()
        ],
        "broken": broken,
    }
