"""The rows of `assets`: each content of a source once, with every place it lies at.

A place is written into `copies` as text: modified_ns, changed_ns and location, with a blank between them. The first
place by name stands in columns of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from habeas.media.claimed_times import EARLIEST, LATEST
from habeas.media.files.locations import places_of_file
from habeas.media.values import LOOK_AGAIN
from habeas.warehouse.spark_tables import Tables

UNREADABLE = "unreadable"
STAMP = ("source_id", "location", "bytes", "modified_ns", "changed_ns")


def any_present(tables: Tables, source_id: str) -> bool:
    """Whether the catalogue has files of a source."""
    rows = tables.read("assets").where("present").where(F.col("source_id") == source_id)
    return not rows.isEmpty()


def places(assets: DataFrame) -> DataFrame:
    """Every place where the catalogue knows content: asset_id, its stamp (`STAMP`), and whether it could be read."""
    present = assets.where("present").withColumn("readable", F.col("media") != UNREADABLE)
    first = present.withColumn("changed_ns", F.coalesce("changed_ns", F.lit(LOOK_AGAIN)))
    copy = F.split(F.col("copy"), " ", 3)
    others = (
        present.withColumn("copy", F.explode("copies"))
        .withColumn("location", copy[2])
        .withColumn("modified_ns", copy[0].cast("long"))
        .withColumn("changed_ns", copy[1].cast("long"))
    )
    names = ("asset_id", *STAMP, "readable")
    return first.select(*names).unionByName(others.select(*names))


def write(
    tables: Tables,
    listed: DataFrame,
    probed: DataFrame,
    hidden: DataFrame,
    walked: list[str],
    key_file: Path,
    run_id: str,
    as_of: datetime,
) -> None:
    """New content gets a row; content that moved gets its new places; content that is gone stays, not present.

    Of sources that weren't `walked` nothing is known, and nothing of what may lie where `hidden` says. `key_file`: the
    installation key, by which folders get their ids.
    """
    stored = tables.read("assets")
    before = places(stored)
    at = ["source_id", "location"]
    unwalked = before.where(~F.col("source_id").isin(walked))
    here = before.join(listed.select(*STAMP), [*STAMP], "left_semi")
    unseen = before.join(
        F.broadcast(hidden.withColumnRenamed("source_id", "of")),
        (F.col("source_id") == F.col("of")) & F.col("location").startswith(F.col("above")),
        "left_semi",
    )
    kept = here.unionByName(unseen).unionByName(unwalked).distinct().join(probed.select(*at), at, "left_anti")
    lost = before.join(kept.select("asset_id", *at), ["asset_id", *at], "left_anti")
    odd = stored.where((F.col("captured_at") < F.lit(EARLIEST)) | (F.col("captured_at") >= F.lit(LATEST)))
    touched = (
        probed.select("asset_id")
        .unionByName(lost.select("asset_id"))
        .unionByName(odd.select("asset_id"))
        .unionByName(stored.where("folders_now IS NULL").select("asset_id"))
        .distinct()
        .persist()
    )
    try:
        if touched.isEmpty():
            return
        now = kept.join(touched, "asset_id", "left_semi").select("asset_id", *STAMP)
        now = now.unionByName(probed.select("asset_id", *STAMP))
        rows = _rows(stored.join(touched, "asset_id", "left_semi"), now, probed, run_id, as_of)
        rows = rows.join(_folders_now(rows, key_file), "asset_id")
        names = tables.contracts["assets"].names
        was = stored.select("asset_id", F.struct(*names).alias("was"))
        changed = rows.select(*names).join(was, "asset_id", "left")
        changed = changed.where(~F.struct(*names).eqNullSafe(F.col("was"))).select(*names).persist()
        try:
            if not changed.isEmpty():
                tables.upsert("assets", changed)
        finally:
            changed.unpersist()
    finally:
        touched.unpersist()


_PLACED = "asset_id string, folders_now array<string>"
_PLACED_ARROW = pa.schema([("asset_id", pa.string()), ("folders_now", pa.list_(pa.string()))])


def _folders_now(rows: DataFrame, key_file: Path) -> DataFrame:
    """asset_id, and the ids of the folders and files where the content lies by `location` and `copies`."""
    copies = F.transform("copies", lambda copy: F.split(copy, " ", 3)[2])
    locations = F.array_union(F.array("location"), F.coalesce(copies, F.array()))

    def name(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        key = key_file.read_bytes()
        for batch in batches:
            placed = [
                {
                    "asset_id": row["asset_id"],
                    "folders_now": sorted(
                        {
                            name
                            for location in row["locations"]
                            if location
                            for name in places_of_file(key, row["source_id"], location)
                        }
                    ),
                }
                for row in batch.to_pylist()
            ]
            yield pa.RecordBatch.from_pylist(placed, schema=_PLACED_ARROW)

    return rows.select("asset_id", "source_id", locations.alias("locations")).mapInArrow(name, _PLACED)


def _rows(stored: DataFrame, now: DataFrame, probed: DataFrame, run_id: str, as_of: datetime) -> DataFrame:
    """Rows of contents as they are now. `stored`: as they were; `now`: all their places."""
    place = F.struct("location", "source_id", "bytes", "modified_ns", "changed_ns")
    placed = now.groupBy("asset_id").agg(F.array_sort(F.collect_set(place)).alias("places"))
    read = probed.groupBy("asset_id").agg(
        F.flatten(F.collect_set("folders")).alias("new_folders"),
        *[F.min_by(name, "location").alias(f"new_{name}") for name in ("media", "format", "captured_at")],
    )
    # Known content keeps the time it was first seen. It also keeps every folder it ever lay in: a copy, or a move out
    # of a folder that is left out, takes it off no list.
    joined = stored.join(placed, "asset_id", "full").join(read, "asset_id", "left")
    first = F.col("places")[0]
    is_here = F.col("places").isNotNull()
    believed = F.col("captured_at").between(F.lit(EARLIEST), F.lit(LATEST))
    captured = F.when(F.col("new_media").isNotNull(), F.col("new_captured_at")).otherwise(
        F.when(believed, F.col("captured_at"))
    )
    return joined.select(
        "asset_id",
        *[F.when(is_here, first[name]).otherwise(F.col(name)).alias(name) for name in STAMP],
        F.array_sort(
            F.array_union(F.coalesce("folders", F.array()), F.coalesce("new_folders", F.array()))
        ).alias("folders"),
        F.transform(
            F.slice("places", 2, F.greatest(F.size("places") - 1, F.lit(0))),
            lambda each: F.concat_ws(" ", each["modified_ns"], each["changed_ns"], each["location"]),
        ).alias("copies"),
        F.coalesce("new_media", "media").alias("media"),
        F.coalesce("new_format", "format").alias("format"),
        captured.alias("captured_at"),
        is_here.alias("present"),
        F.coalesce("catalogued_at", F.lit(as_of)).alias("catalogued_at"),
        F.coalesce("run_id", F.lit(run_id)).alias("run_id"),
    )
