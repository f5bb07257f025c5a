"""Import sources, consents, rosters, leave-outs and occasions: bytes in, model values and set-aside records out.

- Nothing is lost: each line comes out as a record, as a repetition of one (`repeated`), or set aside with a
  reason.
- Nothing is guessed, trimmed or repaired.
- Real ids go to the callable `subject_of`, paths to `places`, and nowhere else: no value, detail or error here
  holds one.
- A consent is content-addressed: importing a file again gives the same ids, so that a merge adds nothing.
- Which consents are believed beside what is recorded already: see `import_checks`.
- A roster is taken whole for an asset or not at all: with one line missing, a face could be bound to
  somebody else on the list.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime

from habeas.errors import BadInput
from habeas.model.people import ConsentStatement, ConsentStatus, LeaveOut, RosterLine, Source
from habeas.policy.purposes import Purposes
from habeas.steps import import_checks as _checks
from habeas.steps import import_consents as _consents
from habeas.steps import import_leave_outs as _leave_outs
from habeas.steps import import_occasions as _occasions
from habeas.steps import import_people as _people
from habeas.steps import import_rosters as _rosters
from habeas.steps import import_sources as _sources
from habeas.steps.import_lines import SetAside
from habeas.steps.import_occasions import Occasion
from habeas.steps.import_scope import NOWHERE, Places
from habeas.steps.import_sources import conflicts_with
from habeas.steps.intake import Imported, Input, Intake, remembered

__all__ = ["Imported", "Input", "SetAside", "conflicts_with", "import_consents", "import_leave_outs",
           "import_occasions", "import_rosters", "import_sources"]  # fmt: skip

SubjectOf = Callable[[str], str]
Together = Callable[[], AbstractContextManager[None]]
Recorded = Callable[[Collection[str]], Iterable[ConsentStatement]]
"""What is recorded about these people (subject ids) already."""


def _nothing(_: Collection[str]) -> Iterable[ConsentStatement]:
    return ()


def import_sources(file: Input, *, purposes: Purposes, recorded_at: datetime) -> Imported[Source]:
    """Read source registrations. Compare each with what is registered by `conflicts_with` before writing it.

    Raises UsageError when `file` is a path and no readable file.
    """
    intake = Intake()
    parsed, _ = intake.parse(
        file, _sources.COLUMNS, lambda values: _sources.parse(values, purposes, recorded_at)
    )
    detail = "another record of this file claims its id or its folder"
    kept, _ = intake.without(parsed, _sources.conflicting(parsed), "conflicting_sources", detail)
    return intake.done([source for _, source in kept], lambda source: source.source_id)


def import_consents(
    file: Input,
    *,
    purposes: Purposes,
    recorded_at: datetime,
    subject_of: SubjectOf,
    places: Places = NOWHERE,
    recorded: Recorded = _nothing,
    together: Together = nullcontext,
) -> Imported[ConsentStatement]:
    """Read consent statements; `recorded_at` is the time of the import.

    `subject_of` maps a real id (NFC) to a subject id; it is called once a real id, for usable records alone,
    and may raise BadInput, whose reason the record is then set aside with; all calls happen inside `together`,
    which a key store makes one transaction. `recorded`, asked once, may be slow. Raises UsageError like
    import_sources.
    """
    intake, known, places = Intake(), remembered(subject_of), _remembering(places)
    parsed, unread = intake.parse(
        file, _consents.COLUMNS, lambda values: _consents.parse(values, purposes, recorded_at)
    )
    with together():
        named, unnamed = intake.each(
            parsed, lambda said: (said, said.statement(known(said.real_id), recorded_at, places))
        )
    ledger = list(recorded(sorted({statement.subject_id for _, (_, statement) in named})))
    new = [(number, statement) for number, (_, statement) in named]
    agreed, _ = intake.without(
        named,
        _checks.conflicting(new, ledger),
        "conflicting_statements",
        "the same person, purpose, time and scope with a refusal or withdrawal, which is kept",
    )
    agreed, _ = intake.without(
        agreed,
        _checks.backdated([(number, statement) for number, (_, statement) in agreed], ledger),
        "backdated",
        "a consent of long ago, or after a no, counts with the digest of its evidence only",
    )
    not_heard = sum(said.status is not ConsentStatus.GIVEN for said in unnamed)
    not_heard += sum(_consents.may_refuse(values) for values in unread) + intake.refused_whole
    statements = [statement for _, (_, statement) in agreed]
    return intake.done(
        statements,
        lambda statement: statement.consent_id,
        subjects=_people.subjects((statement.subject_id, said) for _, (said, statement) in agreed),
        refusals_set_aside=not_heard,
        withdrawn_unasked=_checks.unasked(statements, ledger),
    )


def import_leave_outs(
    file: Input,
    *,
    purposes: Purposes,
    recorded_at: datetime,
    subject_of: SubjectOf,
    places: Places = NOWHERE,
    known: Collection[str] = (),
) -> Imported[LeaveOut]:
    """Read a leave-out list. `known`: ids of the records there are, which a line may lift.

    Every line set aside counts in `refusals_set_aside`: each is somebody's no. Raises UsageError like
    import_sources.
    """
    intake, person, places = Intake(), remembered(subject_of), _remembering(places)
    parsed, _ = intake.parse(file, _leave_outs.COLUMNS, lambda values: _leave_outs.parse(values, purposes))
    detail = "lifts: no record here has that id"
    missing = {number for number, each in parsed if each.lifts is not None and each.lifts not in known}
    parsed, _ = intake.without(parsed, missing, "unknown_leave_out", detail)
    named, _ = intake.each(
        parsed,
        lambda each: each.record(None if each.real_id is None else person(each.real_id), recorded_at, places),
    )
    return intake.done(
        [record for _, record in named],
        lambda record: record.leave_out_id,
        refusals_set_aside=intake.out,
    )


def import_occasions(file: Input, *, recorded_at: datetime, places: Places) -> Imported[Occasion]:
    """Read which folder belongs to which site, event or lot. Raises UsageError like import_sources."""
    intake, places = Intake(), _remembering(places)
    parsed, _ = intake.parse(file, _occasions.COLUMNS, _occasions.parse)
    named, _ = intake.each(parsed, lambda each: each.occasion(recorded_at, places))
    return intake.done(
        [occasion for _, occasion in named],
        lambda each: f"{each.source_id}/{each.folder_id}/{each.kind}/{each.name}",
    )


def import_rosters(
    file: Input, *, subject_of: SubjectOf, asset_of: Callable[[str, str], str]
) -> Imported[RosterLine]:
    """Read roster lines. A blank subject makes an anonymous placeholder, which never binds and still counts.

    `asset_of(source_id, location)` gives the asset id or raises BadInput("roster_asset_missing"); for
    `subject_of` see import_consents. Raises UsageError like import_sources.
    """
    intake, person = Intake(), remembered(subject_of)

    def asset_at(place: tuple[str, str]) -> str:
        return asset_of(place[0], place[1])

    asset = remembered(asset_at)
    parsed, unread = intake.parse(file, _rosters.COLUMNS, _rosters.parse)
    placed, _ = intake.each(parsed, lambda entry: (asset((entry.source_id, entry.location)), entry))
    named, unnamed = intake.each(
        placed, lambda at: at[1].line(at[0], None if at[1].real_id is None else person(at[1].real_id))
    )
    torn = {asset_id for asset_id, _ in unnamed}
    for place in filter(None, map(_rosters.place_hint, unread)):
        try:
            torn.add(asset(place))
        except BadInput:
            continue  # no asset there: every other line about it was set aside for that
    whole, _ = intake.without(
        named,
        {number for number, line in named if line.asset_id in torn},
        "roster_incomplete",
        "another line of the same asset can't be used, and a roster counts whole or not at all",
    )
    return intake.done([line for _, line in whole], lambda line: line.line_id)


def _remembering(places: Places) -> Places:
    """Each path is looked up once."""

    def folder_at(at: tuple[str, str]) -> str:
        return places.folder(at[0], at[1])

    def asset_at(at: tuple[str, str]) -> str:
        return places.asset(at[0], at[1])

    folder, asset = remembered(folder_at), remembered(asset_at)
    return Places(lambda source, path: folder((source, path)), lambda source, path: asset((source, path)))
