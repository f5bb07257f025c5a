"""The travellers of the drawn airport and their answers: few of them were ever asked for consent."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from habeas.synthetic.archives.airport_lists import NOTICES, VENDORS, A, C
from habeas.synthetic.seeds import PEOPLE_DEMO

NEVER = "never"
"""Never asked about anything: what the rest of `_ASKED` leaves."""

_ASKED = {
    1: "yes", 4: "both", 7: "abroad", 10: "photos", 13: "bundled", 16: "abroad", 19: "yes", 22: "no",
    25: "abroad", 28: "withdrawn", 31: "abroad", 34: "yes",
}  # fmt: skip
"""Which of forty travellers was asked, and what came of it; after forty it starts again."""
_ROUND = 40
_ABROAD = ("DE", "US-IL", "JP", "US-TX")
_FIRST = 50_000
"""Travellers are none of the residents that the other archive draws with the same seed."""

CONSENT_COLUMNS = (
    "subject", "purpose", "status", "given_at", "expires_at", "sources", "explicit", "separate", "written",
    "recipients", "notice_version", "method", "evidence_digest", "jurisdictions", "age",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Traveller:
    """A drawn person: a register number, a face, where they live if they were asked, and their answer.

    `answer`: `yes` to vendor C; `both` A and C; `photos` = C, of the register's photos alone; `bundled` = C, ticked
    among general terms; `no` and `abroad` (a person from elsewhere) refused C; `withdrawn`; `never` asked.
    """

    badge: str
    seed: int
    answer: str
    home: str | None

    def allows(self, source_id: str) -> tuple[str, ...]:
        """Purposes that may be embedded for: what the pipeline has to find out by itself."""
        willing = self.answer in ("yes", "both") or (self.answer == "photos" and source_id == PHOTOS)
        return (C,) if willing else ()


PHOTOS, CAMERAS = "immigration_photos", "airport_cctv"


def travellers(count: int, seed: int) -> tuple[Traveller, ...]:
    """The first `count` travellers of an archive drawn with `seed`."""
    first = PEOPLE_DEMO.start + (_FIRST + seed * 1_000) % len(PEOPLE_DEMO)
    abroad = sorted(number for number, answer in _ASKED.items() if answer == "abroad")

    def home(number: int) -> str | None:
        answer = _ASKED.get(number % _ROUND)
        return _ABROAD[abroad.index(number % _ROUND)] if answer == "abroad" else "KR" if answer else None

    return tuple(
        Traveller(f"R-{20_000 + 7 * n}", first + n, _ASKED.get(n % _ROUND, NEVER), home(n))
        for n in range(count)
    )


def statements(people: tuple[Traveller, ...], now: datetime) -> list[dict[str, str]]:
    """Rows of consents.csv, as the desk that asked would have kept them up to `now`."""
    return [row for person in people for row in _said(person, now)]


def _said(person: Traveller, now: datetime) -> list[dict[str, str]]:
    def row(
        status: str, since: int, purpose: str = C, sources: str = "", separate: bool = True
    ) -> dict[str, str]:
        given = status == "given"
        form = f"form {person.badge} {purpose} {status}"
        return {
            "subject": person.badge,
            "purpose": purpose,
            "status": status,
            "given_at": _instant(now, since),
            "expires_at": _instant(now, 365) if given else "",
            "sources": sources,
            "explicit": "true",
            "separate": str(separate).lower(),
            "written": "true",
            "recipients": VENDORS[purpose] if given else "",
            "notice_version": NOTICES[purpose],
            "method": "signed form" if separate else "box ticked with the airline's terms",
            "evidence_digest": hashlib.sha256(form.encode()).hexdigest(),
            "jurisdictions": person.home or "",
            "age": "adult",
        }

    return {
        "yes": [row("given", -90)],
        "both": [row("given", -90), row("given", -90, A)],
        "photos": [row("given", -90, sources=PHOTOS)],
        "bundled": [row("given", -90, separate=False)],
        "withdrawn": [row("given", -90), row("withdrawn", -10)],
        "no": [row("refused", -90)],
        "abroad": [row("refused", -90)],
        NEVER: [],
    }[person.answer]


def _instant(now: datetime, days: int) -> str:
    return (now + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
