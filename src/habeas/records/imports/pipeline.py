"""Import sources, consents, rosters, leave-outs and occasions: bytes in, model values and set-aside records out.

- Nothing is lost: each line comes out as a record, as a repetition of one (`repeated`), or set aside with a
  reason.
- Nothing is guessed, trimmed or repaired in what allows. A no is read as far as it can be: see `parsing.lenient`.
- Real ids go to the callable `subject_of`, paths to `places`, and nowhere else: no value, detail or error here
  holds one.
- A consent is content-addressed: importing a file again gives the same ids, so that a merge adds nothing.
- Which consents are believed beside what is recorded already: see `plausibility`.
- A roster is taken whole for an asset or not at all: with one line missing, a face could be bound to
  another person on the list.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from habeas.model.errors import BadInput
from habeas.model.people import RosterLine, Source
from habeas.model.purposes import Purposes
from habeas.records.imports.intake import ImportBatch, Imported, Input, remembered, remembering
from habeas.records.imports.leave_out_lists import import_leave_outs
from habeas.records.imports.overlaps import of_older_lists, of_overlaps, older_lists
from habeas.records.imports.real_ids import RealIds, SubjectOf
from habeas.records.imports.remarks import NO_CONTEXT, ImportContext, of_new_name, of_places
from habeas.records.imports.roster_times import of_not_newest
from habeas.records.imports.statements import import_consents
from habeas.records.imports.store import Row
from habeas.records.parsing import occasions as _occasions
from habeas.records.parsing import rosters as _rosters
from habeas.records.parsing import sources as _sources
from habeas.records.parsing.names import NO_NAMES, Names
from habeas.records.parsing.occasions import Occasion
from habeas.records.parsing.scope import Places, SaidScope
from habeas.records.parsing.sources import conflicts_with
from habeas.records.readers.lines import SetAside

__all__ = ["Imported", "Input", "SetAside", "conflicts_with", "import_consents", "import_leave_outs",
           "import_occasions", "import_rosters", "import_sources"]  # fmt: skip


def _nothing_recorded(_: Collection[str]) -> Collection[Row]:
    return ()


def import_sources(
    file: Input, *, purposes: Purposes, recorded_at: datetime, here: Names = NO_NAMES, noes: Names = NO_NAMES
) -> Imported[Source]:
    """Read source registrations. Compare each with what is registered by `conflicts_with` before writing it.

    `here`: the names there are; `noes`: those that a recorded no is about. A new name that looks like one of them is
    reported: the no holds for both (`records.scopes`).

    Raises UsageError when `file` is a path and no readable file.
    """
    intake = ImportBatch()
    parsed, _ = intake.parse(
        file, _sources.COLUMNS, lambda values: _sources.parse(values, purposes, recorded_at)
    )
    detail = "another record of this file claims its id or its folder"
    kept, _ = intake.without(parsed, _sources.conflicting(parsed), "conflicting_sources", detail)
    for number, source in kept:
        intake.remarks += of_new_name(number, "sources", source.source_id, here, noes)
    return intake.done([source for _, source in kept], lambda source: source.source_id)


def import_occasions(
    file: Input, *, recorded_at: datetime, places: Places, here: Names = NO_NAMES, noes: Names = NO_NAMES
) -> Imported[Occasion]:
    """Read which folder belongs to which site, event or lot. `here`, `noes` and what it raises: see import_sources."""
    intake, places = ImportBatch(), remembering(places)
    parsed, _ = intake.parse(file, _occasions.COLUMNS, _occasions.parse)
    named, _ = intake.convert_each(parsed, lambda each: each.occasion(recorded_at, places))
    for number, (occasion, missing) in named:
        intake.remarks += of_new_name(number, f"{occasion.kind}s", occasion.name, here, noes)
        intake.remarks += of_places(number, SaidScope(), [missing] if missing else [], NO_NAMES, is_no=True)
    return intake.done(
        [occasion for _, (occasion, _) in named],
        lambda each: f"{each.source_id}/{each.folder_id}/{each.kind}/{each.name}",
    )


def import_rosters(
    file: Input,
    *,
    recorded_at: datetime,
    subject_of: SubjectOf,
    asset_of: Callable[[str, str], str],
    context: ImportContext = NO_CONTEXT,
    recorded: Callable[[Collection[str]], Collection[Row]] = _nothing_recorded,
) -> Imported[RosterLine]:
    """Read roster lines. A blank subject makes an anonymous placeholder, which never binds and still counts.

    A newer list of an asset replaces older ones (`current_lines`), so one that is dated after `recorded_at`, the time
    of the import, is set aside: it would outrank every correction until then.

    Where a person stands twice in one asset, attested at different times, each time is a list of its own: the older
    ones are recorded as history, hold no more, and are reported once.

    Lines that can never be bound, because they put two people in one place at one time, are kept and reported once.

    `recorded(asset_ids)` gives the stored lines of these assets: a list that one of them outranks is reported.

    `asset_of(source_id, location)` gives the asset id or raises BadInput("roster_asset_missing"); for
    `subject_of` see import_consents. Raises UsageError like import_sources.
    """
    intake, people = ImportBatch(), RealIds(subject_of, context.alike)

    def asset_at(place: tuple[str, str]) -> str:
        return asset_of(place[0], place[1])

    asset = remembered(asset_at)
    parsed, unread = intake.parse(file, _rosters.COLUMNS, lambda values: _rosters.parse(values, recorded_at))
    placed, _ = intake.convert_each(parsed, lambda entry: (asset((entry.source_id, entry.location)), entry))
    named, unnamed = intake.convert_each(
        placed,
        lambda at: (at[0], None if at[1].real_id is None else people.one(at[1].real_id), at[1]),
    )
    listed_at = _rosters.listed_times([each for _, each in named])
    torn = {asset_id for asset_id, _ in unnamed}
    for place in filter(None, map(_rosters.place_hint, unread)):
        try:
            torn.add(asset(place))
        except BadInput:
            continue  # no asset there: every other line about it was set aside for that
    lines = [
        (number, entry.line(asset_id, subject_id, listed_at(asset_id, entry)))
        for number, (asset_id, subject_id, entry) in named
    ]
    whole, _ = intake.without(
        lines,
        {number for number, line in lines if line.asset_id in torn},
        "roster_incomplete",
        "another line of the same asset can't be used, and a roster counts whole or not at all",
    )
    older = older_lists(whole)
    newest = [(number, line) for number, line in whole if number not in older]
    stored = recorded({line.asset_id for _, line in newest})
    intake.remarks += of_older_lists(whole, older)
    intake.remarks += of_not_newest(newest, stored, recorded_at)
    intake.remarks += of_overlaps(newest)
    return intake.done([line for _, line in whole], lambda line: line.line_id)
