"""One person and what they said, held ready to be asked about many files."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from habeas.model.jurisdictions import laws_of_all
from habeas.model.people import ConsentStatement, LeaveOut, Place, Subject
from habeas.policy.derivation.source_terms import SourceTerms
from habeas.records.consent_ledger import Standing, standing

_KEPT = 1_000
_STRENGTHS = ("explicit", "separate", "written", "guardian")


class PersonRecord:
    """One person: who they are and what they said. Made once a run, asked about many files."""

    def __init__(
        self,
        subject_id: str,
        subject: Subject | None = None,
        statements: Iterable[ConsentStatement] = (),
        leave_outs: Iterable[LeaveOut] = (),
    ) -> None:
        """`leave_outs`: the person's own and the records that lift them."""
        self.subject_id, self.subject = subject_id, subject
        self.laws = laws_of_all((subject.jurisdictions or None) if subject else None)
        self.leave_outs = tuple(leave_outs)
        self._statements: dict[str, list[ConsentStatement]] = {}
        for each in statements:
            if each.subject_id == subject_id:
                self._statements.setdefault(each.purpose, []).append(each)
        self._scoped = any(
            not each.scope.everywhere for recorded in self._statements.values() for each in recorded
        )
        self._standings: dict[object, tuple[Standing, bool | None]] = {}
        self._now: dict[object, Standing] = {}

    def stands(self, terms: SourceTerms, place: Place) -> tuple[Standing, bool | None]:
        """Where their consent stands for this footage, and whether it was given before the footage was taken."""
        key = (terms.purpose, terms.as_of, terms.known_at, place if self._scoped else place.captured_at)
        if key not in self._standings:
            statements = self._statements.get(terms.purpose, [])
            now = self._stands_now(statements, terms, place)
            self._standings = {} if len(self._standings) > _KEPT else self._standings
            self._standings[key] = now, self._before_capture(statements, now, terms, place)
        return self._standings[key]

    def _stands_now(self, statements: list[ConsentStatement], terms: SourceTerms, place: Place) -> Standing:
        """Of a person who named no footage, the same for all of it: only what came before depends on the file."""
        key = (terms.purpose, terms.as_of, terms.known_at)
        if self._scoped or key not in self._now:
            now = standing(statements, self.subject_id, terms.purpose, place, terms.as_of, terms.known_at)
            if self._scoped:
                return now
            self._now[key] = now
        return self._now[key]

    def _before_capture(
        self, statements: list[ConsentStatement], now: Standing, terms: SourceTerms, place: Place
    ) -> bool | None:
        """What stood when the footage was taken was a consent, and it said no less than what stands now.

        Recorded later, it counts with its evidence only: else the recorder of a release could date it back.
        """
        if now.statement is None or place.captured_at is None:
            return None
        if now.status == "given" and now.statement.given_at < place.captured_at:
            return _shown(now.statement, place.captured_at)
        just_before = place.captured_at - timedelta(microseconds=1)
        then = standing(statements, self.subject_id, terms.purpose, place, just_before, terms.known_at)
        if then.status != "given" or then.statement is None or then.in_scope is not True:
            return False
        if not _shown(then.statement, place.captured_at):
            return False
        both = ((getattr(then.statement, name), getattr(now.statement, name)) for name in _STRENGTHS)
        return all(before or not after for before, after in both)


def _shown(statement: ConsentStatement, captured_at: datetime) -> bool:
    return statement.recorded_at < captured_at or bool(statement.evidence_digest)
