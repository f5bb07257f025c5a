"""A leave-out list: who and what is never to be processed. Each of its lines is a refusal."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from habeas.model.ids import new_id
from habeas.model.people import LeaveOut
from habeas.model.purposes import Purposes
from habeas.records.imports.intake import ImportBatch, Imported, Input, remembering
from habeas.records.imports.real_ids import RealIds, SubjectOf
from habeas.records.imports.remarks import NO_CONTEXT, ImportContext, of_doubts, of_people, of_places
from habeas.records.parsing import leave_outs as _leave_outs
from habeas.records.parsing.leave_outs import Listed
from habeas.records.parsing.scope import NOWHERE, Places


def import_leave_outs(
    file: Input,
    *,
    purposes: Purposes,
    recorded_at: datetime,
    subject_of: SubjectOf,
    places: Places = NOWHERE,
    recorded: Collection[LeaveOut] = (),
    context: ImportContext = NO_CONTEXT,
) -> Imported[LeaveOut]:
    """Read a leave-out list. `recorded`: the records there are, which a line may lift; `context`: see import_consents.

    Every line set aside counts in `refusals_set_aside`: each is a refusal. Raises UsageError like
    import_sources.
    """
    intake, places = ImportBatch(), remembering(places)
    people = RealIds(subject_of, context.alike)
    parsed, _ = intake.parse(
        file,
        _leave_outs.COLUMNS,
        lambda values: _leave_outs.parse(values, purposes, recorded_at, context.names),
        lambda _: True,
        _leave_outs.is_no,
    )
    detail = "lifts: no record here has that id"
    ids, lifted = {each.leave_out_id for each in recorded}, {each.lifts for each in recorded}
    missing = {number for number, each in parsed if each.lifts is not None and each.lifts not in ids}
    parsed, _ = intake.without(parsed, missing, "unknown_leave_out", detail)

    def convert(line: Listed) -> tuple[Listed, tuple[LeaveOut, ...], tuple[str, ...]]:
        subjects: tuple[str | None, ...] = (None,) if line.real_id is None else people.all(line.real_id)
        made = [line.records(subject, recorded_at, places) for subject in subjects]
        records = tuple(record for line_records, _ in made for record in line_records)
        if line.undated:  # left out, lifted and left out once more: the old line looks like a new one
            records = tuple(
                replace(one, leave_out_id=new_id("leave-out again", one.leave_out_id, recorded_at))
                if one.leave_out_id in lifted else one for one in records
            )  # fmt: skip
        return line, records, made[0][1]

    named, _ = intake.convert_each(parsed, convert, lambda _: True)
    subjects = {records[0].subject_id for _, (_, records, _) in named if records[0].subject_id is not None}
    here = None if context.listed is None else context.listed(sorted(subjects))
    for number, (listed, records, gone) in named:
        intake.remarks += of_doubts(number, listed.doubts)
        intake.remarks += of_places(number, listed.scope, gone, context.names, is_no=listed.lifts is None)
        first, others = records[0].subject_id, {each.subject_id for each in records} - {records[0].subject_id}
        if first is not None and (others or (here is not None and first not in here)):
            intake.remarks.append(of_people(number, {each for each in others if each is not None}))
    return intake.done(
        [records[0] for _, (_, records, _) in named],
        lambda record: record.leave_out_id,
        refusals_set_aside=intake.out,
        beside=[record for _, (_, records, _) in named for record in records[1:]],
    )
