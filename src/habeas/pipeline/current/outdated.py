"""The rules of `warehouse.current.outdated` for whole tables: which stored rows the newest work no longer makes."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from habeas.pipeline.current.current_lines import replaced
from habeas.warehouse.current.outdated import FILE_REPLACED, ROSTER_REPLACED, SUPERSEDED
from habeas.warehouse.spark_tables import Tables


def outdated_rows(tables: Tables) -> DataFrame:
    """row_id and `outdated`, the reason, of each row of `embeddings` that is."""
    lines = replaced(tables.read("rosters")).withColumn("line_replaced", F.lit(True))
    files = replaced_files(tables.read("assets")).withColumn("file_replaced", F.lit(True))
    grouped = in_force(tables.read("work")).groupBy("asset_id", "purpose")
    made = grouped.agg(F.collect_set(F.struct("model_id", "part")).alias("made"))
    rows = tables.read("embeddings").select(
        "row_id", "asset_id", "line_id", "purpose", "model_id", "work_digest"
    )
    joined = rows.join(lines, "line_id", "left").join(files, "asset_id", "left")
    joined = joined.join(made, ["asset_id", "purpose"], "left")
    by = F.struct("model_id", F.concat_ws("=", "purpose", "work_digest").alias("part"))
    why = (
        F.when(F.col("line_replaced"), ROSTER_REPLACED)
        .when(F.col("file_replaced"), FILE_REPLACED)
        .when(~F.array_contains("made", by), SUPERSEDED)
    )
    return joined.select("row_id", why.alias("outdated")).where("outdated IS NOT NULL")


def in_force(work: DataFrame) -> DataFrame:
    """asset_id, purpose, model_id, part: what rows have to be made by."""
    parts = work.select(
        "asset_id", "model_id", "recorded_at", "work_digest", F.explode("made_for").alias("part")
    )
    parts = parts.withColumn("purpose", F.substring_index("part", "=", 1))
    grouped = parts.groupBy("asset_id", "purpose", "model_id")
    newest = grouped.agg(F.max(F.struct("recorded_at", "work_digest", "part")).alias("done"))
    last = F.max("done").over(Window.partitionBy("asset_id", "purpose"))
    newest = newest.withColumn("last", last).where(_but_the_pack("done.part") == _but_the_pack("last.part"))
    return newest.select("asset_id", "purpose", "model_id", F.col("done.part").alias("part"))


def _but_the_pack(part: str) -> Column:
    return F.regexp_replace(part, "-[^-]*$", "")


def replaced_files(assets: DataFrame) -> DataFrame:
    """asset_id of each file that is gone, with other content under its name then or since."""
    columns = ("asset_id", "source_id", "location", "present", "media", "catalogued_at")
    gone = assets.where("NOT present").select(*columns).alias("g")
    there = assets.where("media <> 'unreadable'").select(*columns).alias("o")
    same = (F.col("g.source_id") == F.col("o.source_id")) & (F.col("g.location") == F.col("o.location"))
    other = F.col("g.asset_id") != F.col("o.asset_id")
    since = F.col("o.present") | (F.col("o.catalogued_at") > F.col("g.catalogued_at"))
    return gone.join(there, same & other & since, "left_semi").select("asset_id")
