"""Roster lines that can never be bound or no longer hold, reported at import, while their author can mend them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from itertools import combinations

from habeas.model.lines import Line
from habeas.model.people import RosterLine
from habeas.records.imports.remarks import Remark
from habeas.records.line_scopes import is_caption, scopes_meet

_SHOWN = 10


def of_overlaps(lines: Collection[tuple[int, RosterLine]]) -> list[Remark]:
    """One remark for the whole list: lines of two people that are about one place at one time."""
    by_asset: dict[str, list[tuple[int, Line]]] = defaultdict(list)
    for number, line in lines:
        by_asset[line.asset_id].append((number, _as_planned(line)))
    met: dict[str, set[int]] = {}
    for asset_id, listed in by_asset.items():
        meeting = set() if is_caption([line for _, line in listed]) else _meeting(listed)
        if meeting:
            met[asset_id] = meeting
    numbers = sorted(set().union(*met.values()))
    if not numbers:
        return []
    shown, files = numbers_shown(numbers), count_of_files(met)
    detail = (
        f"{len(numbers)} lines of {files} can never be bound: two people are said to be in one place at one time "
        f"(lines {shown}); give each a region or a window of its own, or number everybody from the left"
    )
    return [Remark(numbers[0], "overlapping_lines", detail, is_no=False)]


def older_lists(lines: Collection[tuple[int, RosterLine]]) -> set[int]:
    """Numbers of the lines that a newer list of the same file replaces: see parsing.rosters.listed_times."""
    newest: dict[str, datetime] = {}
    for _, line in lines:
        newest[line.asset_id] = max(_listed(line), newest.get(line.asset_id, _listed(line)))
    return {number for number, line in lines if _listed(line) < newest[line.asset_id]}


def of_older_lists(lines: Collection[tuple[int, RosterLine]], older: Collection[int]) -> list[Remark]:
    """One remark for the whole file that was imported: its older lists of an asset."""
    numbers = sorted(older)
    if not numbers:
        return []
    files = count_of_files({line.asset_id for number, line in lines if number in older})
    detail = (
        f"{len(numbers)} lines of {files} are of an older list, and only the newest holds: the same person stands "
        f"there twice, attested at different times (lines {numbers_shown(numbers)}). If all of it is true, write the "
        "same attested_at in every line of the file and import it again"
    )
    return [Remark(numbers[0], "older_list", detail, is_no=False)]


def _listed(line: RosterLine) -> datetime:
    return line.listed_at or line.attested_at


def numbers_shown(numbers: list[int]) -> str:
    """The first line numbers, in words."""
    return ", ".join(map(str, numbers[:_SHOWN])) + (" and more" if len(numbers) > _SHOWN else "")


def count_of_files(assets: Collection[str]) -> str:
    """How many files, in words."""
    return "1 file" if len(assets) == 1 else f"{len(assets)} files"


def _meeting(lines: Collection[tuple[int, Line]]) -> set[int]:
    return {
        number
        for (one, a), (other, b) in combinations(lines, 2)
        if (a.subject_id is None or a.subject_id != b.subject_id) and scopes_meet(a, b)
        for number in (one, other)
    }


def _as_planned(line: RosterLine) -> Line:
    """What binding will see of it."""
    where = line.region
    region = None if where is None else (where.x0, where.y0, where.x1, where.y1)
    return Line(line.line_id, line.subject_id, line.from_ms, line.to_ms, region, line.position, line.closed,
                row=line.row)  # fmt: skip
