"""What an id, the beginning of one, the id of a run or a path names.

A message never repeats what was given: it may be a real id, typed where a random one belongs.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from habeas.media.files.locations import encode
from habeas.model.errors import UsageError
from habeas.warehouse.reader import Reader, Row, rows, starting

_PREFIX = re.compile(r"[0-9a-f]{4,64}")
_PLACES: Final = (
    ("embedding", "embeddings", "row_id"),
    ("decision", "decisions", "decision_id"),
    ("roster line", "rosters", "line_id"),
    ("asset", "assets", "asset_id"),
    ("asset", "quarantine", "asset_id"),  # one that was never catalogued
    ("quarantine", "quarantine", "quarantine_id"),
    ("person", "subjects", "subject_id"),
    ("person", "consents", "subject_id"),
    ("person", "leave_outs", "subject_id"),
    ("person", "rosters", "subject_id"),
    ("person", "embeddings", "subject_id"),
    ("key", "keys", "key_id"),
    ("key", "embeddings", "key_id"),
)
_HINT = (
    "Give an id (0-9, a-f) or its beginning, the id of a run, or a path. Ids are listed by: "
    "habeas tables show embeddings, or habeas log decisions."
)
_SHOWN = 10


def find(reader: Reader, given: str, archive: Path | None = None) -> tuple[str, str]:
    """(kind, whole id). Kinds: embedding, decision, roster line, asset, quarantine, person, key, run.

    `archive`: its folder, where a path may be given. Raises UsageError when nothing or more than one thing fits.
    """
    prefix = given.strip().lower()
    if len(prefix) < 2 or "\0" in given:
        raise UsageError("that is no id and no path", hint=_HINT)
    matches = _with_id(reader, prefix) if _PREFIX.fullmatch(prefix) else set()
    if exact := [entry for entry in matches if entry[1] == prefix]:
        matches = set(exact)
    matches |= {("run", str(row["run_id"])) for row in rows(reader, "runs", ("run_id", "=", given.strip()))}
    if not matches:
        matches = {("asset", asset) for asset in _at(reader, given, archive)}
    if not matches:
        raise UsageError("nothing here has that id, and no catalogued file has that path", hint=_HINT)
    if len(matches) > 1:
        listed = ", ".join(f"{kind} {whole}" for kind, whole in sorted(matches)[:_SHOWN])
        more = f" and {len(matches) - _SHOWN} more" if len(matches) > _SHOWN else ""
        raise UsageError(
            f"that fits {len(matches)} things: {listed}{more}", hint="Give more of the id or path."
        )
    return matches.pop()


def _with_id(reader: Reader, prefix: str) -> set[tuple[str, str]]:
    return {
        (kind, row[column])
        for kind, table, column in _PLACES
        for row in starting(reader, table, column, prefix, [column])
    }


def _at(reader: Reader, given: str, archive: Path | None) -> set[str]:
    """Assets at a path: on this machine, inside the archive, inside their source, or after their source's name.

    What lies there now wins over what lay there before.
    """
    wanted = {encode(os.fsencode(given))}
    if archive is not None:
        place = os.path.abspath(given)  # noqa: PTH100 - no link is resolved: the catalogue has names as they are
        inside = os.path.relpath(place, archive)
        wanted |= {encode(os.fsencode(inside))} if not inside.startswith("..") else set()
    roots = {row["source_id"]: row["root"] for row in rows(reader, "sources", columns=["source_id", "root"])}
    columns = ["asset_id", "source_id", "location", "present"]
    matches = [row for row in rows(reader, "assets", columns=columns) if wanted & _names(row, roots)]
    there = [row for row in matches if row["present"]]
    return {row["asset_id"] for row in there or matches}


def _names(asset: Row, roots: dict[str, str]) -> set[str]:
    source, location = asset["source_id"], asset["location"]
    root = roots.get(source, "").strip("/")
    inside = location if root in ("", ".") else f"{encode(os.fsencode(root))}/{location}"
    return {location, f"{source}/{location}", inside}
