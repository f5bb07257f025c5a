"""Sources that were left out of a run because their folders couldn't be used, as the record of `catalog` names them."""

from __future__ import annotations

from collections.abc import Mapping

from habeas.oversight.explain.wording import reason
from habeas.warehouse.authenticated.run_records import TaskRecord

_LEFT_OUT = "left_out."


def note_left_out(left_out: Mapping[str, str]) -> dict[str, str]:
    """Sources (id -> why) as `digests` of the catalogue's record hold them."""
    return {f"{_LEFT_OUT}{source_id}": why for source_id, why in left_out.items()}


def sources_left_out(record: TaskRecord | None) -> dict[str, str]:
    """Sources whose folders couldn't be used, and why, by the record of `catalog`."""
    digests = record.digests if record is not None else {}
    return {name.removeprefix(_LEFT_OUT): why for name, why in digests.items() if name.startswith(_LEFT_OUT)}


def told_left_out(left_out: Mapping[str, str]) -> str:
    """One sentence about them."""
    sources = "; ".join(f"{source_id}: {reason(why)}" for source_id, why in sorted(left_out.items()))
    return f"left out of this run, with nothing of them taken for gone: {sources}"
