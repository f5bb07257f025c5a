"""Catalog: what lies in the archive, readable or not. New or changed files only; nothing looks at a picture."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from habeas.adapters import files
from habeas.adapters.archive import walk
from habeas.adapters.media import probe_at
from habeas.errors import BadInput
from habeas.model.ids import asset_id, new_id, place_id
from habeas.model.limits import MediaLimits
from habeas.settings import Settings
from habeas.spark.tables import Tables
from habeas.steps.locations import folders_above, place

_FOUND = "source_id string, root string, location string, bytes long, modified_ns long, problem string"
_UNREADABLE = "unreadable"
_PROBED = (
    "asset_id string, source_id string, location string, media string, format string, "
    "folders array<string>, bytes long, modified_ns long, captured_at timestamp, reason string, detail string"
)

_ARROW = pa.schema(
    [
        *((name, pa.string()) for name in ("asset_id", "source_id", "location", "media", "format")),
        ("folders", pa.list_(pa.string())),
        ("bytes", pa.int64()),
        ("modified_ns", pa.int64()),
        ("captured_at", pa.timestamp("us", "UTC")),
        ("reason", pa.string()),
        ("detail", pa.string()),
    ]
)


def catalog(
    tables: Tables,
    settings: Settings,
    run_id: str,
    as_of: datetime,
    source: str | None,
    *,
    retry: bool = False,
) -> dict[str, int]:
    """Bring `assets` and `quarantine` up to date with the archive; returns counts.

    `retry`: look at files that were unreadable once more, though they are what they were.
    """
    sources = [r for r in tables.read("sources").collect() if source in (None, r["source_id"])]
    found = _found(tables, settings, sources)
    probed = _probe_new(tables, settings, found, retry).persist()
    try:
        counts = {
            "files_found": found.count(),
            "files_probed": probed.count(),
            "unreadable": probed.where("reason <> ''").count(),
            "unregistered": _refuse_unregistered(tables, settings, run_id, as_of) if source is None else 0,
        }
        _set_aside(tables, probed, run_id, as_of)
        _write_assets(tables, found, probed, run_id, as_of)
    finally:
        probed.unpersist()
    return counts


def _found(tables: Tables, settings: Settings, sources: list[Row]) -> DataFrame:
    rows = [
        (
            s["source_id"],
            str(settings.archive / s["root"]),
            f.location,
            f.size,
            f.mtime_ns,
            "" if f.kind == "file" else f.kind,
        )
        for s in sources
        for f in tables.guarded(walk(settings.archive / s["root"], settings.media))
    ]
    return tables.spark.createDataFrame(rows, _FOUND)


def _probe_new(tables: Tables, settings: Settings, found: DataFrame, retry: bool) -> DataFrame:
    known = tables.read("assets").where("present")
    if retry:
        known = known.where(F.col("media") != _UNREADABLE)
    known = known.select("source_id", "location", "bytes", "modified_ns")
    fresh = found.join(known, ["source_id", "location", "bytes", "modified_ns"], "left_anti")
    limits, key_file = settings.media, settings.installation_key

    def probe_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        key = key_file.read_bytes()
        for batch in batches:
            rows = [_probe_one(row, key, limits) for row in batch.to_pylist()]
            yield pa.RecordBatch.from_pylist(rows, schema=_ARROW)

    return fresh.repartition(tables.spark.sparkContext.defaultParallelism).mapInArrow(probe_batches, _PROBED)


def _probe_one(row: dict[str, object], key: bytes, limits: MediaLimits) -> dict[str, object]:
    source_id, location = str(row["source_id"]), str(row["location"])
    kept = {name: row[name] for name in ("source_id", "location", "bytes", "modified_ns")}
    # Its own place, too: a no that named the file before it was here holds by it.
    kept["folders"] = [place(key, source_id, each) for each in (*folders_above(location), location)]
    try:
        if row["problem"]:
            raise BadInput(str(row["problem"]))
        seen = probe_at(Path(str(row["root"])), location, limits)
    except BadInput as bad:
        # Its place names it: content that can't be read as media has nothing to be found again by.
        return kept | {
            "asset_id": place(key, source_id, location), "media": _UNREADABLE, "format": "", "captured_at": None,
            "reason": bad.reason, "detail": bad.detail,
        }  # fmt: skip
    return kept | {
        "asset_id": asset_id(key, source_id, seen.sha256), "media": seen.media, "format": seen.format,
        "captured_at": seen.captured_at, "reason": "", "detail": "",
    }  # fmt: skip


def _write_assets(tables: Tables, found: DataFrame, probed: DataFrame, run_id: str, as_of: datetime) -> None:
    """New content gets a row; content that moved gets its new place; content that is gone stays, not present."""
    one_place = probed.groupBy("asset_id").agg(
        F.flatten(F.collect_set("folders")).alias("folders"),
        *[
            F.min_by(c, "location").alias(c)
            for c in probed.columns
            if c not in ("asset_id", "folders", "reason", "detail")
        ],
    )
    fresh = (
        one_place.withColumn("present", F.lit(True))
        .withColumn("catalogued_at", F.lit(as_of))
        .withColumn("run_id", F.lit(run_id))
    )
    known = tables.read("assets").alias("a")
    here = found.select("source_id", "location").distinct()
    replaced = probed.select("source_id", "location", F.col("asset_id").alias("new_id"))
    gone = (
        known.where("present")
        .join(found.select("source_id").distinct(), "source_id", "left_semi")
        .join(here.withColumn("here", F.lit(True)), ["source_id", "location"], "left")
        .join(replaced, ["source_id", "location"], "left")
        .where("here IS NULL OR (new_id IS NOT NULL AND new_id <> asset_id)")
        .join(fresh.select("asset_id"), "asset_id", "left_anti")
        .withColumn("present", F.lit(False))
    )
    # Known content keeps the time it was first seen; only its place and presence may change. It also keeps every
    # folder it ever lay in: a copy, or a move out of a folder that is left out, takes it off no list.
    first_seen = known.select(
        "asset_id",
        F.col("a.catalogued_at").alias("seen"),
        F.col("a.run_id").alias("seen_run"),
        F.col("a.folders").alias("once_in"),
    )
    moved = (
        fresh.join(first_seen, "asset_id", "left")
        .withColumn("catalogued_at", F.coalesce("seen", "catalogued_at"))
        .withColumn("run_id", F.coalesce("seen_run", "run_id"))
        .withColumn("folders", F.array_sort(F.array_union(F.coalesce("once_in", F.array()), "folders")))
    )
    names = tables.contracts["assets"].names
    changed = moved.select(*names).unionByName(gone.select(*names))
    if not changed.isEmpty():
        tables.upsert("assets", changed)


def _set_aside(tables: Tables, probed: DataFrame, run_id: str, as_of: datetime) -> None:
    bad = (
        probed.where("reason <> ''").select("asset_id", "source_id", "reason", "detail").distinct().collect()
    )
    rows: list[dict[str, object]] = [
        {
            "quarantine_id": new_id("quarantine", "file", r["asset_id"], r["reason"]), "item": "file",
            "asset_id": r["asset_id"], "source_id": r["source_id"], "reason": r["reason"], "detail": r["detail"],
            "run_id": run_id, "recorded_at": as_of,
        }
        for r in bad
    ]  # fmt: skip
    tables.insert_rows("quarantine", rows)


def _refuse_unregistered(tables: Tables, settings: Settings, run_id: str, as_of: datetime) -> int:
    """Files that lie in no registered source are never opened; each leaves a reason and no path."""
    roots = [(settings.archive / r["root"]).resolve() for r in tables.read("sources").collect()]
    key = settings.installation_key.read_bytes()
    rows: list[dict[str, object]] = []
    for folder in sorted(settings.archive.iterdir()) if settings.archive.is_dir() else []:
        place = folder.resolve()
        if any(place == root or root.is_relative_to(place) or place.is_relative_to(root) for root in roots):
            continue
        locations = (
            [f.location for f in tables.guarded(files.walk(folder))]
            if folder.is_dir() and not folder.is_symlink()
            else [""]
        )
        for location in locations:
            name = place_id(key, "", f"{folder.name}/{location}")
            rows.append(
                {
                    "quarantine_id": new_id("quarantine", "file", name, "unregistered_source"), "item": "file",
                    "asset_id": name, "reason": "unregistered_source", "run_id": run_id, "recorded_at": as_of,
                }
            )  # fmt: skip
    tables.insert_rows("quarantine", rows)
    return len(rows)
