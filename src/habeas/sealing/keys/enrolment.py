"""Who holds a key: a consent gets one, a no closes it. Nothing here opens a row.

A key belongs to a person and a purpose, whatever the scope of what they said. So a withdrawal for one event closes
the whole key, and where consent to other footage still stands, a new one is made: what was sealed before stays shut,
and the runs that follow seal again what is still allowed.

The order matters and is the caller's: close, then record what was said, then enrol. A run that starts in between
finds the old key closed and no new one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from habeas.model.people import ConsentStatement, ConsentStatus, LeaveOut, LeaveOutKind
from habeas.records.consent_ledger import beats
from habeas.records.leave_outs import lifted_by
from habeas.records.scopes import contains
from habeas.sealing.keyrecords import KeyRecord

Pair = tuple[str, str]
"""(subject_id, purpose)"""

_WHY = {
    LeaveOutKind.LEAVE_OUT: "left_out",
    LeaveOutKind.OBJECTION: "objected",
    LeaveOutKind.RESTRICTION: "restricted",
}


class EnrolmentStore(Protocol):
    """The registrar's key store, as enrolment needs it."""

    def records(self, subject_ids: Sequence[str] | None = None) -> list[KeyRecord]:
        """Key records of these subjects, or of all."""

    def enrol_many(self, pairs: Iterable[Pair], now: datetime) -> dict[Pair, KeyRecord]:
        """Open key of each (subject, purpose), made where none is open. Raises UsageError, IntegrityError,
        Unavailable.
        """

    def close_many(self, pairs: Iterable[Pair], now: datetime, reason: str) -> list[str]:
        """Close the open keys of these (subject, purpose) pairs. Returns the ids of the keys closed."""


def close_ended(
    statements: Iterable[ConsentStatement],
    store: EnrolmentStore,
    now: datetime,
    leave_outs: Iterable[LeaveOut] = (),
    fresh: Collection[str] = frozenset(),
) -> list[str]:
    """Close the key of each pair that a no speaks against; key_ids of what was open.

    Hand in the whole history of a pair, or at least what is new. A no that was known before the key was made is
    answered by that key already, as long as some consent still stands. `fresh`: ids of what isn't written yet; a no
    among them closes the key whenever that was made, since the clock that dated the key may be ahead of this one.
    """
    history, listed = _history(statements), in_force(leave_outs, now)
    made = {
        (record.subject_id, record.purpose): record.created_at
        for record in store.records(sorted({subject for subject, _ in history}))
    }
    closing = {
        pair
        for pair, past in history.items()
        if pair in made and (not _stands(pair, past, listed) or _newly_refused(past, made[pair], fresh))
    }
    return store.close_many(sorted(closing), now, "consent_ended")


def close_left_out(
    leave_outs: Iterable[LeaveOut],
    store: EnrolmentStore,
    now: datetime,
    fresh: Collection[str] = frozenset(),
) -> list[str]:
    """Close every key of the people a list leaves out, for the purposes it names; key_ids of what was open.

    A record about some footage alone was known when the key was made, or closes it; one among `fresh` closes it.
    """
    live = [each for each in in_force(leave_outs, now) if each.subject_id is not None]
    records = store.records(sorted({str(each.subject_id) for each in live}))
    closed: list[str] = []
    for kind in LeaveOutKind:
        of_kind = [each for each in live if each.kind is kind]
        pairs = {
            (key.subject_id, key.purpose)
            for key in records
            for each in of_kind
            if _about(each, (key.subject_id, key.purpose))
            and (
                each.scope.everywhere
                or each.leave_out_id in fresh
                or _since(each.recorded_at, key.created_at)
            )
        }
        closed += store.close_many(sorted(pairs), now, _WHY[kind])
    return closed


def enrol_standing(
    statements: Iterable[ConsentStatement],
    store: EnrolmentStore,
    now: datetime,
    leave_outs: Iterable[LeaveOut] = (),
) -> list[KeyRecord]:
    """An open key for each pair with a consent that nothing speaks against wholly; their records, by key_id.

    Hand in the whole history of a pair. A consent counts where it beats every no about it
    (`records.consent_ledger.beats`): given later and not recorded before it.
    """
    history, listed = _history(statements), in_force(leave_outs, now)
    standing = {pair for pair, past in history.items() if _stands(pair, past, listed)}
    enrolled = store.enrol_many(sorted(standing), now)
    return sorted(enrolled.values(), key=lambda record: record.key_id)


def in_force(leave_outs: Iterable[LeaveOut], now: datetime) -> list[LeaveOut]:
    """Records that hold or will hold, and that nothing has lifted by now."""
    listed = list(leave_outs)
    lifted = lifted_by(listed, now)
    return [
        each
        for each in listed
        if each.lifts is None and each.leave_out_id not in lifted and (each.until is None or now < each.until)
    ]


def _history(statements: Iterable[ConsentStatement]) -> dict[Pair, list[ConsentStatement]]:
    history: dict[Pair, list[ConsentStatement]] = defaultdict(list)
    for each in statements:
        history[each.subject_id, each.purpose].append(each)
    return history


def _stands(pair: Pair, past: Sequence[ConsentStatement], leave_outs: Sequence[LeaveOut]) -> bool:
    """True when a consent of the pair is not covered wholly by a no that it doesn't beat, or by a leave-out."""
    noes = [each for each in past if each.status is not ConsentStatus.GIVEN]
    out = [each for each in leave_outs if _about(each, pair)]
    return any(
        not any(not beats(yes, no) and contains(no.scope, yes.scope) for no in noes)
        and not any(contains(each.scope, yes.scope) for each in out)
        for yes in past
        if yes.status is ConsentStatus.GIVEN
    )


def _newly_refused(
    past: Sequence[ConsentStatement], key_made_at: datetime | None, fresh: Collection[str]
) -> bool:
    noes = [each for each in past if each.status is not ConsentStatus.GIVEN]
    return any(each.consent_id in fresh or _since(each.recorded_at, key_made_at) for each in noes)


def _since(recorded_at: datetime, key_made_at: datetime | None) -> bool:
    """True if it was recorded after the key was made, or if that time is unknown."""
    return key_made_at is None or recorded_at > key_made_at


def _about(record: LeaveOut, pair: Pair) -> bool:
    return record.subject_id == pair[0] and (not record.purposes or pair[1] in record.purposes)
