"""Which statements an import believes beside what is recorded already, and which it sets aside.

The rule behind the rules: **a no is kept wherever it can be read; a yes must be beyond doubt.** A no can only close.
So these concern a consent (`given`) alone:

- *Conflicting*: a person says yes and no about one purpose, one instant and one scope, in the file or beside the
  ledger. The yes is set aside and the no is kept: of two statements at one instant the more restrictive holds.
- *Backdated*, old: it is recorded more than a year after it says it was given, and names no evidence. A consent
  that can't be shown is none; a scan of the form has a digest.
- *Backdated*, reopening: it says it was given after a refusal or withdrawal of the same person and purpose, is
  recorded more than a week after that, and names no evidence. That is how another person would open what a person
  closed. A consent dated *before* the no is plain history, and the no speaks, whichever was recorded first. One dated
  after the no speaks only where it is not recorded before it either: see `records.consent_ledger`.

What is impossible by itself (it ends before it is given, is dated after its import, is a guardian's for an adult) never
gets this far: `parsing.consents.parse` refuses it. A withdrawal of a consent that isn't recorded here is kept and
counted: either the file with the consent comes later, or the id is misspelt.

A statement that is recorded already is not judged again, so that importing a file again changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from habeas.model.ids import new_id
from habeas.model.people import ConsentStatement, ConsentStatus
from habeas.records.consent_ledger import begins
from habeas.records.scopes import contains

OLD = timedelta(days=366)
"""After so long a consent counts with its evidence only."""
REOPENING = timedelta(days=7)
"""After so long a consent that follows a no counts with its evidence only."""

Numbered = Collection[tuple[int, ConsentStatement]]


def conflicting(new: Numbered, recorded: Iterable[ConsentStatement]) -> set[int]:
    """Line numbers of the consents that a no contradicts."""
    ledger = list(recorded)
    against = {_instant(each) for each in (*ledger, *_plain(new)) if not _yes(each)}
    return {number for number, each in _unknown(new, ledger) if _yes(each) and _instant(each) in against}


def backdated(new: Numbered, recorded: Iterable[ConsentStatement]) -> set[int]:
    """Line numbers of the consents whose time can't be checked."""
    ledger = list(recorded)
    first_no: dict[tuple[str, str], datetime] = {}
    for each in (*ledger, *_plain(new)):
        if not _yes(each):
            first_no[_pair(each)] = min(begins(each), first_no.get(_pair(each), begins(each)))
    numbers = set()
    for number, each in _unknown(new, ledger):
        if _yes(each) and not each.evidence_digest:
            age = each.recorded_at - each.given_at
            reopens = first_no.get(_pair(each), each.given_at) < each.given_at
            if age > OLD or (reopens and age > REOPENING):
                numbers.add(number)
    return numbers


def unasked(new: Iterable[ConsentStatement], recorded: Iterable[ConsentStatement]) -> int:
    """Number of withdrawals of consents that aren't recorded."""
    listed = list(new)
    given = {_pair(each) for each in (*listed, *recorded) if _yes(each)}
    taken_back = [each for each in listed if each.status is ConsentStatus.WITHDRAWN]
    return len({each.consent_id for each in taken_back if _pair(each) not in given})


def said_again(no: ConsentStatement, recorded: Collection[ConsentStatement]) -> ConsentStatement:
    """A no that is recorded already, as a new one where the same person said yes since then.

    For a no without a date that can be read: it is unclear whether it came before that yes or after it. Another
    no since then answers for it only where it is about all of the same footage.
    """
    if no.consent_id not in {each.consent_id for each in recorded}:
        return no
    about = [each for each in recorded if _pair(each) == _pair(no)]
    last_yes = max((each.recorded_at for each in about if _yes(each)), default=None)
    last_no = max(each.recorded_at for each in about if not _yes(each) and contains(each.scope, no.scope))
    if last_yes is None or last_yes < last_no:
        return no
    return replace(no, consent_id=new_id("consent again", no.consent_id, no.recorded_at))


def recorded_last(
    noes: Iterable[ConsentStatement], recorded: Collection[ConsentStatement]
) -> list[ConsentStatement]:
    """The noes that another clock, ahead of this one, recorded a consent after: once more, just after that consent.

    Beside the no itself, which counts from its own recording: so it holds now, and when that consent counts.
    """
    repeats = []
    for no in noes:
        last = max(
            (each.recorded_at for each in recorded if _yes(each) and _pair(each) == _pair(no)), default=None
        )
        if last is not None and last > no.recorded_at:
            after = last + timedelta(microseconds=1)
            repeats.append(
                replace(no, consent_id=new_id("consent again", no.consent_id, after), recorded_at=after)
            )
    return repeats


def _plain(new: Numbered) -> list[ConsentStatement]:
    return [each for _, each in new]


def _unknown(new: Numbered, ledger: list[ConsentStatement]) -> list[tuple[int, ConsentStatement]]:
    recorded = {each.consent_id for each in ledger}
    return [(number, each) for number, each in new if each.consent_id not in recorded]


def _yes(statement: ConsentStatement) -> bool:
    return statement.status is ConsentStatus.GIVEN


def _pair(statement: ConsentStatement) -> tuple[str, str]:
    return statement.subject_id, statement.purpose


def _instant(statement: ConsentStatement) -> tuple[object, ...]:
    return statement.subject_id, statement.purpose, statement.given_at, statement.scope
