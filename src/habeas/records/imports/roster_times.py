"""When the lines of a list count as recorded, and whether the list became the newest of its files."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict
from datetime import datetime

from habeas.model.people import RosterLine
from habeas.records.imports.overlaps import count_of_files, numbers_shown
from habeas.records.imports.remarks import Remark
from habeas.records.imports.store import Row
from habeas.warehouse.current.current_lines import replaced


def recorded_at(line: RosterLine, now: datetime) -> datetime:
    """The time of the import, and no earlier than that of the list.

    A list counts as no newer than its recording. By a clock that is some minutes behind, a corrected list would be
    recorded before the wrong one was attested, and lose. A list dated further ahead than clocks differ is never taken.
    """
    return max(now, line.listed_at or line.attested_at)


def of_not_newest(
    lines: Collection[tuple[int, RosterLine]], stored: Iterable[Row], now: datetime
) -> list[Remark]:
    """One remark for lines that are recorded and don't hold, since a list that is there was attested later.

    `stored`: the rows there are about the same assets.
    """
    rows = {str(row["line_id"]): row for row in stored}
    new = {line.line_id: asdict(line) | {"recorded_at": recorded_at(line, now)} for _, line in lines}
    gone = replaced((new | rows).values())
    numbers = sorted(number for number, line in lines if line.line_id in gone)
    if not numbers:
        return []
    files = count_of_files({line.asset_id for _, line in lines if line.line_id in gone})
    detail = (
        f"{len(numbers)} lines of {files} don't hold: a list of the same file that is recorded already was attested "
        f"later (lines {numbers_shown(numbers)}). If this is the corrected list, write a later attested_at and import "
        "it again"
    )
    return [Remark(numbers[0], "not_the_newest_list", detail, is_no=False)]
