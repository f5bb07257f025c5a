"""Publish: staged rows become rows of record, by key, so that a retry changes nothing.

Open keys are read before the merge, after it, and once more after rows were opened: a withdrawal in between still
wins, and an unknown key counts as closed. What ended since it was planned, and what is halted, is asked right
before the merge. `work` comes after what was made: a run killed before it finds its assets undone and lands on the same
rows. What may be opened is settled after `work`, which says what the newest work no longer makes (`outdated`); each
later run settles it again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from habeas import __version__
from habeas.media.values import MediaReason
from habeas.model.ids import new_id
from habeas.model.orders import NOTHING_HALTED, Stopped
from habeas.pipeline.current.current_decisions import key_frame
from habeas.pipeline.current.permitted import permitted_lines, without_left_out
from habeas.pipeline.publish.check import judged
from habeas.pipeline.publish.row_status import OpenKeys, settle_now
from habeas.pipeline.publish.staged import digest_of
from habeas.warehouse.authenticated.run_records import TaskRecord, require_not_ahead
from habeas.warehouse.spark_tables import Tables

Halted = Callable[[], Stopped]


def publish(
    tables: Tables,
    run_id: str,
    as_of: datetime,
    now: datetime,
    open_keys: OpenKeys,
    halted: Halted = lambda: NOTHING_HALTED,
    require_checked: Callable[[str], None] = lambda _: None,
    policy: str = "",
) -> dict[str, int]:
    """Merge the run's staged rows into `embeddings`, `row_status`, `refusals`, `quarantine` and `work`.

    `require_checked` gets the digest of the rows that are about to be taken, and raises unless a check passed for them.
    `policy`: digest of the rules in force ("" = any); what other rules allowed isn't stored.

    Rows of an asset that a halt touches are thrown away: undone in `work`, it is done again when the halt is over.
    A halt closes no published row: it decides about no right, and opening checks halts itself.
    """
    require_not_ahead(as_of, now)
    staged = judged(tables, tables.read("staged").where(F.col("run_id") == run_id)).persist()
    try:
        # Of the very rows that are taken below: they are persisted, and the table is not read again.
        require_checked(digest_of(staged, tables.schema("staged")))
        free = _not_halted(staged, halted())
        kinds = free.groupBy("kind").agg(F.count("*").alias("n"), F.count_if("bad").alias("bad")).collect()
        counts = {str(r["kind"]): int(r["n"]) for r in kinds}
        good = free.where("kind = 'embedding' AND NOT bad")
        good = good.join(key_frame(tables, open_keys()), "key_id", "left_semi")
        ended = good.limit(0)
        if counts:
            good, ended = _permitted_still(tables, good, now, policy)
            _insert_embeddings(tables, good, now)
            _insert_refusals(tables, free, now)
        if "quarantine" in counts or any(r["bad"] for r in kinds):
            _set_aside(tables, free, run_id, now)
        if counts:
            _close_work(
                tables, free.join(ended.select("asset_id").distinct(), "asset_id", "left_anti"), run_id, now
            )
        changed = settle_now(tables, open_keys, run_id, now)
        tables.clear_run("staged", run_id)
    finally:
        staged.unpersist()
    return {"embeddings": counts.get("embedding", 0), "assets": counts.get("done", 0), **changed}


def _not_halted(staged: DataFrame, halted: Stopped) -> DataFrame:
    """Rows of assets that no halt touches; the others stay behind whole."""
    if not halted.sources and not halted.purposes:
        return staged
    touched = F.col("source_id").isin(sorted(halted.sources)) | (
        (F.col("kind") == "embedding") & F.col("purpose").isin(sorted(halted.purposes))
    )
    return staged.join(staged.where(touched).select("asset_id").distinct(), "asset_id", "left_anti")


def _permitted_still(
    tables: Tables, good: DataFrame, now: datetime, policy: str
) -> tuple[DataFrame, DataFrame]:
    """Staged templates that are permitted at this moment, and the others.

    What ended since it was planned isn't stored, and its asset stays undone in `work`: where it is permitted again, it
    is made again.
    """
    purposes = sorted(row["purpose"] for row in good.select("purpose").distinct().collect())
    same = ["line_id", "asset_id", "purpose"]
    allowed = permitted_lines(tables, purposes, now, good, policy=policy, few=True).select(*same)
    kept = without_left_out(tables, good.join(allowed, same, "left_semi"), purposes, now)
    kept = kept.localCheckpoint()
    return kept, good.join(kept.select("row_id"), "row_id", "left_anti")


def _insert_embeddings(tables: Tables, good: DataFrame, now: datetime) -> None:
    """A row that other work made before is put in place of the old one: its frame, and so its face, may be another."""
    rows = good.withColumn("sealed_at", F.lit(now))
    tables.upsert("embeddings", rows, when="t.work_digest <> s.work_digest")


def _insert_refusals(tables: Tables, staged: DataFrame, now: datetime) -> None:
    """The new counts in place of those of older work, which would count the same faces again.

    Counts for a purpose that this work wasn't for stay.
    """
    rows = staged.where("kind = 'refusal'").withColumn("purpose", F.coalesce("purpose", F.lit("")))
    if not rows.isEmpty():
        tables.insert_missing("refusals", rows.withColumn("recorded_at", F.lit(now)))
    if not tables.exists("refusals"):
        return
    purposes = F.transform("made_for", lambda part: F.substring_index(part, "=", 1))
    ended = _ended(staged).select("asset_id", F.col("work_digest").alias("now"), purposes.alias("purposes"))
    old = tables.read("refusals").join(ended, "asset_id").where("work_digest <> now")
    old = old.where("purpose = '' OR array_contains(purposes, purpose)").select(
        "asset_id", "work_digest", "purpose"
    )
    old = old.distinct().persist()
    if not old.isEmpty():
        tables.delete_matching("refusals", old, ["asset_id", "work_digest", "purpose"])
    old.unpersist()


def _set_aside(tables: Tables, staged: DataFrame, run_id: str, now: datetime) -> None:
    """Files that failed while being decoded, and rows that break their contract."""
    bad = staged.where("bad").select(
        F.lit("row").alias("item"), "asset_id", "source_id", F.col("fault").alias("reason")
    )
    files = staged.where("kind = 'quarantine'").select(
        F.lit("file").alias("item"), "asset_id", "source_id", "reason"
    )
    rows: list[dict[str, object]] = [
        r.asDict() | {
            "quarantine_id": new_id("quarantine", r["item"], r["asset_id"], r["reason"]),
            "run_id": run_id, "recorded_at": now,
        }
        for r in bad.unionByName(files).distinct().collect()
    ]  # fmt: skip
    tables.insert_rows("quarantine", rows)


def _ended(staged: DataFrame) -> DataFrame:
    """What says what the work on an asset came to: one row each. A file out of reach came to nothing yet."""
    again = (F.col("kind") == "quarantine") & F.col("reason").isin(sorted(MediaReason.AGAIN))
    return staged.where("kind IN ('done', 'quarantine')").where(~F.coalesce(again, F.lit(False)))


def _close_work(tables: Tables, staged: DataFrame, run_id: str, now: datetime) -> None:
    """Work that was done before and is done again counts from now on: the newest is what holds, and it is newer than
    what is there, even if a clock is behind. A file that couldn't be reached is no work: it waits for a run that can.
    """
    last = tables.read("work").groupBy("asset_id").agg(F.max("recorded_at").alias("last"))
    rows = (
        _ended(staged)
        .groupBy("asset_id", "work_digest")
        .agg(
            F.max(F.col("kind") == "quarantine").alias("bad"),
            F.first("model_id").alias("model_id"),
            F.first("made_for").alias("made_for"),
            F.max(F.when(F.col("kind") == "done", F.col("faces"))).alias("faces"),
            F.max(F.when(F.col("kind") == "done", F.col("count"))).alias("faces_embedded"),
        )
        .join(last, "asset_id", "left")
        .withColumn("state", F.expr("IF(bad, 'quarantined', 'done')"))
        .withColumn("run_id", F.lit(run_id))
        .withColumn("recorded_at", F.greatest(F.lit(now), F.col("last") + F.expr("INTERVAL 1 MICROSECOND")))
    )
    tables.upsert("work", rows)


def record_runs(tables: Tables, records: list[TaskRecord], as_of: datetime) -> None:
    """Bring `runs` up to date with what the tasks of this run left."""
    rows: list[dict[str, object]] = [
        {
            "run_id": r.run_id, "task": r.task, "status": r.status, "as_of": as_of,
            "started_at": datetime.fromisoformat(r.started_at), "finished_at": datetime.fromisoformat(r.finished_at),
            "seconds": r.seconds, "cpu_seconds": r.cpu_seconds, "counts": json.dumps(r.counts, sort_keys=True),
            "policy_digest": r.digests.get("policy"), "model_id": r.digests.get("model"), "version": __version__,
        }
        for r in records
    ]  # fmt: skip
    tables.upsert("runs", tables.frame("runs", rows), when="t.finished_at <> s.finished_at")
