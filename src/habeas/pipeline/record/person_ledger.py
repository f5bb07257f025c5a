"""Keys and stored rows follow what was just written about people.

Two imports may run at once, one with a yes and one with a no that the first has not read. Each writes first and reads
again afterwards, so whichever is later sees the other: no key stays open against a no, and no row under such a key.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, fields
from datetime import datetime

from habeas.erasure.close_rows import close_rows, together
from habeas.model.people import ConsentStatement, LeaveOut
from habeas.records.imports.intake import Closed
from habeas.records.imports.store import Store
from habeas.sealing.keyrecords import KeyRecord
from habeas.sealing.keys.enrolment import EnrolmentStore, close_ended, close_left_out, enrol_standing


@dataclass(frozen=True, slots=True)
class PersonLedger:
    """What the ledger holds about some people: their statements, their leave-outs and every lift."""

    statements: list[ConsentStatement]
    leave_outs: list[LeaveOut]

    def close(
        self, registrar: EnrolmentStore, now: datetime, fresh: Collection[str] = frozenset()
    ) -> list[str]:
        """Close every key that something speaks against; key_ids of what was open. `fresh`: see `close_ended`."""
        at = self._at(now)
        closed = close_ended(self.statements, registrar, at, self.leave_outs, fresh)
        return closed + close_left_out(self.leave_outs, registrar, at)

    def enrol(self, registrar: EnrolmentStore, now: datetime) -> list[KeyRecord]:
        """The keys of all that nothing speaks against wholly."""
        return enrol_standing(self.statements, registrar, self._at(now), self.leave_outs)

    def _at(self, now: datetime) -> datetime:
        """A key is no older than the statement it was made for, even if a clock is ahead."""
        times = [each.recorded_at for each in self.statements] + [
            each.recorded_at for each in self.leave_outs
        ]
        return max([now, *times])


def follow(
    store: Store,
    registrar: EnrolmentStore,
    ledger: PersonLedger,
    again: Callable[[], PersonLedger],
    closed: Collection[str],
    run_id: str,
    now: datetime,
) -> Closed:
    """Shut the rows of closed keys, then make keys for what still stands; what was closed.

    Call it when all of it is written. `again` reads the ledger once more. It ends when no refusal was written
    meanwhile.
    """
    done = Closed()
    while True:
        done = together(done, close_rows(store, frozenset(closed), run_id, now))
        if keys := ledger.enrol(registrar, now):
            store.insert_rows("keys", [{f.name: getattr(key, f.name) for f in fields(key)} for key in keys])
        ledger = again()
        closed = ledger.close(registrar, now)
        if not closed:
            return done
