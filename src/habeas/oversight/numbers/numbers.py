"""Every number of a page, a summary or an explanation, counted in one place so that they add up.

- Files, each once: total = looked at + refused + set aside + waiting.
- Faces, each once, in the files looked at: total = embedded + refused, by reason. Only the newest work of a file
  counts: what older work found in the same file is superseded.
- Roster lines (a person listed in a file), each once: listed = allowed + refused + undecided;
  allowed = with an open template + without one, by reason.
- Templates, each once: stored = open + expired + closed + frozen + held.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from habeas.faces.values import BindingReason
from habeas.oversight.numbers.files import Files, count_files
from habeas.oversight.numbers.lines import Lines, count_lines
from habeas.oversight.numbers.tally import Tally
from habeas.policy.rulebook import Rulebook
from habeas.warehouse.current.row_status import zoned
from habeas.warehouse.reader import Row

STATES: Final = ("open", "expired", "closed", "frozen", "held")
"""What a stored template can be. Only an open one can be opened."""


@dataclass(frozen=True, slots=True)
class Faces:
    """`refused`: faces by reason. `refused_for`: faces refused for a purpose because its decision is no; a face that
    was refused for two purposes stands under both, one that was embedded for a third as well.
    """

    total: int
    embedded: int
    refused: Mapping[str, int]
    refused_for: Mapping[str, int]

    @property
    def bound(self) -> int:
        """Faces bound to one listed person: embedded, refused by a decision, or not good enough."""
        return self.embedded + sum(self.refused.get(word, 0) for word in _BOUND)

    @property
    def allowed(self) -> int:
        """Bound faces whose person's decision was yes for at least one purpose when the file was looked at."""
        return self.embedded + self.refused.get(BindingReason.QUALITY, 0)


@dataclass(frozen=True, slots=True)
class Templates:
    """Stored rows by state. `due`: closed ones that have to be erased; `late`: those of them whose day has passed;
    `erase_by`: the first day. `people`: who has an open one.
    """

    stored: int
    states: Mapping[str, int]
    due: int
    late: int
    erase_by: datetime | None
    people: int

    @property
    def open(self) -> int:
        """Number of templates that may be opened."""
        return self.states["open"]

    @property
    def shut(self) -> int:
        """Number of templates that may not be opened: expired, closed, frozen or held."""
        return self.stored - self.open


@dataclass(frozen=True, slots=True)
class Numbers:
    """All of them."""

    files: Files
    faces: Faces
    lines: Lines
    templates: Templates


_BOUND: Final = (BindingReason.NOT_ALLOWED, BindingReason.QUALITY)


def count(tally: Tally, rules: Rulebook, now: datetime) -> Numbers:
    """Count everything. `now`: a permission that ended by then is over, even if the last run wrote that it is open."""
    states = template_states(tally, now)
    files = count_files(tally, rules)
    return Numbers(
        files=files,
        faces=count_faces(tally),
        lines=count_lines(tally, files, states),
        templates=count_templates(tally, states, now),
    )


def template_states(tally: Tally, now: datetime) -> dict[str, str]:
    """row_id -> one of STATES, for every stored template."""
    return {row["row_id"]: state_of(tally.statuses.get(row["row_id"]), now) for row in tally.embeddings}


def state_of(status: Row | None, now: datetime) -> str:
    """What a template is now. Without a status it is closed, as at opening."""
    if status is None:
        return "closed"
    if status["status"] == "open":
        until = status["expires_at"]
        return "open" if until is None or zoned(until) > now else "expired"
    return status["status"] if status["status"] in ("frozen", "held") else "closed"


def count_templates(tally: Tally, states: Mapping[str, str], now: datetime) -> Templates:
    """Counts of stored templates by state at `now`. `states`: row id -> state."""
    counted = Counter(states.values())
    closed = [tally.statuses.get(row_id) for row_id, state in states.items() if state == "closed"]
    days = [zoned(status["erase_by"]) for status in closed if status is not None and status["erase_by"]]
    return Templates(
        stored=len(states),
        states={state: counted[state] for state in STATES},
        due=len(days),
        late=sum(day <= now for day in days),
        erase_by=min(days, default=None),
        people=len({row["subject_id"] for row in tally.embeddings if states[row["row_id"]] == "open"}),
    )


def count_faces(tally: Tally) -> Faces:
    """Faces of the files that were looked at, by their newest work."""
    total = embedded = 0
    refused: Counter[str] = Counter()
    refused_for: Counter[str] = Counter()
    by_asset: dict[str, list[Row]] = {}
    for row in tally.refusals:
        by_asset.setdefault(row["asset_id"], []).append(row)
    lines: dict[str, set[tuple[str, str]]] = {}
    for row in tally.embeddings:
        lines.setdefault(row["asset_id"], set()).add((row["line_id"], row["purpose"]))
    for asset in tally.looked_at:
        work, mine = tally.work[asset], by_asset.get(asset, [])
        plain, denied = Counter[str](), Counter[str]()
        for row in mine:
            if row["reason"] == BindingReason.NOT_ALLOWED:
                denied[row["purpose"]] += row["count"]
            else:
                plain[row["reason"]] += row["count"]
        faces, kept = _face_counts(work, plain, denied, lines.get(asset, set()))
        total, embedded = total + faces, embedded + kept
        refused += plain
        refused_for += denied
        refused[BindingReason.NOT_ALLOWED] += faces - kept - plain.total()
    return Faces(total, embedded, _sorted(+refused), _sorted(refused_for))


def _face_counts(
    work: Row, plain: Counter[str], denied: Counter[str], stored: set[tuple[str, str]]
) -> tuple[int, int]:
    """Faces found and faces embedded in one file.

    Work of versions before 1.1.0 kept neither. Then a face that a purpose refused and none embedded is counted where
    most were refused, and the embedded ones are those that are stored: the nearest that its tables allow.
    """
    if work.get("faces") is not None:
        return work["faces"], work["faces_embedded"]
    by_purpose = Counter(purpose for _, purpose in stored)
    embedded = len({line for line, _ in stored})
    most = max((by_purpose[purpose] + denied[purpose] for purpose in by_purpose | denied), default=0)
    return max(embedded, most) + plain.total(), embedded


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items()))
