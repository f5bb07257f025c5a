"""The decisions that hold now, out of the log of all decisions ever made."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from habeas.spark.tables import Tables


def current(decisions: DataFrame) -> DataFrame:
    """Newest decision of each thing and purpose."""
    thing = Window.partitionBy("action", "asset_id", "line_id", "purpose").orderBy(
        F.desc("as_of"), "decision_id"
    )
    return decisions.withColumn("_n", F.row_number().over(thing)).where("_n = 1").drop("_n")


def newest_status(row_status: DataFrame) -> DataFrame:
    """Newest status of each sealed row."""
    row = Window.partitionBy("row_id").orderBy(
        F.desc("recorded_at"), F.when(F.col("status") == "open", 1).otherwise(0)
    )
    return row_status.withColumn("_n", F.row_number().over(row)).where("_n = 1").drop("_n")


def key_frame(tables: Tables, key_ids: frozenset[str]) -> DataFrame:
    """Key ids as a frame, to join with: a predicate would carry them into plans and the Delta log."""
    return tables.spark.createDataFrame([(key,) for key in sorted(key_ids)], "key_id string")
