"""Few rows as a frame whose size Spark knows.

A frame made of Python rows counts as endless: whatever joins it is shuffled whole, and what rests on an empty one is
computed all the same. One made of Arrow is a local relation: it is sent along, or falls out of the plan when empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

FEW = 50_000  # rows that are safe to hold on the driver and broadcast


def local(spark: SparkSession, rows: Sequence[tuple[object, ...]], schema: str | StructType) -> DataFrame:
    """Rows in the order of the schema's columns. Instants carry a zone."""
    shape = schema if isinstance(schema, StructType) else struct_of(schema)
    fields = to_arrow_schema(shape, timezone="UTC")
    columns = zip(*rows, strict=True) if rows else ((),) * len(fields)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, fields, strict=True)]
    return _framed(spark, pa.Table.from_arrays(arrays, schema=fields), shape)


def struct_of(ddl: str) -> StructType:
    """The shape that a list of columns in DDL describes."""
    return cast("StructType", StructType.fromDDL(ddl))


def _framed(spark: SparkSession, rows: pa.Table, shape: StructType) -> DataFrame:
    arrow: Any = rows  # pyspark takes Arrow's tables; its types don't say so
    frame: DataFrame = spark.createDataFrame(arrow, shape)
    return frame


def small(frame: DataFrame) -> DataFrame:
    """The same rows, looked up at once and sent along where they are few, as in most runs.

    What is joined with a frame of unknown size is shuffled whole, and that may be the whole roster.
    """
    rows = looked_up(frame)
    return frame if rows is None else again(frame, rows)


def looked_up(frame: DataFrame) -> pa.Table | None:
    """Its rows where they are few; None where they are more than `FEW`."""
    rows = frame.limit(FEW + 1).toArrow()
    return None if rows.num_rows > FEW else rows


def again(frame: DataFrame, rows: pa.Table) -> DataFrame:
    """Rows that were looked up as a frame in the shape of the one they are of."""
    return _framed(frame.sparkSession, rows, frame.schema)
