"""A line of a leave-out list, parsed: a person, or a folder, site, event, lot, asset, whole source or time.

One line names one thing of each kind at most; what it names must all fit. A line without a person needs a place or
a time, since stopping everything is a halt. A line that `lifts` another names nothing else: it ends that one.

Every other line is a refusal, and is read leniently: see `lenient`. A lift opens again and is read strictly.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from habeas.model.errors import BadInput
from habeas.model.ids import new_id, packed
from habeas.model.people import LeaveOut, LeaveOutKind, Scope
from habeas.model.purposes import Purposes
from habeas.model.text import fold
from habeas.records.parsing import scope as import_scope
from habeas.records.parsing.consents import real_id
from habeas.records.parsing.lenient import Lenient
from habeas.records.parsing.names import NO_NAMES, Names
from habeas.records.parsing.refusal_scope import scopes_of_no
from habeas.records.parsing.scope import Places, SaidScope
from habeas.records.readers import fields as cell
from habeas.records.readers.lines import Columns, Values

PLACES = ("source", "folder", "site", "event", "lot", "asset")
COLUMNS = Columns(
    ("kind", "since", "reason"),
    core=("kind",),
    optional=("subject", *PLACES, "from_at", "to_at", "purposes", "until", "evidence_digest", "lifts"),
)


NO_REASON = "not_told"
"""The reason of a line that gives none that can be read."""


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
    dated: datetime | str = field(repr=False)  # what the id covers of `since`
    doubts: tuple[tuple[str, str], ...] = ()  # what was not understood

    @property
    def undated(self) -> bool:
        """True if the line has no date that could be read."""
        return isinstance(self.dated, str)

    def records(
        self, subject_id: str | None, recorded_at: datetime, places: Places
    ) -> tuple[tuple[LeaveOut, ...], tuple[str, ...]]:
        """What is left out, as one record (two where files are named), and why something named isn't there.

        The id covers what is left out, not when we learnt it. Raises BadInput where a place can't even be named.
        """
        scopes, gone = scopes_of_no(self.scope, places)
        if self.lifts is None and subject_id is None and any(scope.everywhere for scope in scopes):
            raise BadInput(
                "nothing_left_out", "what it names is no place in an archive; stopping everything is a halt"
            )
        return tuple(self._record(subject_id, recorded_at, scope) for scope in scopes), gone

    def _record(self, subject_id: str | None, recorded_at: datetime, scope: Scope) -> LeaveOut:
        parts = (scope.sources, scope.folders, scope.sites, scope.events, scope.lots, scope.assets)
        leave_out_id = new_id(
            "leave-out",
            self.kind.value,
            subject_id,
            *(packed(*part) for part in (self.purposes, *parts)),
            scope.from_at,
            scope.to_at,
            self.dated,
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


def parse(values: Values, purposes: Purposes, recorded_at: datetime, names: Names = NO_NAMES) -> Listed:
    """Raises BadInput: for a lift where anything is wrong, for another line where it leaves nothing out."""
    listed = (
        _lift(values) if values.get("lifts") is not None else _left_out(values, purposes, recorded_at, names)
    )
    _something(listed)
    return listed


def is_no(values: Values) -> bool:
    """Every line that ends no other."""
    return values.get("lifts") is None


def _lift(values: Values) -> Listed:
    since = cell.instant(values, "since")
    return Listed(
        kind=LeaveOutKind(cell.word(values, "kind", tuple(LeaveOutKind))),
        real_id=real_id(values),
        scope=import_scope.parse(_scope(values)),
        purposes=cell.listed(values, "purposes") or (),
        since=since,
        until=cell.optional_instant(values, "until"),
        reason=cell.slug(values, "reason"),
        evidence_digest=cell.hex_digest(values, "evidence_digest"),
        lifts=_lifts(values),
        dated=since,
    )


def _left_out(values: Values, purposes: Purposes, recorded_at: datetime, names: Names) -> Listed:
    reader = Lenient(values, names)
    since, dated = reader.since("since", recorded_at)
    until = reader.get(lambda v: cell.optional_instant(v, "until"), None)
    if until is not None and until <= since:
        reader.doubt("bad_window", "until: not after since; left out, so it has no end")
        until = None
    named = reader.get(lambda v: cell.listed(v, "purposes"), None) or ()
    resolved = reader.read_all(named, lambda name: reader.purpose(name, purposes))
    return Listed(
        kind=_kind(values, reader),
        real_id=reader.person(),
        scope=reader.scope(_scope(values)),
        purposes=tuple(sorted(set(resolved or ()))),
        since=since,
        until=until,
        reason=reader.get(lambda v: cell.optional_slug(v, "reason"), None) or NO_REASON,
        evidence_digest=reader.get(lambda v: cell.hex_digest(v, "evidence_digest"), ""),
        lifts=None,
        dated=dated,
        doubts=tuple(reader.doubts),
    )


def _kind(values: Values, reader: Lenient) -> LeaveOutKind:
    """The kind; the one that stops most where it can't be read."""
    value = values.get("kind")
    words = {each.value: each for each in LeaveOutKind}
    if isinstance(value, str) and value in words:
        return words[value]
    meant = fold(value).replace("-", "_").replace(" ", "_") if isinstance(value, str) else ""
    kind = words.get(meant, LeaveOutKind.LEAVE_OUT)
    reader.doubt("unknown_word", f"kind: one of {', '.join(words)}; taken for {kind}")
    return kind


def _scope(values: Values) -> Values:
    """One thing a column; the rest is as in consents."""
    one = {f"{name}s": values[name] for name in PLACES if values.get(name) is not None}
    texts = {name: [value] if isinstance(value, str) else value for name, value in one.items()}
    return {**texts, **{name: values.get(name) for name in ("from_at", "to_at")}}


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
