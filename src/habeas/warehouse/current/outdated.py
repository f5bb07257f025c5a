"""Which stored rows the newest work no longer makes, so that they must not be opened.

A row of `embeddings` is outdated, the first of these that holds being the reason:

- `roster_replaced`: a newer list of its asset replaced its roster line (see `current_lines`).
- `file_replaced`: its file is gone and another picture or clip has its name. A file that is merely gone outdates
  nothing: archives are moved and shares go away, and retention decides about what is stored.
- `superseded`: its asset was worked on again for its purpose, and that work didn't make it. A row stands while its
  digest is that of the newest work for the purpose with its model, and the newest work of all for the purpose had the
  same settings and lines. So stricter settings, another way to read files or other lines outdate the rows of every
  model, and another model alone none: rows of two models may lie beside each other and are never compared. Work for
  one purpose outdates no row of another.

A row made again by newer work carries the digest of that work and is no longer outdated. `work` of older versions
doesn't say which purposes it was for, and outdates nothing.

`pipeline.current.outdated` has the same rules for whole tables; a test holds that both agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from habeas.warehouse.current.current_lines import replaced

Row = Mapping[str, Any]

ROSTER_REPLACED: Final = "roster_replaced"
FILE_REPLACED: Final = "file_replaced"
SUPERSEDED: Final = "superseded"


class Made(NamedTuple):
    """What work on an asset was done for one purpose with one model; `part` is purpose=digest, see `part_of`."""

    asset_id: str
    purpose: str
    model_id: str
    part: str


def part_of(purpose: str, digest: str) -> str:
    """One of `made_for` in `work`. A digest is two: of settings, lines and who is allowed; then, after a dash, of the
    model's pack with its thresholds.
    """
    return f"{purpose}={digest}"


def in_force(work: Iterable[Row]) -> frozenset[Made]:
    """What rows have to be made by: each model's newest work for each purpose, where the newest of all is alike.

    `work`: rows of that table. Of two recorded at one time, the one with the larger digest counts as newer.
    """
    newest: dict[tuple[str, str, str], tuple[Any, ...]] = {}
    for row in work:
        for part in row.get("made_for") or ():
            key = row["asset_id"], part.partition("=")[0], row["model_id"]
            newest[key] = max(newest.get(key, ()), (row["recorded_at"], row["work_digest"], part))
    last: dict[tuple[str, str], tuple[Any, ...]] = {}
    for (asset_id, purpose, _), done in newest.items():
        last[asset_id, purpose] = max(last.get((asset_id, purpose), ()), done)
    return frozenset(
        Made(asset_id, purpose, model_id, done[-1])
        for (asset_id, purpose, model_id), done in newest.items()
        if _but_the_pack(done[-1]) == _but_the_pack(last[asset_id, purpose][-1])
    )


def replaced_files(assets: Iterable[Row]) -> frozenset[str]:
    """asset_id of each file that is gone, with other content under its name then or since."""
    by_place: dict[tuple[str, str], list[Row]] = {}
    for row in assets:
        by_place.setdefault((row["source_id"], row["location"]), []).append(row)
    return frozenset(
        row["asset_id"]
        for there in by_place.values()
        for row in there
        if not row["present"] and any(_took_the_place(other, row) for other in there)
    )


def outdated_rows(
    embeddings: Iterable[Row], rosters: Iterable[Row], assets: Iterable[Row], work: Iterable[Row]
) -> dict[str, str]:
    """row_id -> why it is outdated."""
    lines, files, made = replaced(rosters), replaced_files(assets), in_force(work)
    done = {(each.asset_id, each.purpose) for each in made}
    reasons = {}
    for row in embeddings:
        asset_id, purpose = row["asset_id"], row["purpose"]
        by = Made(asset_id, purpose, row["model_id"], part_of(purpose, row["work_digest"]))
        if row["line_id"] in lines:
            reasons[row["row_id"]] = ROSTER_REPLACED
        elif asset_id in files:
            reasons[row["row_id"]] = FILE_REPLACED
        elif (asset_id, purpose) in done and by not in made:
            reasons[row["row_id"]] = SUPERSEDED
    return reasons


def _but_the_pack(part: str) -> str:
    return part.rsplit("-", 1)[0]


def _took_the_place(other: Row, gone: Row) -> bool:
    if other["asset_id"] == gone["asset_id"] or other["media"] == "unreadable":
        return False
    return bool(other["present"] or other["catalogued_at"] > gone["catalogued_at"])
