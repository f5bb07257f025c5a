"""What the drawn airport holds: a photo of every traveller for the register, and clips from above the gates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from habeas.synthetic.archives.airport_lists import BORDER, MINISTRY
from habeas.synthetic.archives.airport_people import CAMERAS, PHOTOS, Traveller, travellers
from habeas.synthetic.archives.archive_plan import ROSTER_COLUMNS, Cast, Shot
from habeas.synthetic.seeds import STREAMS

_AUTHORITY = "OfficialAuthorityOfController"
_SOURCE = {
    "controller": MINISTRY, "controller_kind": "public", "purposes": BORDER, "legal_basis": _AUTHORITY,
    "scan_ground": _AUTHORITY, "roster_ground": _AUTHORITY, "jurisdiction": "KR", "capture_place": "KR",
}  # fmt: skip
SOURCES = (
    {"source_id": PHOTOS, "root": PHOTOS, **_SOURCE, "retention_days": "3650", "medium": "register"},
    {"source_id": CAMERAS, "root": CAMERAS, **_SOURCE, "retention_days": "60", "medium": "cctv"},
)

_LANES = 3
_PHOTO, _CLIP = (300, 400), (640, 360)
_NUMBERED_FROM = 10_000  # pictures of their own, beside those of the other drawn archive


@dataclass(frozen=True, slots=True)
class Size:
    """How much to draw. The default is the demo: 40 travellers, a photo of each, 3 clips."""

    travellers: int = 40
    clips: int = 3
    clip_ms: int = 4_000
    fps: int = 6


@dataclass(frozen=True, slots=True)
class AirportPlan:
    """People, files and roster lines (rows of rosters.csv)."""

    people: tuple[Traveller, ...]
    shots: tuple[Shot, ...]
    roster: tuple[dict[str, str], ...]


def plan_airport(size: Size, seed: int, now: datetime) -> AirportPlan:
    """Decide everything. Pure: the same arguments give the same plan."""
    people = travellers(size.travellers, seed)
    rng = np.random.default_rng(np.random.SeedSequence([STREAMS["demo"], 78, seed]))
    photos = [_photo(number, person, now) for number, person in enumerate(people)]
    clips = [_clip(number, people, size, now, rng) for number in range(size.clips)]
    roster = [_line(shot, shot.cast[0], now) for shot in photos]
    # The gate's log knows who went through the first two lanes. A person works in the third, and no list says who.
    roster += [
        _line(shot, shot.cast[place], now, lane=place) for shot in clips for place in range(_LANES - 1)
    ]
    return AirportPlan(people, (*photos, *clips), tuple(roster))


def _photo(number: int, person: Traveller, now: datetime) -> Shot:
    taken = now - timedelta(days=30 + 25 * (number % 36), minutes=number)
    file = f"{taken.year}/entry_{number:05d}.jpg"
    return Shot("portrait", _NUMBERED_FROM + number, PHOTOS, file, _PHOTO, (Cast(person, 0, 0, 0),), taken)


def _clip(
    number: int, people: tuple[Traveller, ...], size: Size, now: datetime, rng: np.random.Generator
) -> Shot:
    """A traveller who consented at the first gate, one who was never asked walking up to the second, a stranger."""
    willing = [person for person in people if person.answer in ("yes", "photos", "both")]
    others = [person for person in people if person not in willing]
    first = willing[number % len(willing)] if willing else others[0]
    two = others[(2 * number) % len(others)], others[(2 * number + 1) % len(others)]
    width, height = _CLIP
    cast = []
    for place, person in enumerate((first, *two)):
        x = width * (place + 0.5 + float(rng.uniform(-0.05, 0.05))) / _LANES
        face = height * float(rng.uniform(0.19, 0.23))
        nears = 1.0 if place == 0 else 1.3
        cast.append(Cast(person, x, height * 0.42, face / nears, 0, size.clip_ms, nears=nears))
    taken = now - timedelta(days=2 + 3 * number, hours=number)
    file = f"gate_{number + 1}/hall_{number:03d}.mp4"
    return Shot(
        "clip", _NUMBERED_FROM + 5 * number, CAMERAS, file, _CLIP, tuple(cast), taken, size.clip_ms, size.fps
    )


def _line(shot: Shot, cast: Cast, now: datetime, lane: int | None = None) -> dict[str, str]:
    edges = (
        ("",) * 4
        if lane is None
        else (str(round(lane / _LANES, 4)), "0.0", str(round((lane + 1) / _LANES, 4)), "1.0")
    )
    values = {
        "source": shot.source_id,
        "file": shot.file,
        "subject": cast.person.badge,
        **dict(zip(("x0", "y0", "x1", "y1"), edges, strict=True)),
        "attested_by": "border register" if lane is None else "gate log",
        "attested_at": (now - timedelta(days=1)).strftime("%Y-%m-%dT06:00:00Z"),
    }
    return {column: values.get(column, "") for column in ROSTER_COLUMNS}
