"""Check: one row of aggregates over what a run staged. No value of a row leaves it but minima and maxima of quality."""

from __future__ import annotations

import pandas as pd
from pyspark.sql import functions as F

from habeas.spark.tables import Tables
from habeas.tables.checks import aggregates, row_is_bad


def aggregate(tables: Tables, run_id: str) -> pd.DataFrame:
    """One row: `rows`, `rows_failing`, and the aggregates that the contract's expectations ask for."""
    contract = tables.contracts["embeddings"]
    rows = tables.read("staged").where(F.col("run_id") == run_id).where("kind = 'embedding'")
    bad = F.expr(row_is_bad(contract))
    wanted = [F.expr(sql).alias(name) for name, sql in aggregates(contract)]
    total = rows.where(~bad).agg(*wanted)
    counted = rows.agg(F.count("*").alias("rows"), F.count(F.when(bad, 1)).alias("rows_failing"))
    row = counted.crossJoin(total).first()
    return pd.DataFrame([row.asDict() if row else {}])
