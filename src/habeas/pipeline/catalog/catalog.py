"""Catalog: what lies in the archive, readable or not. New or changed files only; nothing looks at a picture.

A file is what its size, times of content and of inode, and place say it is; one that was read is read again when one of
those differs. What couldn't be read for a reason that says nothing about its content is tried again in each run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import pyarrow as pa
from pyspark.sql import DataFrame

from habeas.media.archive import walk as archive
from habeas.media.files import disk_files as files
from habeas.media.files.locations import place, places_of_file
from habeas.media.files.source_folders import Node, SourceFolder, usable
from habeas.media.source import probe_at
from habeas.media.values import LOOK_AGAIN, Found, MediaReason
from habeas.model.errors import BadInput
from habeas.model.ids import asset_id, new_id
from habeas.model.installation.limits import MediaLimits
from habeas.model.installation.settings import Settings
from habeas.pipeline.catalog import assets
from habeas.warehouse.spark_tables import Tables

_FOUND = "source_id string, root string, location string, bytes long, modified_ns long, changed_ns long, problem string"
_PROBED = (
    "asset_id string, source_id string, location string, media string, format string, folders array<string>, "
    "bytes long, modified_ns long, changed_ns long, captured_at timestamp, reason string, detail string"
)
_ARROW = pa.schema(
    [
        *((name, pa.string()) for name in ("asset_id", "source_id", "location", "media", "format")),
        ("folders", pa.list_(pa.string())),
        *((name, pa.int64()) for name in ("bytes", "modified_ns", "changed_ns")),
        ("captured_at", pa.timestamp("us", "UTC")),
        ("reason", pa.string()),
        ("detail", pa.string()),
    ]
)
_HIDES = frozenset({MediaReason.UNREADABLE, MediaReason.CHANGED, MediaReason.MISSING})
"""Why a folder, or a packed file, couldn't be listed: what lies in it is unknown, not gone."""
_PASSING = MediaReason.AGAIN - {MediaReason.SYMLINK, MediaReason.NOT_A_FILE}
"""Problems that may be gone at the next run although the inode is the same."""


@dataclass(frozen=True, slots=True)
class Walked:
    """What lies in the sources that could be walked, and why the others couldn't (source id -> MediaReason)."""

    listed: Mapping[str, list[Found]] = field(repr=False)
    left_out: Mapping[str, str]


def catalog(
    tables: Tables,
    settings: Settings,
    run_id: str,
    now: datetime,
    source: str | None,
    *,
    retry: bool = False,
) -> tuple[dict[str, int], Mapping[str, str]]:
    """Bring `assets` and `quarantine` up to date with the archive; counts, and sources left out with the reason.

    `now`: the machine's time. Retention counts from when something was found, so it is never a time that was asked for.
    `retry`: look at files that were unreadable once more, though they are what they were.
    """
    roots = {row["source_id"]: row["root"] for row in tables.rows("sources")}
    walked = _walked(tables, settings, roots, source)
    listed = _frame(tables, roots, walked)
    probed = _probe_new(tables, settings, listed, retry).persist()
    try:
        counts = {
            "files_found": listed.count(),
            "files_probed": probed.count(),
            "unreadable": probed.where("reason <> ''").count(),
            "unregistered": _refuse_unregistered(tables, settings, roots, run_id, now)
            if source is None
            else 0,
            "sources_left_out": len(walked.left_out),
        }
        _set_aside(tables, probed, run_id, now)
        assets.write(
            tables,
            listed,
            probed,
            _hidden(tables, walked),
            sorted(walked.listed),
            settings.installation_key,
            run_id,
            now,
        )
    finally:
        probed.unpersist()
    return counts, walked.left_out


def _walked(tables: Tables, settings: Settings, roots: Mapping[str, str], only: str | None) -> Walked:
    """Each source's files, or those of `only`. One file in two sources, by device and inode, is a problem in both.

    The other sources are walked even then: what belongs to two can't be told from one of them.
    """
    folders, refused = usable(settings.archive, roots)
    by_source: dict[str, list[Found]] = {}
    left_out = {name: why for name, why in refused.items() if only in (None, name)}
    owners: dict[Node, str] = {}
    shared: set[Node] = set()
    for name, folder in folders.items():
        mine = only in (None, name)
        walk = archive.walk(folder, settings.media) if mine else files.walk(folder)
        try:
            listed = list(tables.guarded(walk))
        except BadInput as bad:  # it went away since
            if mine:
                left_out[name] = bad.reason
            continue
        for each in listed:
            if each.kind == "file" and owners.setdefault(each.node, name) != name:
                shared.add(each.node)
        if mine:
            by_source[name] = listed
    for name in [
        name for name, listed in by_source.items() if not listed and assets.any_present(tables, name)
    ]:
        del by_source[name]
        left_out[name] = MediaReason.SOURCE_EMPTY
    if shared:
        by_source = {
            name: [_unless_shared(each, shared) for each in listed] for name, listed in by_source.items()
        }
    return Walked(by_source, left_out)


def _unless_shared(file: Found, shared: set[Node]) -> Found:
    return (
        replace(file, kind=MediaReason.TWO_SOURCES) if file.node in shared and file.kind == "file" else file
    )


def _frame(tables: Tables, roots: Mapping[str, str], walked: Walked) -> DataFrame:
    rows = [
        (name, roots[name], f.location, f.size, f.mtime_ns, f.ctime_ns, "" if f.kind == "file" else f.kind)
        for name, listed in walked.listed.items()
        for f in listed
    ]
    return tables.spark.createDataFrame(rows, _FOUND)


def _hidden(tables: Tables, walked: Walked) -> DataFrame:
    """Where something may lie that this walk couldn't see: source_id, above (the location it lies below)."""
    rows = [
        (name, f"{each.location}/" if each.location else "")
        for name, listed in walked.listed.items()
        for each in listed
        if each.kind in _HIDES
    ]
    return tables.spark.createDataFrame(rows, "source_id string, above string")


def _probe_new(tables: Tables, settings: Settings, listed: DataFrame, retry: bool) -> DataFrame:
    stored = assets.places(tables.read("assets"))
    if retry:
        stored = stored.where("readable")
    same = [listed[name] == stored[name] for name in assets.STAMP]
    # What was read and has a problem now, by where it lies, is looked at anew.
    fresh = listed.join(stored, [*same, ~(stored["readable"] & (listed["problem"] != ""))], "left_anti")
    limits, key_file, folder = settings.media, settings.installation_key, settings.archive

    def probe_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        key = key_file.read_bytes()
        for batch in batches:
            rows = [
                _probe_one(row, SourceFolder(folder, row["root"]), key, limits) for row in batch.to_pylist()
            ]
            yield pa.RecordBatch.from_pylist(rows, schema=_ARROW)

    return fresh.repartition(tables.spark.sparkContext.defaultParallelism).mapInArrow(probe_batches, _PROBED)


def _probe_one(
    row: dict[str, object], root: SourceFolder, key: bytes, limits: MediaLimits
) -> dict[str, object]:
    source_id, location = str(row["source_id"]), str(row["location"])
    kept = {name: row[name] for name in assets.STAMP}
    # Its own place, too: a no that named the file before it was here holds by it.
    kept["folders"] = places_of_file(key, source_id, location) if location else []
    try:
        if row["problem"]:
            raise BadInput(str(row["problem"]))
        seen = probe_at(root, location, limits)
    except BadInput as bad:
        if bad.reason in _PASSING:
            kept["changed_ns"] = LOOK_AGAIN
        # Its place names it: content that can't be read as media has nothing to be found again by.
        return kept | {
            "asset_id": place(key, source_id, location) if location else place(key, source_id, "."),
            "media": assets.UNREADABLE, "format": "", "captured_at": None,
            "reason": bad.reason, "detail": bad.detail,
        }  # fmt: skip
    return kept | {
        "asset_id": asset_id(key, source_id, seen.sha256), "media": seen.media, "format": seen.format,
        "captured_at": seen.captured_at, "reason": "", "detail": "",
    }  # fmt: skip


def _set_aside(tables: Tables, probed: DataFrame, run_id: str, now: datetime) -> None:
    bad = (
        probed.where("reason <> ''").select("asset_id", "source_id", "reason", "detail").distinct().collect()
    )
    rows: list[dict[str, object]] = [
        {
            "quarantine_id": new_id("quarantine", "file", r["asset_id"], r["reason"]), "item": "file",
            "asset_id": r["asset_id"], "source_id": r["source_id"], "reason": r["reason"], "detail": r["detail"],
            "run_id": run_id, "recorded_at": now,
        }
        for r in bad
    ]  # fmt: skip
    tables.insert_rows("quarantine", rows)


def _refuse_unregistered(
    tables: Tables, settings: Settings, roots: Mapping[str, str], run_id: str, now: datetime
) -> int:
    """Files that lie in no registered source are never opened; each leaves a reason and no path."""
    if "." in roots.values():
        return 0
    key = settings.installation_key.read_bytes()
    rows: list[dict[str, object]] = []
    for file in tables.guarded(files.walk(settings.archive, frozenset(roots.values()))):
        name = place(key, "", file.location or ".")
        rows.append(
            {
                "quarantine_id": new_id("quarantine", "file", name, "unregistered_source"), "item": "file",
                "asset_id": name, "reason": "unregistered_source", "run_id": run_id, "recorded_at": now,
            }
        )  # fmt: skip
    tables.insert_rows("quarantine", rows)
    return len(rows)
