"""Which rows a run staged, as one digest: embed notes it, check judges those rows and no others, publish takes those.

The digest stands in the verified records of the run. So a row that is edited, added or taken away between two tasks
shows, and nothing of the run is published.
"""

from __future__ import annotations

import hashlib

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructField, StructType, TimestampType

from habeas.model.errors import CheckFailed, IntegrityError
from habeas.model.installation.steps import CHECK, EMBED
from habeas.warehouse.authenticated.run_records import RunFolder
from habeas.warehouse.spark_tables import Tables

WORD = "staged"
"""Under which a task's record holds the digest."""


def staged_digest(tables: Tables, run_id: str) -> str:
    """Of all rows that the run staged; that of no rows where there are none."""
    if not tables.holds_run("staged", run_id):
        return _of([])
    return digest_of(tables.read("staged").where(F.col("run_id") == run_id), tables.schema("staged"))


def digest_of(rows: DataFrame, shape: StructType) -> str:
    """Of these rows, every column of the table, in whatever order they come."""
    row_digest = F.sha2(F.to_json(F.struct(*(_column(field) for field in shape.fields))), 256)
    return _of(rows.select(row_digest.alias("row")).toArrow().column("row").to_pylist())


def require_staged_by_embed(folder: RunFolder, digest: str) -> None:
    """Raise IntegrityError unless these are the rows that the embed task of this run left."""
    if digest == _of([]):
        return
    record = folder.trusted(EMBED.name)
    if record is None or record.digests.get(WORD) != digest:
        raise _others(folder, "that its embed task left")


def require_checked(folder: RunFolder, digest: str) -> None:
    """Raise CheckFailed where no check of this run passed, IntegrityError where one passed for other rows."""
    if digest == _of([]):
        return  # nothing to publish, as after a try that came this far
    record = folder.trusted(CHECK.name)
    if record is None or record.status != "done":
        raise CheckFailed(
            f"no check passed for the staged rows of run {folder.run_id}; nothing is published",
            hint=f"Run it: habeas run step check --run-id {folder.run_id}",
        )
    if record.digests.get(WORD) != digest:
        raise _others(folder, "that its check passed")


def _of(rows: list[str]) -> str:
    return hashlib.sha256("\n".join(sorted(rows)).encode()).hexdigest()


def _column(field: StructField) -> Column:
    """As JSON shows it whole: of an instant it would drop what is less than a millisecond."""
    column = F.col(field.name)
    return F.unix_micros(column).alias(field.name) if isinstance(field.dataType, TimestampType) else column


def _others(folder: RunFolder, which: str) -> IntegrityError:
    return IntegrityError(
        f"the staged rows of run {folder.run_id} are not those {which}; nothing is published",
        hint="Find out who writes into the warehouse; then stage them anew: "
        f"habeas run step embed --run-id {folder.run_id}",
    )
