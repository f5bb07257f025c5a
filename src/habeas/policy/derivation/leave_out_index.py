"""Leave-outs about footage, looked up by what they name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from habeas.model.people import LeaveOut, Place
from habeas.records.leave_outs import left_out
from habeas.records.scopes import NAMED, alike


def about_footage(records: Iterable[LeaveOut]) -> tuple[LeaveOut, ...]:
    """Leave-outs of footage, independent of people, and all records that lift one; empty where nothing is left out."""
    kept = tuple(each for each in records if each.subject_id is None or each.lifts is not None)
    return kept if any(each.lifts is None for each in kept) else ()


class LeaveOutIndex:
    """Leave-outs about footage, by the thing they name: an asset is compared with those alone that may be about it."""

    _PARTS = ("assets", "folders", "lots", "events", "sites", "sources")

    def __init__(self, records: Iterable[LeaveOut]) -> None:
        self._by: dict[tuple[str, str], list[LeaveOut]] = {}
        self._lifts: dict[str, list[LeaveOut]] = {}
        for record in records:
            if record.lifts is not None:
                self._lifts.setdefault(record.lifts, []).append(record)
                continue
            part = next((part for part in self._PARTS if getattr(record.scope, part)), "")
            for name in getattr(record.scope, part) if part else ("",):
                self._by.setdefault(_key(part, name), []).append(record)

    def about(self, place: Place) -> tuple[LeaveOut, ...]:
        """Leave-outs that may concern footage of this place, each with the records that end it."""
        if not self._by:
            return ()
        place = place.ever or place
        names = (
            (place.asset_id,), place.folders, place.lots, place.events, place.sites, (place.source_id,)
        )  # fmt: skip
        keys = [
            ("", ""),
            *(_key(part, name) for part, given in zip(self._PARTS, names, strict=True) for name in given),
        ]
        concerned = dict.fromkeys(each for key in keys for each in self._by.get(key, ()))
        ids = {each.leave_out_id for each in concerned}
        return (*concerned, *(lift for one in sorted(ids) for lift in self._lifts.get(one, ())))

    def left_out(self, place: Place, purposes: Sequence[str], now: datetime, known_at: datetime) -> list[str]:
        """The purposes for which the footage is left out now, or by the time of the record that is dated last.

        What a clock that is ahead wrote is there, and counts.
        """
        about = self.about(place)
        return [
            purpose
            for purpose in purposes
            if about
            and any(left_out(about, None, purpose, place, at, known_at).kinds for at in (now, known_at))
        ]


def last_recorded(records: Iterable[LeaveOut], now: datetime) -> datetime:
    """`now`, or when the last of the records was written down where that is later."""
    return max([now, *(each.recorded_at for each in records)])


def _key(part: str, name: str) -> tuple[str, str]:
    """Names that look alike are looked up together, as a leave-out holds for both."""
    return part, alike(name) if part in NAMED else name
