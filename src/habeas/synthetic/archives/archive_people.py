"""The residents of the drawn archive and their statements: every way a consent can stand, over and over."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from habeas.synthetic.archives.activities import NOTICE
from habeas.synthetic.seeds import PEOPLE_DEMO

SEARCH, ACCESS = "archive_search", "access_verification"
STUDIO, COUNCIL = "studio_portraits", "council_meetings"
PRESS_DAY, PRESS = "press-day", "press"
"""An event of the council, and the folder with its footage."""

STANDINGS = (
    "both", "one", "refused", "both", "withdrawn", "never", "both", "expired", "both", "one",
    "refused", "both", "never", "withdrawn", "both", "dated_ahead", "both", "one_source", "expired", "never",
    "bundled", "one_event", "guardian", "left_out", "child", "objected",
)  # fmt: skip
"""Where the consent of the first, second, third... person stands; after twenty-six it starts again.

`dated_ahead` is a refusal that a wrong clock dated a day ahead. The last six: a box among others; a release for one
event; a child, with a guardian's signature; a person whose family asked for them to be left alone; a child who signed
alone; a person who objected to one purpose.
"""

CONSENT_COLUMNS = (
    "subject", "purpose", "status", "given_at", "expires_at", "sources", "explicit", "separate", "written",
    "notice_version", "method", "evidence_digest", "jurisdictions", "age", "guardian", "events",
)  # fmt: skip
LEAVE_OUT_COLUMNS = ("kind", "since", "reason", "subject", "asset", "purposes")


@dataclass(frozen=True, slots=True)
class Resident:
    """A drawn person of the archive: a badge number, a face, and where their consent stands."""

    badge: str
    seed: int
    standing: str

    def allows(self, source_id: str, file: str = "") -> tuple[str, ...]:
        """Purposes this person allows in a source today: what the pipeline has to find out by itself.

        Without a file: in all of the source. A release for one event allows more in that event's files.
        """
        if source_id == STUDIO and self.standing in ("both", "one_source", "guardian"):
            return (ACCESS, SEARCH)
        if self.standing == "one_event" and source_id == COUNCIL and file.startswith(f"{PRESS}/"):
            return (SEARCH,)
        return (SEARCH,) if self.standing in ("both", "one", "guardian", "objected") else ()


def residents(count: int, seed: int) -> tuple[Resident, ...]:
    """The first `count` people of an archive drawn with `seed`."""
    first = PEOPLE_DEMO.start + (seed * 1_000) % len(PEOPLE_DEMO)
    return tuple(
        Resident(f"B-{1000 + 7 * number}", first + number, STANDINGS[number % len(STANDINGS)])
        for number in range(count)
    )


def statements(people: tuple[Resident, ...], now: datetime) -> list[dict[str, str]]:
    """Rows of consents.csv, as a consent desk would have kept them up to `now`."""
    return [row for person in people for row in _said(person, now)]


def leave_outs(people: tuple[Resident, ...], now: datetime, asset: str | None) -> list[dict[str, str]]:
    """Rows of leave_outs.csv: people to be left alone, one who objected, and one file (`source/path`)."""

    def row(kind: str, reason: str, **named: str) -> dict[str, str]:
        blank = dict.fromkeys(LEAVE_OUT_COLUMNS, "")
        return {**blank, "kind": kind, "since": _instant(now, -25), "reason": reason, **named}

    rows = [row("leave_out", "family_asked", subject=p.badge) for p in people if p.standing == "left_out"]
    objected = [person for person in people if person.standing == "objected"]
    rows += [row("objection", "objected_by_letter", subject=p.badge, purposes=ACCESS) for p in objected]
    return rows + ([row("leave_out", "shown_by_mistake", asset=asset)] if asset else [])


def _said(person: Resident, now: datetime) -> list[dict[str, str]]:
    def row(
        purpose: str, status: str, since: int, until: int | None = None, sources: str = "", **more: str
    ) -> dict[str, str]:
        form = f"form {person.badge} {purpose} {status}"
        return {
            "subject": person.badge,
            "purpose": purpose,
            "status": status,
            "given_at": _instant(now, since),
            "expires_at": "" if until is None else _instant(now, until),
            "sources": sources,
            "explicit": "true",
            "separate": "true",
            "written": "true",
            "notice_version": NOTICE,
            "method": "signed form",
            "evidence_digest": hashlib.sha256(form.encode()).hexdigest(),
            "jurisdictions": "KR",
            "age": "adult",
            "guardian": "",
            "events": "",
            **more,
        }

    def yes(**more: str) -> list[dict[str, str]]:
        """At the door, portraits of the studio: no person filmed by the council was asked to open doors with it."""
        return [row(SEARCH, "given", -200, 365, **more), row(ACCESS, "given", -200, 365, STUDIO, **more)]

    both = (SEARCH, ACCESS)
    return {
        "both": yes(),
        "one": [row(SEARCH, "given", -200, 365), row(ACCESS, "refused", -200)],
        "one_source": [row(purpose, "given", -200, 365, STUDIO) for purpose in both],
        "refused": [row(purpose, "refused", -200) for purpose in both],
        "withdrawn": [
            row(p, word, since) for p in both for word, since in (("given", -300), ("withdrawn", -30))
        ],
        "expired": [row(purpose, "given", -800, -40) for purpose in both],
        "dated_ahead": [row(purpose, "refused", 1) for purpose in both],
        "never": [],
        "bundled": yes(separate="false"),
        "one_event": [row(SEARCH, "given", -200, 365, events=PRESS_DAY)],
        "guardian": yes(guardian="true", age="under_14"),
        "left_out": yes(),
        "child": yes(age="under_14"),
        "objected": yes(),
    }[person.standing]


def _instant(now: datetime, days: int) -> str:
    return (now + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
