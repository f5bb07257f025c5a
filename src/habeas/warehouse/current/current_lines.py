"""Which roster lines hold: those of the newest list of their asset. An older list is replaced, not added to.

- A *list* is what was said about one asset at one time (`listed_at`), in one import or in several. Lists of the same
  time add up; of different times the newest holds alone, whichever was imported last.
- A list counts as no newer than the moment it was recorded: an older version took lists that were dated ahead, and one
  of those would outrank every correction.
- An anonymous placeholder (a person who was erased, or has no known name) says that a person is in the shot. A
  newer list that names fewer people doesn't say that they aren't, since erased people can't be named. So a placeholder
  stays beside the newest list until a later one has as many lines as its own, or is closed: all people are listed.
- A line that is replaced stays in the table and keeps the decisions that were made about it, and rests in no new one.

`pipeline.current.current_lines` has the same rule for whole tables; a test holds that both agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

Row = TypeVar("Row", bound=Mapping[str, Any])
"""A row of `rosters`."""


def current_lines(lines: Iterable[Row]) -> list[Row]:
    """The lines that hold, in the order they came in."""
    listed = list(lines)
    gone = replaced(listed)
    return [line for line in listed if line["line_id"] not in gone]


def replaced(lines: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """line_id of each line that a newer list of its asset replaced."""
    lists: dict[str, dict[datetime, list[Mapping[str, Any]]]] = {}
    for line, at in _with_times(list(lines)):
        lists.setdefault(line["asset_id"], {}).setdefault(at, []).append(line)
    return frozenset(line_id for of_asset in lists.values() for line_id in _replaced_in(of_asset))


def _replaced_in(lists: Mapping[datetime, list[Mapping[str, Any]]]) -> Iterable[str]:
    """`lists`: the lists of one asset, by time."""
    most_accounted: float = 0  # of all later lists, the most people that one accounts for
    newest = max(lists)
    for at in sorted(lists, reverse=True):
        people = len(lists[at])
        for line in lists[at]:
            if at != newest and (line["subject_id"] is not None or most_accounted >= people):
                yield line["line_id"]
        everybody = all(line["closed"] for line in lists[at])
        most_accounted = max(most_accounted, float("inf") if everybody else people)


def _with_times(lines: list[Mapping[str, Any]]) -> Iterable[tuple[Mapping[str, Any], datetime]]:
    """Each line and the time of its list. Older versions noted none: there it is that of its import."""
    imported: dict[tuple[str, datetime], datetime] = {}
    for line in lines:
        key = line["asset_id"], line["recorded_at"]
        imported[key] = max(line["attested_at"], imported.get(key, line["attested_at"]))
    for line in lines:
        listed = line.get("listed_at") or imported[line["asset_id"], line["recorded_at"]]
        yield line, min(listed, line["recorded_at"])
