"""Who lives in the drawn archive and what each of them said: every way a consent can stand, over and over."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from habeas.synthetic.activities import NOTICE
from habeas.synthetic.seeds import PEOPLE_DEMO

SEARCH, ACCESS = "archive_search", "access_verification"
STUDIO = "studio_portraits"

STANDINGS = (
    "both", "one", "refused", "both", "withdrawn", "never", "both", "expired", "both", "one",
    "refused", "both", "never", "withdrawn", "both", "future", "both", "one_source", "expired", "never",
)  # fmt: skip
"""Where the consent of the first, second, third... person stands; after twenty it starts again."""

CONSENT_COLUMNS = (
    "subject", "purpose", "status", "given_at", "expires_at", "sources", "explicit", "separate", "written",
    "notice_version", "method", "evidence_digest", "jurisdictions", "age",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Resident:
    """A drawn person of the archive: a badge number, a face, and where their consent stands."""

    badge: str
    seed: int
    standing: str

    def allows(self, source_id: str) -> tuple[str, ...]:
        """Purposes this person allows in a source today: what the pipeline has to find out by itself."""
        if source_id == STUDIO and self.standing in ("both", "one_source"):
            return (ACCESS, SEARCH)
        return (SEARCH,) if self.standing in ("both", "one") else ()


def residents(count: int, seed: int) -> tuple[Resident, ...]:
    """The first `count` people of an archive drawn with `seed`."""
    first = PEOPLE_DEMO.start + (seed * 1_000) % len(PEOPLE_DEMO)
    return tuple(
        Resident(f"B-{1000 + 7 * number}", first + number, STANDINGS[number % len(STANDINGS)])
        for number in range(count)
    )


def statements(people: tuple[Resident, ...], now: datetime) -> list[dict[str, str]]:
    """Rows of consents.csv, as somebody's consent desk would have kept them up to `now`."""
    return [row for person in people for row in _said(person, now)]


def _said(person: Resident, now: datetime) -> list[dict[str, str]]:
    def row(
        purpose: str, status: str, since: int, until: int | None = None, sources: str = ""
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
        }

    both = (SEARCH, ACCESS)
    return {
        # At the door, portraits of the studio: nobody who filmed the council was asked to open doors with it.
        "both": [row(SEARCH, "given", -200, 365), row(ACCESS, "given", -200, 365, STUDIO)],
        "one": [row(SEARCH, "given", -200, 365), row(ACCESS, "refused", -200)],
        "one_source": [row(purpose, "given", -200, 365, STUDIO) for purpose in both],
        "refused": [row(purpose, "refused", -200) for purpose in both],
        "withdrawn": [
            row(p, word, since) for p in both for word, since in (("given", -300), ("withdrawn", -30))
        ],
        "expired": [row(purpose, "given", -800, -40) for purpose in both],
        "future": [row(purpose, "given", 30, 395) for purpose in both],
        "never": [],
    }[person.standing]


def _instant(now: datetime, days: int) -> str:
    return (now + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
