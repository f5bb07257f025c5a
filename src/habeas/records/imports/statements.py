"""A list of consent statements: what people said, read, checked beside the ledger, and told where it hits nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime

from habeas.model.people import ConsentStatement, ConsentStatus
from habeas.model.purposes import Purposes
from habeas.records.imports import plausibility as _checks
from habeas.records.imports.intake import ImportBatch, Imported, Input, Numbered, remembering
from habeas.records.imports.real_ids import RealIds, SubjectOf
from habeas.records.imports.remarks import NOTHING_KNOWN, Known, Remark, of_doubts, of_people, of_places
from habeas.records.parsing import consents as _consents
from habeas.records.parsing import people as _people
from habeas.records.parsing import refusals as _noes
from habeas.records.parsing.consents import ParsedStatement
from habeas.records.parsing.scope import NOWHERE, Places
from habeas.records.readers.lines import Values

Together = Callable[[], AbstractContextManager[None]]
Recorded = Callable[[Collection[str]], Iterable[ConsentStatement]]
"""What is recorded about these people (subject ids) already."""


def _nothing(_: Collection[str]) -> Iterable[ConsentStatement]:
    return ()


def import_consents(
    file: Input,
    *,
    purposes: Purposes,
    recorded_at: datetime,
    subject_of: SubjectOf,
    places: Places = NOWHERE,
    recorded: Recorded = _nothing,
    together: Together = nullcontext,
    known: Known = NOTHING_KNOWN,
) -> Imported[ConsentStatement]:
    """Read consent statements; `recorded_at` is the time of the import.

    `subject_of` maps a real id (NFC) to a subject id; it is called once a real id, for usable records alone,
    and may raise BadInput, whose reason the record is then set aside with; all calls happen inside `together`,
    which a key store makes one transaction. `recorded`, asked once, may be slow. `known`: what there is, to tell which
    noes hit nothing. Raises UsageError like import_sources.
    """
    intake, places = ImportBatch(), remembering(places)
    people = RealIds(subject_of, known.alike)

    def parse(values: Values) -> ParsedStatement:
        if _noes.status_of(values) is not None:
            return _noes.read(values, purposes, recorded_at, known.names)
        return _consents.parse(values, purposes, recorded_at)

    parsed, unread = intake.parse(
        file,
        _consents.COLUMNS,
        parse,
        _consents.may_refuse,
        lambda values: _noes.status_of(values) is not None,
    )
    with together():
        named, unnamed = intake.each(
            parsed, lambda said: _stated(said, people, recorded_at, places), lambda said: said.is_no
        )
    ledger = list(recorded(sorted({each.subject_id for _, (_, told, _) in named for each in told})))
    named = [(number, (said, _again(said, told, ledger), gone)) for number, (said, told, gone) in named]
    new = [(number, statement) for number, (_, told, _) in named for statement in told]
    kept, _ = intake.without(
        named,
        _checks.conflicting(new, ledger),
        "conflicting_statements",
        "the same person, purpose, time and scope with a refusal or withdrawal, which is kept",
    )
    agreed, _ = intake.without(
        kept,
        _checks.backdated([(number, each) for number, (_, told, _) in kept for each in told], ledger),
        "backdated",
        "a consent of long ago, or after a no, counts with the digest of its evidence only",
    )
    not_heard = sum(said.is_no for said in unnamed)
    not_heard += sum(_consents.may_refuse(values) for values in unread) + intake.refused_whole
    statements = [statement for _, (_, told, _) in agreed for statement in told]
    intake.remarks += _hits_nothing(agreed, ledger, known)
    return intake.done(
        [told[0] for _, (_, told, _) in agreed],
        lambda statement: statement.consent_id,
        subjects=_people.subjects((told[0], said) for _, (said, told, _) in agreed),
        refusals_set_aside=not_heard,
        withdrawn_unasked=_checks.unasked(statements, ledger),
        beside=[statement for _, (_, told, _) in agreed for statement in told[1:]],
    )


_Stated = tuple[ParsedStatement, tuple[ConsentStatement, ...], tuple[str, ...]]


def _stated(said: ParsedStatement, people: RealIds, recorded_at: datetime, places: Places) -> _Stated:
    subjects = people.all(said.real_id) if said.is_no else (people.one(said.real_id),)
    found = [said.statements(subject, recorded_at, places) for subject in subjects]
    return said, tuple(each for one in found for each in one.statements), found[0].gone


def _again(
    said: ParsedStatement, told: tuple[ConsentStatement, ...], ledger: Collection[ConsentStatement]
) -> tuple[ConsentStatement, ...]:
    """A no without a date that can be read, of a person who said yes since it was recorded, counts as said again.

    The old line can't be told from a new one, and a refusal must not be lost.
    """
    return tuple(_checks.said_again(each, ledger) for each in told) if said.undated else told


def _hits_nothing(
    agreed: Numbered[_Stated], ledger: Collection[ConsentStatement], known: Known
) -> list[Remark]:
    """What was not understood of the records that are kept, and what they name that isn't here."""
    found: list[Remark] = []
    given = {each.subject_id for each in ledger if each.status is ConsentStatus.GIVEN}
    given |= {told[0].subject_id for _, (said, told, _) in agreed if not said.is_no}
    noes = {told[0].subject_id for _, (said, told, _) in agreed if said.is_no}
    here = None if known.listed is None else given | set(known.listed(sorted(noes - given)))
    for number, (said, told, gone) in agreed:
        found += of_doubts(number, said.doubts)
        found += of_places(number, said.scope, gone, known.names, is_no=said.is_no)
        others = {each.subject_id for each in told} - {told[0].subject_id}
        if said.is_no and (others or (here is not None and told[0].subject_id not in here)):
            found.append(of_people(number, others))
    return found
