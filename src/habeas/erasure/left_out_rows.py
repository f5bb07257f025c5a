"""Rows whose footage was left out since decide last ran: their status still says open, and they stay shut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from habeas.policy.derivation.derive import trusted
from habeas.policy.derivation.derive_rows import place_of
from habeas.policy.derivation.leave_out_index import LeaveOutIndex, about_footage, last_recorded
from habeas.records.table_rows import leave_out_of
from habeas.warehouse.reader import Reader, rows

_PLACE = ("asset_id", "source_id", "folders", "captured_at", "catalogued_at", "media")


def left_out_rows(reader: Reader, sealed: Sequence[Mapping[str, Any]], now: datetime) -> frozenset[str]:
    """Row ids among `sealed` (rows of `embeddings`) whose footage a leave-out covers for their purpose.

    A row whose file is not catalogued counts as left out, since its place is unknown.
    """
    footage = about_footage(leave_out_of(row) for row in rows(reader, "leave_outs"))
    if not footage:
        return frozenset()
    known_at, index = last_recorded(footage, now), LeaveOutIndex(footage)
    occasions: dict[str, list[tuple[str, str]]] = {}
    for row in rows(reader, "occasions"):
        occasions.setdefault(row["folder_id"], []).append((row["kind"], row["name"]))
    wanted: dict[str, set[str]] = {}
    for stored in sealed:
        wanted.setdefault(stored["asset_id"], set()).add(stored["purpose"])
    out = dict(wanted)
    for asset in rows(reader, "assets", columns=_PLACE):
        if asset["asset_id"] in wanted:
            place = trusted(place_of(asset, occasions), asset["catalogued_at"])
            purposes = sorted(wanted[asset["asset_id"]])
            out[asset["asset_id"]] = set(index.left_out(place, purposes, now, known_at))
    return frozenset(stored["row_id"] for stored in sealed if stored["purpose"] in out[stored["asset_id"]])
