"""The decisions that hold now, out of the log of all decisions ever made."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from habeas.model.installation.clocks import SKEW
from habeas.warehouse.current.row_status import TIE
from habeas.warehouse.delta.delta_reader import DeltaReader
from habeas.warehouse.spark_tables import Tables

_AT_ONCE = 1_000_000  # keys compared at once: each time, what is open is put in order anew


def current(decisions: DataFrame) -> DataFrame:
    """The decision that holds about each thing and purpose; the rule is that of
    `warehouse.current.current_decision`.
    """
    thing = Window.partitionBy("action", "asset_id", "line_id", "purpose")
    thing = thing.orderBy(rank().desc(), "decision_id")
    return decisions.withColumn("_n", F.row_number().over(thing)).where("_n = 1").drop("_n")


def rank() -> Column:
    """Sort key: the decision with the largest one holds; null (no time recorded) sorts first."""
    older = F.when(F.col("recorded_at").isNull(), F.col("as_of"))
    return F.struct("recorded_at", older.alias("older"), (F.col("effect") != "allow").alias("against"))


def permits(now: datetime) -> Column:
    """True for a decision that holds and allows something now; see `warehouse.current.current_decision.permits`."""
    lasts = F.col("valid_until").isNull() | (F.col("valid_until") > F.lit(now))
    return (F.col("effect") == "allow") & lasts & ~dated_ahead(F.col("as_of"), now)


def dated_ahead(at: Column, now: datetime) -> Column:
    """True where a time lies after `now` by more than clocks may differ."""
    return at > F.lit(now + SKEW)


def newest_status(row_status: DataFrame) -> DataFrame:
    """The status that holds for each sealed row; the rule is that of `warehouse.current.row_status`."""
    row = Window.partitionBy("row_id").orderBy(F.desc("recorded_at"), F.col("status") == "open", *TIE)
    return row_status.withColumn("_n", F.row_number().over(row)).where("_n = 1").drop("_n")


def key_frame(tables: Tables, key_ids: frozenset[str]) -> DataFrame:
    """Key ids as a frame, to join with: a predicate would carry them into plans and the Delta log."""
    return tables.spark.createDataFrame(pa.table({"key_id": pa.array(list(key_ids), pa.string())}))


def shut_keys(tables: Tables, open_keys: frozenset[str]) -> frozenset[str]:
    """Key ids of `keys` that aren't open: closed, destroyed, or unknown to the key store."""
    reader = DeltaReader(tables.warehouse)
    if not reader.exists("keys"):
        return frozenset()
    opened, shut = pa.array(list(open_keys), pa.string()), set[str]()
    for batch in reader.batches("keys", ["key_id"], size=_AT_ONCE):
        key_ids = batch.column(0)
        shut.update(key_ids.filter(pc.invert(pc.is_in(key_ids, value_set=opened))).to_pylist())
    return frozenset(shut)
