"""The rule of `warehouse.current.current_lines` for whole tables: which roster lines hold, and which a newer list
replaced.
"""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

_EVERYBODY = 2**62  # more people than any list has


def current_lines(rosters: DataFrame) -> DataFrame:
    """Rows of `rosters` that hold."""
    return rosters.join(replaced(rosters), "line_id", "left_anti")


def replaced(rosters: DataFrame) -> DataFrame:
    """line_id of each line that a newer list of its asset replaced.

    Nearly all assets come in one import and have one list; they cost one aggregate.
    """
    listed_at = F.coalesce("listed_at", F.timestamp_seconds(F.lit(0)))
    differ = (F.min("recorded_at") < F.max("recorded_at")) | (F.min(listed_at) < F.max(listed_at))
    several = rosters.groupBy("asset_id").agg(differ.alias("several")).where("several").select("asset_id")
    columns = ("line_id", "asset_id", "subject_id", "closed", "attested_at", "listed_at", "recorded_at")
    lines = rosters.select(*columns).join(several, "asset_id", "left_semi")
    imported = Window.partitionBy("asset_id", "recorded_at")
    listed = F.coalesce("listed_at", F.max("attested_at").over(imported))
    lines = lines.withColumn("at", F.least(listed, "recorded_at"))
    lists = lines.groupBy("asset_id", "at").agg(
        F.count("*").alias("people"), F.min("closed").alias("everybody")
    )
    accounted = F.when(F.col("everybody"), F.lit(_EVERYBODY)).otherwise(F.col("people"))
    later = Window.partitionBy("asset_id").orderBy(F.desc("at")).rowsBetween(Window.unboundedPreceding, -1)
    lists = lists.withColumn("accounted", F.max(accounted).over(later)).where("accounted IS NOT NULL")
    older = lines.join(lists.select("asset_id", "at", "people", "accounted"), ["asset_id", "at"])
    return older.where("subject_id IS NOT NULL OR accounted >= people").select("line_id")
