"""What the drawn archive holds: every file and every roster line, decided before a pixel is drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np

from habeas.synthetic.archives.archive_people import (
    ACCESS,
    COUNCIL,
    PRESS,
    PRESS_DAY,
    SEARCH,
    STUDIO,
    Resident,
    residents,
)
from habeas.synthetic.seeds import STREAMS

STREET, UNREGISTERED = "street_cctv", "box_from_the_attic"

SOURCES = (
    {"source_id": STUDIO, "controller": "Riverside City Archive", "controller_kind": "public", "root": STUDIO,
     "purposes": f"{SEARCH};{ACCESS}", "legal_basis": "Consent", "scan_ground": "Consent", "roster_ground": "Consent",
     "jurisdiction": "KR", "capture_place": "KR", "retention_days": "3650", "medium": "studio"},
    {"source_id": COUNCIL, "controller": "Riverside City Council", "controller_kind": "public", "root": COUNCIL,
     "purposes": SEARCH, "legal_basis": "PublicInterest", "scan_ground": "PublicInterest",
     "roster_ground": "PublicInterest", "jurisdiction": "KR", "capture_place": "KR", "retention_days": "730",
     "medium": "event"},
    {"source_id": STREET, "controller": "Riverside Traffic Office", "controller_kind": "public", "root": STREET,
     "purposes": SEARCH, "legal_basis": "PublicInterest", "scan_ground": "none", "roster_ground": "none",
     "jurisdiction": "KR", "capture_place": "KR", "retention_days": "30", "medium": "cctv"},
)  # fmt: skip
OCCASIONS = (
    {"source": COUNCIL, "folder": PRESS, "kind": "event", "name": PRESS_DAY},
    {"source": COUNCIL, "folder": PRESS, "kind": "site", "name": "town-square"},
    {"source": COUNCIL, "folder": "sessions", "kind": "site", "name": "council-hall"},
    {"source": STUDIO, "folder": "2026", "kind": "lot", "name": "delivery-2026"},
)
"""What the folders of the council and the studio belong to, as the archive's office knows."""
_LEFT_ALONE = 14
"""The portrait that must not be processed, in archives that have so many: its sitter was shown by mistake."""
ROSTER_COLUMNS = ("source", "file", "subject", "from_ms", "to_ms", "x0", "y0", "x1", "y1", "position", "closed",
                  "attested_by", "attested_at")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Size:
    """How much to draw. The default is the demo: 110 photos and 8 clips of 60 people."""

    people: int = 60
    portraits: int = 72
    groups: int = 14
    street: int = 18
    unregistered: int = 6
    clips: int = 8
    clip_ms: int = 12_000
    fps: int = 8


def scaled(people: int) -> Size:
    """An archive for this many people, as full as the demo's."""
    whole = Size()
    share = people / whole.people

    def part(count: int) -> int:
        return max(1, round(count * share))

    return replace(
        whole,
        people=people,
        portraits=max(people, part(whole.portraits)),
        groups=part(whole.groups),
        street=part(whole.street),
        unregistered=part(whole.unregistered),
        clips=part(whole.clips),
    )


class DrawnPerson(Protocol):
    """A drawn person: the real id that lists use, and the seed of the face."""

    @property
    def badge(self) -> str:
        """Real id of the drawn person, as lists name it."""

    @property
    def seed(self) -> int:
        """Seed that the person's looks are drawn from."""


@dataclass(frozen=True, slots=True)
class Cast:
    """One person in one file: where the face's middle is and how high it is (pixels), and when (clips)."""

    person: DrawnPerson
    x: float
    y: float
    face: float
    from_ms: int = 0
    to_ms: int = 0
    walks: bool = False
    nears: float = 1.0  # the face grows to so many times its height: the person comes towards the camera


@dataclass(frozen=True, slots=True)
class Shot:
    """One file to draw. `number` and `kind` pick its own generator; `turned` = stored on its side, EXIF says so."""

    kind: str  # "portrait" | "scene" | "clip"
    number: int
    source_id: str
    file: str
    size: tuple[int, int]
    cast: tuple[Cast, ...]
    captured_at: datetime
    duration_ms: int = 0
    fps: int = 0
    turned: bool = False


@dataclass(frozen=True, slots=True)
class ArchivePlan:
    """People, files and roster lines (rows of rosters.csv)."""

    people: tuple[Resident, ...]
    shots: tuple[Shot, ...]
    roster: tuple[dict[str, str], ...]

    @property
    def left_alone(self) -> str | None:
        """The one file of the leave-out list, as source/path."""
        shots = [shot for shot in self.shots if shot.source_id == STUDIO and shot.number == _LEFT_ALONE]
        return f"{shots[0].source_id}/{shots[0].file}" if shots else None


class _Planner:
    def __init__(self, size: Size, seed: int, now: datetime) -> None:
        self.size, self.now = size, now
        self.people = residents(size.people, seed)
        self.shots: list[Shot] = []
        self.roster: list[dict[str, str]] = []
        self.rng = np.random.default_rng(np.random.SeedSequence([STREAMS["demo"], 77, seed]))

    def portraits(self) -> None:
        """One listed person each, but: the last has a visitor beside the listed one, the one before lists no person."""
        for number in range(self.size.portraits):
            person = self.people[number % len(self.people)]
            height = int(self.rng.integers(14, 31)) * 16
            size = (height * 3 // 4 // 2 * 2, height)
            shot = self._shot(
                "portrait", number, STUDIO, f"{2026 - number % 3}/portrait_{number:04d}.jpg", size, ()
            )
            shot = replace(shot, cast=(Cast(person, 0, 0, 0),), turned=number % 9 == 4)
            if number == self.size.portraits - 1:
                shot = replace(
                    shot, kind="scene", turned=False, size=(640, 400), cast=self._row((640, 400), 2, number)
                )
            if number != self.size.portraits - 2 or self.size.portraits < 5:
                self._line(shot, shot.cast[0].person)
            self.shots.append(shot)

    def groups(self) -> None:
        """Four to six people in a row, each listed with a region but the last, a bystander; the oldest are too old."""
        for number in range(self.size.groups):
            size, count = (960, 640), 4 + number % 3
            shot = self._shot("scene", 1_000 + number, COUNCIL, f"{PRESS}/group_{number:03d}.jpg", size, ())
            shot = replace(shot, cast=self._row(size, min(count, len(self.people)), number * 5))
            if number % 7 == 5:
                shot = replace(shot, captured_at=self.now - timedelta(days=1_200))
            for place, cast in enumerate(shot.cast[:-1]):
                placeholder = number == 3 and place == 1
                self._line(shot, None if placeholder else cast.person, region=_column(place, len(shot.cast)))
            self.shots.append(shot)

    def others(self) -> None:
        """Photos that must not be scanned, and a folder that no source was registered for."""
        for number in range(self.size.street + self.size.unregistered):
            street = number < self.size.street
            where, name = (STREET, "cam2") if street else (UNREGISTERED, "scan")
            shot = self._shot("scene", 2_000 + number, where, f"{name}_{number:03d}.jpg", (640, 360), ())
            self.shots.append(replace(shot, cast=self._row((640, 360), 2 + number % 2, number * 2)))

    def clips(self) -> None:
        """Three seats; the person in the middle one changes halfway. In every fourth clip a stranger walks through."""
        for number in range(self.size.clips):
            size = ((640, 360), (960, 540), (640, 360), (1280, 720))[number % 4]
            end = self.size.clip_ms + (number % 3) * self.size.clip_ms // 6
            shot = self._shot("clip", number, COUNCIL, f"sessions/session_{number:02d}.mp4", size, ())
            shot = replace(shot, duration_ms=end, fps=self.size.fps)
            half = end // 2 // 1_000 * 1_000
            row = self._row(size, 3, number * 4, most=size[1] * 0.24)
            later = replace(
                row[1], person=self.people[(number * 4 + 3) % len(self.people)], from_ms=half + 500, to_ms=end
            )
            seats: tuple[Cast, ...] = (
                replace(row[0], to_ms=end),
                replace(row[1], to_ms=half),
                later,
                replace(row[2], to_ms=end),
            )
            for place, cast in zip((0, 1, 1, 2), seats, strict=True):
                window = (cast.from_ms, cast.to_ms) if place == 1 else None
                self._line(shot, cast.person, region=_column(place, 3), window=window)
            if number % 4 == 3:
                stranger = self.people[(number * 4 + 9) % len(self.people)]
                seats += (Cast(stranger, 0, size[1] * 0.8, size[1] * 0.2, 0, half, walks=True),)
            self.shots.append(replace(shot, cast=seats))

    def _shot(
        self, kind: str, number: int, source: str, file: str, size: tuple[int, int], cast: tuple[Cast, ...]
    ) -> Shot:
        captured = self.now - timedelta(days=20 + 11 * (number % 30), minutes=number)
        return Shot(kind, number, source, file, size, cast, captured)

    def _row(self, size: tuple[int, int], count: int, first: int, most: float = 120.0) -> tuple[Cast, ...]:
        """`count` people side by side, far enough apart that no person hides another."""
        width, height = size
        cast = []
        for place in range(count):
            face = max(
                48.0, min(width / count / 1.75, most, height * 0.4) * float(self.rng.uniform(0.8, 1.0))
            )
            x = width * (place + 0.5 + float(self.rng.uniform(-0.05, 0.05))) / count
            y = height * float(self.rng.uniform(0.38, 0.46))
            cast.append(Cast(self.people[(first + place) % len(self.people)], x, y, face))
        return tuple(cast)

    def _line(
        self,
        shot: Shot,
        person: DrawnPerson | None,
        region: tuple[float, float, float, float] | None = None,
        window: tuple[int, int] | None = None,
    ) -> None:
        edges = dict(zip(("x0", "y0", "x1", "y1"), region or ("",) * 4, strict=True))
        begin, end = window or ("", "")
        self.roster.append(
            {
                "source": shot.source_id,
                "file": shot.file,
                "subject": person.badge if person else "",
                "from_ms": str(begin),
                "to_ms": str(end),
                **{name: str(edge) for name, edge in edges.items()},
                "position": "",
                "closed": "",
                "attested_by": "front desk" if shot.source_id == STUDIO else "clerk of the council",
                "attested_at": (self.now - timedelta(days=3)).strftime("%Y-%m-%dT09:00:00Z"),
            }
        )


def plan_archive(size: Size, seed: int, now: datetime) -> ArchivePlan:
    """Decide everything. Pure: the same arguments give the same plan."""
    planner = _Planner(size, seed, now)
    planner.portraits()
    planner.groups()
    planner.others()
    planner.clips()
    return ArchivePlan(planner.people, tuple(planner.shots), tuple(planner.roster))


def _column(place: int, count: int) -> tuple[float, float, float, float]:
    """The upright strip of the picture that belongs to one place of a row, in fractions."""
    return round(place / count, 4), 0.0, round((place + 1) / count, 4), 1.0
