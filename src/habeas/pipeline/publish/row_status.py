"""Which stored rows may be opened: the newest status of each, by its key and its line's newest decision.

Decide settles them once its decisions are written: what ended is closed whatever becomes of the rest of the run.
Publish settles what it adds.

The code that opens rows and the code that closes keys each write first and then read what the other wrote, so that
one of them always sees the conflict: publish opens, then asks which keys closed meanwhile; a withdrawal closes the key,
then shuts the rows under it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from habeas.erasure.queue import DESTROY_DAYS
from habeas.pipeline.current.current_decisions import current, key_frame, newest_status, permits
from habeas.pipeline.current.outdated import outdated_rows
from habeas.pipeline.current.verified_decisions import unsound, unsound_ids
from habeas.warehouse.current.row_status import MAY_OPEN_AGAIN
from habeas.warehouse.spark_frames import local
from habeas.warehouse.spark_tables import Tables

OpenKeys = Callable[[], frozenset[str]]

_LIMIT = "destroy_days<="


def settle_now(tables: Tables, open_keys: OpenKeys, run_id: str, now: datetime) -> dict[str, int]:
    """Open and close rows; shut again what was opened under a key that closed while it was written.

    A key that closes after the last look is its closer's: who closes it looks for open rows afterwards. Raises
    IntegrityError where a decision that allows isn't as it was made: once all that has to close is closed.
    """
    asked = open_keys()
    changed = settle(tables, asked, run_id, now)
    late = close_rows(tables, asked - open_keys(), run_id, now)
    if wrong := changed.get("unsound"):
        raise unsound(wrong)
    return {"opened": changed["opened"], "closed": changed["closed"] + late}


def settle(tables: Tables, open_keys: frozenset[str], run_id: str, now: datetime) -> dict[str, int]:
    """Open, renew or close every stored row; returns how many opened and closed, and how many decisions were unsound.

    Open needs all three: an open key, a newest decision that allows and has not run out, and that the newest work still
    makes the row (see `warehouse.current.outdated`). What was frozen or held stays so, and what was closed with its
    key stays closed; what was closed for another reason may open again when that reason is gone.
    """
    rows = tables.read("embeddings").join(outdated_rows(tables), "row_id", "left")
    return _settle(tables, rows, tables.read("decisions"), tables.read("row_status"), open_keys, run_id, now)


def close_rows(tables: Tables, closed_keys: frozenset[str], run_id: str, now: datetime) -> int:
    """Close whatever is open under keys that were closed; returns how many rows."""
    if not closed_keys or not tables.exists("embeddings"):
        return 0
    rows = tables.read("embeddings").join(key_frame(tables, closed_keys), "key_id", "left_semi")
    rows = rows.select("row_id", "line_id", "asset_id", "purpose", "key_id", "decision_id")
    rows = rows.withColumn("outdated", F.lit(None).cast("string")).persist()  # its key alone closes it
    try:
        decisions = tables.read("decisions").join(rows, ["line_id", "purpose"], "left_semi")
        statuses = tables.read("row_status").join(rows, "row_id", "left_semi")
        return _settle(tables, rows, decisions, statuses, frozenset(), run_id, now)["closed"]
    finally:
        rows.unpersist()


def _settle(
    tables: Tables,
    rows: DataFrame,
    decisions: DataFrame,
    statuses: DataFrame,
    open_keys: frozenset[str],
    run_id: str,
    now: datetime,
) -> dict[str, int]:
    keys = key_frame(tables, open_keys).withColumn("key_open", F.lit(True))
    decided = current(decisions.where("action = 'embed'"))
    decided = decided.select(
        "line_id", "asset_id", "purpose", "valid_until", "obligations", F.col("decision_id").alias("newest"),
        permits(now).alias("permitted"),
    )  # fmt: skip
    latest = newest_status(statuses).select("row_id", "status", "expires_at", "reason", "recorded_at")
    permitted = F.coalesce("permitted", F.lit(False))
    allowed = F.coalesce(F.col("key_open") & permitted & F.col("outdated").isNull(), F.lit(False))
    new, opened = F.col("status").isNull(), F.col("status") == "open"
    again = (F.col("status") == "closed") & F.col("reason").isin(*MAY_OPEN_AGAIN)
    moved = ~F.col("expires_at").eqNullSafe(F.col("valid_until"))
    # Persisted before it is filtered: Spark's optimiser would take the cases apart again and again.
    joined = (
        rows.select("row_id", "line_id", "asset_id", "purpose", "key_id", "decision_id", "outdated")
        .join(keys, "key_id", "left")
        .join(decided, ["line_id", "asset_id", "purpose"], "left")
        .join(latest, "row_id", "left")
        .withColumn(
            "event",
            F.when(allowed & new, "published").when(allowed & again, "allowed_again")
            .when(allowed & opened & moved, "renewed")
            .when(~allowed & (opened | new) & F.col("key_open") & ~permitted, "decision_ended")
            .when(~allowed & (opened | new) & F.col("key_open"), F.col("outdated"))
            .when(~allowed & (opened | new), "key_closed"),
        )
        .withColumn("allowed", allowed)
        .persist()
    )  # fmt: skip
    try:
        fresh = joined.where("event IS NOT NULL").select(
            "row_id",
            F.when(F.col("allowed"), "open").otherwise("closed").alias("status"),
            F.coalesce("newest", "decision_id").alias("decision_id"),
            F.when(F.col("allowed"), F.col("valid_until")).otherwise(F.col("expires_at")).alias("expires_at"),
            F.when(~F.col("allowed"), _erase_by(now)).alias("erase_by"),
            F.col("event").alias("reason"),
            _after_the_last(now).alias("recorded_at"),
            F.lit(run_id).alias("run_id"),
        )
        counted = fresh.groupBy("status").agg(F.count("*").alias("n")).collect()
        counts = {r["status"]: int(r["n"]) for r in counted}
        opening = fresh.where("status = 'open'").select("decision_id").distinct()
        if counts.get("open") and (
            bad := unsound_ids(tables, decisions.join(opening, "decision_id", "left_semi"))
        ):
            trusted = _denying(tables, decisions, bad)
            return _settle(tables, rows, trusted, statuses, open_keys, run_id, now) | {"unsound": len(bad)}
        if counts:
            tables.insert_missing("row_status", fresh)
        return {"opened": counts.get("open", 0), "closed": counts.get("closed", 0)}
    finally:
        joined.unpersist()


def _denying(tables: Tables, decisions: DataFrame, ids: list[str]) -> DataFrame:
    """The same decisions, of which some allow nothing, whatever they say."""
    denied = local(tables.spark, [(each, True) for each in ids], "decision_id string, denied boolean")
    return (
        decisions.join(F.broadcast(denied), "decision_id", "left")
        .withColumn("effect", F.when(F.col("denied"), "deny").otherwise(F.col("effect")))
        .drop("denied")
    )


def _after_the_last(now: datetime) -> Column:
    """The newest status wins, so one must be newer than what it was made from, even if a clock is behind."""
    return F.greatest(F.lit(now), F.col("recorded_at") + F.expr("INTERVAL 1 MICROSECOND"))


def _erase_by(now: datetime) -> Column:
    """When a row that closes has to be gone: counted from the end of its permission where that came before."""
    limits = F.filter(F.coalesce("obligations", F.array()), lambda duty: duty.startswith(_LIMIT))
    days = F.array_min(F.transform(limits, lambda duty: F.substring_index(duty, "<=", -1).cast("int")))
    ended = F.least(F.lit(now), F.col("expires_at"))
    return ended + F.make_dt_interval(days=F.coalesce(days, F.lit(DESTROY_DAYS)))
