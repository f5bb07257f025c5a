"""Check: one row of aggregates over the rows that a run staged. It holds counts, and minima and maxima of quality,
but no other value of a row.
"""

from __future__ import annotations

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from habeas.warehouse.quality.rules import aggregates, reason_sql, row_is_bad
from habeas.warehouse.spark_tables import Tables


def judged(tables: Tables, staged: DataFrame) -> DataFrame:
    """The staged rows with `bad` (boolean) and `fault` (word). Persist it: the filter is long, and Spark's
    optimiser would copy it into everything that asks for it.
    """
    contract = tables.contracts["embeddings"]
    embedding = F.col("kind") == "embedding"
    return staged.withColumn("bad", embedding & F.expr(row_is_bad(contract))).withColumn(
        "fault", F.when(embedding, F.expr(reason_sql(contract)))
    )


def aggregate(tables: Tables, run_id: str) -> pd.DataFrame:
    """One row: `rows`, `rows_failing`, and the aggregates that the contract's expectations ask for."""
    contract = tables.contracts["embeddings"]
    staged = tables.read("staged").where(F.col("run_id") == run_id).where("kind = 'embedding'")
    rows = judged(tables, staged).persist()
    try:
        counted = rows.agg(F.count("*").alias("rows"), F.count(F.when(F.col("bad"), 1)).alias("rows_failing"))
        wanted = [F.expr(sql).alias(name) for name, sql in aggregates(contract)]
        values: dict[str, object] = {}
        for frame in (rows.where("NOT bad").agg(*wanted), counted):
            row = frame.first()
            values |= row.asDict() if row else {}
        return pd.DataFrame([values])
    finally:
        rows.unpersist()
