"""Leave-outs about footage, looked up by what they name."""

from __future__ import annotations

from collections.abc import Iterable

from habeas.consent.scopes import NAMED, alike
from habeas.model.people import LeaveOut, Place


class FootageIndex:
    """Leave-outs about footage, by the thing they name: an asset is compared with those alone that may be about it."""

    _PARTS = ("assets", "folders", "lots", "events", "sites", "sources")

    def __init__(self, records: Iterable[LeaveOut]) -> None:
        self._by: dict[tuple[str, str], list[LeaveOut]] = {}
        self._lifts: dict[str, list[LeaveOut]] = {}
        for each in records:
            if each.lifts is not None:
                self._lifts.setdefault(each.lifts, []).append(each)
                continue
            part = next((part for part in self._PARTS if getattr(each.scope, part)), "")
            for name in getattr(each.scope, part) if part else ("",):
                self._by.setdefault(_key(part, name), []).append(each)

    def about(self, place: Place) -> tuple[LeaveOut, ...]:
        if not self._by:
            return ()
        names = (
            (place.asset_id,), place.folders, place.lots, place.events, place.sites, (place.source_id,)
        )  # fmt: skip
        keys = [
            ("", ""),
            *(_key(part, name) for part, given in zip(self._PARTS, names, strict=True) for name in given),
        ]
        found = dict.fromkeys(each for key in keys for each in self._by.get(key, ()))
        ids = {each.leave_out_id for each in found}
        return (*found, *(lift for one in sorted(ids) for lift in self._lifts.get(one, ())))


def _key(part: str, name: str) -> tuple[str, str]:
    """Names that look alike are looked up together, as a leave-out holds for both."""
    return part, alike(name) if part in NAMED else name
