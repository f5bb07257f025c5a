"""A line of a leave-out list, parsed: a person, or a folder, site, event, lot, asset, whole source or time.

One line names one thing of each kind at most; what it names must all fit. A line without a person needs a place or
a time, since stopping everything is a halt. A line that `lifts` another names nothing else: it ends that one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from habeas.errors import BadInput
from habeas.model.ids import new_id, packed
from habeas.model.people import LeaveOut, LeaveOutKind
from habeas.policy.purposes import Purposes
from habeas.steps import import_fields as cell
from habeas.steps import import_scope
from habeas.steps.import_consents import real_id
from habeas.steps.import_lines import Columns, Values
from habeas.steps.import_scope import Places, SaidScope

PLACES = ("source", "folder", "site", "event", "lot", "asset")
COLUMNS = Columns(
    ("kind", "since", "reason"),
    optional=("subject", *PLACES, "from_at", "to_at", "purposes", "until", "evidence_digest", "lifts"),
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A line before its person, folder and asset have ids."""

    kind: LeaveOutKind
    real_id: str | None = field(repr=False)
    scope: SaidScope
    purposes: tuple[str, ...]
    since: datetime
    until: datetime | None
    reason: str
    evidence_digest: str
    lifts: str | None

    def record(self, subject_id: str | None, recorded_at: datetime, places: Places) -> LeaveOut:
        """The id covers what is left out, not when we learnt it. Raises BadInput like SaidScope.scope."""
        scope = self.scope.scope(places)
        parts = (scope.sources, scope.folders, scope.sites, scope.events, scope.lots, scope.assets)
        leave_out_id = new_id(
            "leave-out",
            self.kind.value,
            subject_id,
            *(packed(*part) for part in (self.purposes, *parts)),
            scope.from_at,
            scope.to_at,
            self.since,
            self.until,
            self.reason,
            self.evidence_digest,
            self.lifts,
        )
        return LeaveOut(
            leave_out_id=leave_out_id,
            kind=self.kind,
            subject_id=subject_id,
            scope=scope,
            purposes=self.purposes,
            since=self.since,
            until=self.until,
            recorded_at=recorded_at,
            reason=self.reason,
            evidence_digest=self.evidence_digest,
            lifts=self.lifts,
        )


def parse(values: Values, purposes: Purposes) -> Listed:
    """Raises BadInput."""
    since, until = cell.instant(values, "since"), cell.optional_instant(values, "until")
    if until is not None and until <= since:
        raise BadInput("bad_window", "until: not after since")
    named = cell.listed(values, "purposes") or ()
    listed = Listed(
        kind=LeaveOutKind(cell.word(values, "kind", tuple(LeaveOutKind))),
        real_id=real_id(values),
        scope=_scope(values),
        purposes=tuple(sorted(purposes.resolve(name).purpose_id for name in named)),
        since=since,
        until=until,
        reason=cell.slug(values, "reason"),
        evidence_digest=cell.hex_digest(values, "evidence_digest"),
        lifts=_lifts(values),
    )
    _something(listed)
    return listed


def _scope(values: Values) -> SaidScope:
    """One thing a column; the rest is as in consents."""
    one = {f"{name}s": values[name] for name in PLACES if values.get(name) is not None}
    texts = {name: [value] if isinstance(value, str) else value for name, value in one.items()}
    window = {name: values.get(name) for name in ("from_at", "to_at")}
    return import_scope.parse({**texts, **window})


def _lifts(values: Values) -> str | None:
    lifts = cell.optional_text(values, "lifts")
    if lifts is not None and not import_scope.is_id(lifts):
        raise BadInput("unknown_leave_out", "lifts: the id of a record, 32 characters of 0-9 and a-f")
    return lifts


def _something(listed: Listed) -> None:
    """Neither nothing nor two things at once."""
    bare = listed.real_id is None and listed.scope == SaidScope()
    if listed.lifts is None and bare:
        raise BadInput("nothing_left_out", "name a person, a place or a time; stopping everything is a halt")
    if listed.lifts is not None and not (bare and not listed.purposes and listed.until is None):
        raise BadInput("bad_scope", "lifts: a line that lifts another names nothing else")
