"""A list of consent statements: read, checked beside the ledger, and reported where one has no effect."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime

from habeas.model.people import ConsentStatement, ConsentStatus
from habeas.model.purposes import Purposes
from habeas.records.imports import plausibility as _checks
from habeas.records.imports.intake import ImportBatch, Imported, Input, Numbered, remembering
from habeas.records.imports.real_ids import RealIds, SubjectOf
from habeas.records.imports.remarks import NO_CONTEXT, ImportContext, Remark, of_doubts, of_people, of_places
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
    context: ImportContext = NO_CONTEXT,
) -> Imported[ConsentStatement]:
    """Read consent statements; `recorded_at` is the time of the import.

    `subject_of` maps a real id (NFC) to a subject id; it is called once a real id, for usable records alone,
    and may raise BadInput, whose reason the record is then set aside with; all calls happen inside `together`,
    which a key store makes one transaction. `recorded`, asked once, may be slow. `context`: what is recorded, so
    that noes without an effect are reported. Raises UsageError like import_sources.
    """
    intake, places = ImportBatch(), remembering(places)
    people = RealIds(subject_of, context.alike)

    def parse(values: Values) -> ParsedStatement:
        if _noes.status_of(values) is not None:
            return _noes.read(values, purposes, recorded_at, context.names)
        return _consents.parse(values, purposes, recorded_at)

    parsed, unread = intake.parse(
        file,
        _consents.COLUMNS,
        parse,
        _consents.may_refuse,
        lambda values: _noes.status_of(values) is not None,
    )
    with together():
        named, unnamed = intake.convert_each(
            parsed, lambda entry: _stated(entry, people, recorded_at, places), lambda entry: entry.is_no
        )
    ledger = list(recorded(sorted({each.subject_id for _, (_, derived, _) in named for each in derived})))
    named = [
        (number, (entry, _again(entry, derived, ledger), gone)) for number, (entry, derived, gone) in named
    ]
    new = [(number, statement) for number, (_, derived, _) in named for statement in derived]
    kept, _ = intake.without(
        named,
        _checks.conflicting(new, ledger),
        "conflicting_statements",
        "the same person, purpose, time and scope with a refusal or withdrawal, which is kept",
    )
    agreed, _ = intake.without(
        kept,
        _checks.backdated([(number, each) for number, (_, derived, _) in kept for each in derived], ledger),
        "backdated",
        "a consent of long ago, or after a no, counts with the digest of its evidence only",
    )
    refusals_set_aside = sum(entry.is_no for entry in unnamed)
    refusals_set_aside += sum(_consents.may_refuse(values) for values in unread) + intake.refused_whole
    statements = [statement for _, (_, derived, _) in agreed for statement in derived]
    intake.remarks += _hits_nothing(agreed, ledger, context)
    return intake.done(
        [derived[0] for _, (_, derived, _) in agreed],
        lambda statement: statement.consent_id,
        subjects=_people.subjects((derived[0], entry) for _, (entry, derived, _) in agreed),
        refusals_set_aside=refusals_set_aside,
        withdrawn_unasked=_checks.unasked(statements, ledger),
        beside=[statement for _, (_, derived, _) in agreed for statement in derived[1:]],
    )


_Stated = tuple[ParsedStatement, tuple[ConsentStatement, ...], tuple[str, ...]]


def _stated(entry: ParsedStatement, people: RealIds, recorded_at: datetime, places: Places) -> _Stated:
    subjects = people.all(entry.real_id) if entry.is_no else (people.one(entry.real_id),)
    readings = [entry.statements(subject, recorded_at, places) for subject in subjects]
    return entry, tuple(each for one in readings for each in one.statements), readings[0].gone


def _again(
    entry: ParsedStatement, derived: tuple[ConsentStatement, ...], ledger: Collection[ConsentStatement]
) -> tuple[ConsentStatement, ...]:
    """A no without a date that can be read, of a person who said yes since it was recorded, counts as said again.

    The old line can't be distinguished from a new one, and a refusal must not be lost.
    """
    return tuple(_checks.said_again(each, ledger) for each in derived) if entry.undated else derived


def _hits_nothing(
    agreed: Numbered[_Stated], ledger: Collection[ConsentStatement], context: ImportContext
) -> list[Remark]:
    """What was not understood of the records that are kept, and what they name that isn't here."""
    remarks: list[Remark] = []
    given = {each.subject_id for each in ledger if each.status is ConsentStatus.GIVEN}
    given |= {derived[0].subject_id for _, (entry, derived, _) in agreed if not entry.is_no}
    noes = {derived[0].subject_id for _, (entry, derived, _) in agreed if entry.is_no}
    here = None if context.listed is None else given | set(context.listed(sorted(noes - given)))
    for number, (entry, derived, gone) in agreed:
        remarks += of_doubts(number, entry.doubts)
        remarks += of_places(number, entry.scope, gone, context.names, is_no=entry.is_no)
        others = {each.subject_id for each in derived} - {derived[0].subject_id}
        if entry.is_no and (others or (here is not None and derived[0].subject_id not in here)):
            remarks.append(of_people(number, others))
    return remarks
