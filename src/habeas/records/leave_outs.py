"""Who and what is never to be processed: a pure function over an append-only, bitemporal list. It always wins.

- A record counts from when it was recorded, holds from `since`, and from its recording at the latest, to just before
  `until`, and is never outvoted: no consent, newer or older, is looked at here. The only thing that ends one before
  its time is a record that lifts it.
- A lift names one record, ends that one from its own `since` on, and is no leave-out itself. It counts only where it is
  not older than the record in either time, `since` and `recorded_at`. The same thing left out again is a new record.
- A person's record speaks about that person alone; a record without a person about the footage and every person in it.
- No purpose = every purpose. No scope = everywhere; only a person's record may have none.
- Where the time of capture is unknown, every window fits the footage: what might be left out is left out.

Nothing here reads a clock or a store.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from habeas.model.people import LeaveOut, LeaveOutKind, Place
from habeas.records.scopes import fits


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Why something is left out (empty = it isn't), and until when the same list says the same."""

    kinds: frozenset[LeaveOutKind]
    flips_at: datetime | None


def left_out(
    leave_outs: Iterable[LeaveOut],
    subject_id: str | None,
    purpose: str,
    place: Place,
    as_of: datetime,
    known_at: datetime,
) -> LeftOut:
    """What is left out at `place` for `purpose`: true at `as_of`, known by `known_at`.

    With a person: their own records and those about the footage. Without one: those about the footage alone.
    `flips_at` looks ahead along both times at once, like ledger.standing. Times must carry a zone.
    """
    listed = list(leave_outs)
    about = [each for each in listed if each.lifts is None and speaks_about(each, subject_id, purpose, place)]
    named = {each.leave_out_id for each in about}
    lifts = [each for each in listed if each.lifts in named]
    recorded = [each for each in (*about, *lifts) if each.recorded_at <= known_at]
    lifted = lifted_by(recorded, as_of)
    kinds = frozenset(
        each.kind
        for each in about
        if each.recorded_at <= known_at and holds(each, as_of) and each.leave_out_id not in lifted
    )
    instants = [
        *(instant for each in about for instant in (each.since, each.until, each.recorded_at)),
        *(instant for each in lifts for instant in (each.since, each.recorded_at)),
    ]
    ahead = [instant for instant in instants if instant is not None and instant > as_of]
    return LeftOut(kinds, min(ahead, default=None))


def speaks_about(record: LeaveOut, subject_id: str | None, purpose: str, place: Place) -> bool:
    """True when the record is about this person or names none, and covers this purpose and footage, at any time."""
    return (
        record.subject_id in (None, subject_id)
        and (not record.purposes or purpose in record.purposes)
        and fits(record.scope, place, unknown_fits=True)
    )


def holds(record: LeaveOut, as_of: datetime) -> bool:
    """From `since`, or the recording where that is earlier, to just before `until`."""
    return begins(record) <= as_of and (record.until is None or as_of < record.until)


def begins(record: LeaveOut) -> datetime:
    """Since when a record holds: one dated ahead by a wrong clock or zone holds from its recording."""
    return min(record.since, record.recorded_at)


def lifted_by(listed: Iterable[LeaveOut], as_of: datetime) -> frozenset[str]:
    """Ids of the records that others of the list have lifted by `as_of`."""
    every = list(listed)
    records = {each.leave_out_id: each for each in every if each.lifts is None}
    return frozenset(
        lift.lifts
        for lift in every
        if lift.lifts in records and lift.since <= as_of and _ends(lift, records[lift.lifts])
    )


def _ends(lift: LeaveOut, record: LeaveOut) -> bool:
    """A lift is no older than what it lifts, in both times."""
    return lift.since >= begins(record) and lift.recorded_at >= record.recorded_at
