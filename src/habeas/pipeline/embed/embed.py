"""Embed: plan what is allowed and not yet done, then one worker function makes every row of `staged`.

Nothing here can reach what opens a seal: the worker gets public keys out of the plan and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

from habeas.faces.plan import AssetPlan, Kind, StagedRow
from habeas.model.errors import HabeasError, Unavailable
from habeas.model.lines import Grant, Line
from habeas.model.orders import NOTHING_HALTED, Stopped
from habeas.pipeline.current.current_decisions import current
from habeas.pipeline.current.current_lines import current_lines
from habeas.pipeline.current.outdated import in_force
from habeas.pipeline.current.permitted import permitted_lines, permitted_scans
from habeas.pipeline.current.verified_decisions import require_sound
from habeas.pipeline.embed import work_shares as shares
from habeas.warehouse.spark_tables import Tables

_LINE = ("line_id", "subject_id", "from_ms", "to_ms", "x0", "y0", "x1", "y1", "position", "closed", "row")
_GRANT = (
    "purpose", "decision_id", "facts_digest", "policy_digest", "expires_at",
    "key_id", "generation", "suite", "public_key", "signature",
)  # fmt: skip
_ROWS_AT_ONCE = 256  # handed to the JVM together: one asset's few rows cost as much to hand over


def plan(
    tables: Tables,
    purposes: list[str],
    identity: str,
    source: str | None = None,
    captured_from: datetime | None = None,
    captured_to: datetime | None = None,
    halted: Stopped = NOTHING_HALTED,
    now: datetime | None = None,
    *,
    model_id: str,
    pack: str,
    policy: str = "",
    away: Collection[str] = (),
) -> DataFrame:
    """Assets that both gates let through now, whose newest work isn't this very work already, and that no halt touches.

    `pack` is the digest of the model's pack, `policy` that of the rules in force ("" = any): decisions about another
    pack or by other rules permit nothing here. `identity` names
    everything else the result depends on: settings, the way files are read. `away`: sources whose folders can't be used
    now; their assets wait. One row an asset: asset_id, source_id, location, media, work_digest, made_for, model_id,
    lines (with their grants).
    """
    at, rosters = now or datetime.now(UTC), current_lines(tables.read("rosters"))
    scans = permitted_scans(tables, purposes, at, pack, policy)
    grants = (
        permitted_lines(tables, purposes, at, rosters, policy=policy)
        .where(F.col("pack_digest") == pack)
        .join(scans, ["asset_id", "purpose"], "left_semi")
        .join(tables.read("keys"), ["subject_id", "purpose", "key_id"])
        .withColumn("expires_at", F.col("valid_until"))
        .groupBy("line_id", "asset_id")
        .agg(F.sort_array(F.collect_list(F.struct(*_GRANT))).alias("grants"))
    )
    lines = (
        rosters.join(grants, ["line_id", "asset_id"], "left")
        .groupBy("asset_id")
        .agg(
            F.sort_array(F.collect_list(F.struct(*_LINE, "grants"))).alias("lines"),
            F.max(F.col("grants").isNotNull()).alias("wanted"),
        )
        .where("wanted")
    )
    assets = _assets(tables, source, captured_from, captured_to)
    planned = assets.join(lines, "asset_id").where(~_touched(halted) & ~F.col("source_id").isin(sorted(away)))
    planned = planned.withColumn("model_id", F.lit(model_id))
    planned = planned.withColumn("made_for", _made_for(identity, pack, purposes))
    planned = planned.withColumn("work_digest", F.sha2(F.concat_ws("|", "model_id", "made_for"), 256))
    done = in_force(tables.read("work")).where(F.col("model_id") == model_id)
    done = done.groupBy("asset_id").agg(F.collect_set("part").alias("done"))
    new = F.array_except("made_for", F.coalesce("done", F.array().cast("array<string>")))
    names = (
        "asset_id", "source_id", "location", "media", "bytes", "work_digest", "made_for", "model_id", "lines",
    )  # fmt: skip
    return planned.join(done, "asset_id", "left").where(F.size(new) > 0).select(*names)


def source_folders(tables: Tables) -> dict[str, str]:
    """Source id -> its folder, relative to the archive."""
    return {r["source_id"]: r["root"] for r in tables.rows("sources")}


def _assets(
    tables: Tables, source: str | None, captured_from: datetime | None, captured_to: datetime | None
) -> DataFrame:
    assets = tables.read("assets").where("present AND media IN ('photo', 'clip')")
    if source is not None:
        assets = assets.where(F.col("source_id") == source)
    if captured_from is not None:
        assets = assets.where(F.col("captured_at") >= F.lit(captured_from))
    if captured_to is not None:
        assets = assets.where(F.col("captured_at") < F.lit(captured_to))
    return assets


def _touched(halted: Stopped) -> Column:
    """Assets of a halted source or wanted for a halted purpose: left whole for later, so that what is made of them
    then is what would be made now.
    """
    wanted = F.flatten(F.transform("lines", lambda li: F.coalesce(li["grants"]["purpose"], F.array())))
    purposes = F.array(*[F.lit(p) for p in sorted(halted.purposes)]).cast("array<string>")
    return F.col("source_id").isin(sorted(halted.sources)) | F.arrays_overlap(wanted, purposes)


def _made_for(identity: str, pack: str, purposes: list[str]) -> Column:
    """purpose=digest-pack for each wanted purpose, as `warehouse.current.outdated` reads it.

    A digest covers what decides the rows for that purpose: settings, the asset's lines, and who is allowed for it under
    which key. Not what else is wanted: work for one purpose says nothing about the rows of another.
    """
    parts = [
        F.concat(F.lit(f"{each}="), _digest_for(identity, each), F.lit(f"-{pack[:32]}"))
        for each in sorted(purposes)
    ]
    return F.array(*parts)


def _digest_for(identity: str, purpose: str) -> Column:
    def line(li: Column) -> Column:
        granted = F.filter(F.coalesce(li["grants"], F.array()), lambda g: g["purpose"] == purpose)
        keys = F.transform(granted, lambda g: g["key_id"]).alias("keys")
        return F.struct(*[li[c].alias(c) for c in _LINE], keys)

    lines = F.to_json(F.transform("lines", line))
    return F.sha2(F.concat_ws("|", F.lit(identity), F.lit(purpose), lines), 256)


Worker = Callable[[AssetPlan], list[StagedRow]]


def stage(
    tables: Tables, planned: DataFrame, make_worker: Callable[[], Worker], run_id: str
) -> dict[str, int]:
    """Run the worker over the plan and write every row it makes in one commit; returns counts.

    `make_worker` is called in each task that has work; it keeps what is dear (models, keys) for its process.
    """
    planned = planned.persist()
    try:
        counts, whole = planned_counts(planned)
        left = tables.read("staged").where(F.col("run_id") == run_id)
        if counts["assets_planned"] == 0 and left.isEmpty():
            return counts
        _require_sound_decisions(tables, planned)
        shared = shares.partition_by_cost(
            planned, counts["assets_planned"], whole, tables.spark.sparkContext.defaultParallelism
        )
        shape = tables.schema("staged")
        rows = shared.mapInArrow(_in_worker(make_worker, shape, run_id), shape)
        tables.replace_run("staged", rows, run_id)
        return counts | _staged_counts(tables, run_id, counts["assets_planned"])
    finally:
        planned.unpersist()


def _require_sound_decisions(tables: Tables, planned: DataFrame) -> None:
    """Raise IntegrityError, before any file is opened, where a decision that allows one of these isn't sound."""
    if tables.trust is None:
        return
    about = tables.read("decisions").join(planned.select("asset_id"), "asset_id", "left_semi")
    allowing = current(about).where("effect = 'allow'").persist()
    try:
        require_sound(tables, allowing)
    finally:
        allowing.unpersist()


def planned_counts(planned: DataFrame) -> tuple[dict[str, int], float]:
    """How much a plan holds: assets, roster lines in them, bytes to read; and the seconds they may take together."""
    wanted = {"lines": F.size("lines"), "bytes": F.col("bytes"), "seconds": shares.seconds()}
    sums = [F.coalesce(F.sum(each), F.lit(0)).alias(name) for name, each in wanted.items()]
    row = planned.agg(F.count("*").alias("assets"), *sums).collect()[0]
    counts = {f"{name}_planned": int(row[name]) for name in ("assets", "lines", "bytes")}
    return counts, float(row["seconds"])


def _staged_counts(tables: Tables, run_id: str, planned: int) -> dict[str, int]:
    """What was staged. An asset that was planned and left no row was halted meanwhile."""
    rows = tables.read("staged").where(F.col("run_id") == run_id)
    kinds = rows.groupBy("kind").agg(
        F.count("*").alias("n"), F.sum("count").alias("faces"), F.sum("frames_decoded").alias("frames"),
        F.sum("embedder_faces").alias("calls"),
    )  # fmt: skip
    by_kind = {r["kind"]: r for r in kinds.collect()}
    done, refused = by_kind.get("done"), by_kind.get("refusal")
    quarantined = by_kind["quarantine"]["n"] if "quarantine" in by_kind else 0
    return {
        "embeddings": by_kind["embedding"]["n"] if "embedding" in by_kind else 0,
        "faces_refused": (refused["faces"] or 0) if refused else 0,
        "assets_done": done["n"] if done else 0,
        "assets_quarantined": quarantined,
        "assets_halted": planned - quarantined - (done["n"] if done else 0),
        "frames_decoded": (done["frames"] or 0) if done else 0,
        "embedder_faces": (done["calls"] or 0) if done else 0,
    }


def _in_worker(
    make_worker: Callable[[], Worker], fields: StructType, run_id: str
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    schema = to_arrow_schema(fields, timezone="UTC")

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        worker: Worker | None = None
        rows: list[dict[str, object]] = []
        for batch in batches:
            for row in batch.to_pylist():
                worker = worker or make_worker()
                rows += [_staged(s, run_id) for s in _guarded(worker, asset_plan(row))]
                if len(rows) >= _ROWS_AT_ONCE:
                    yield pa.RecordBatch.from_pylist(rows, schema=schema)
                    rows = []
        if rows:
            yield pa.RecordBatch.from_pylist(rows, schema=schema)

    return work


def _guarded(worker: Worker, plan: AssetPlan) -> list[StagedRow]:
    """An unexpected error in one asset becomes one quarantine row, without the text of the error, which could hold
    values of a row.
    """
    try:
        return worker(plan)
    except HabeasError as error:
        raise error from None
    except (OSError, MemoryError) as error:
        raise Unavailable(
            f"a worker ran out of something ({type(error).__name__})", hint="Try again."
        ) from None
    except Exception:  # noqa: BLE001  # whatever it was, its text may hold values of a row
        return [
            StagedRow(Kind.QUARANTINE, plan.asset_id, plan.source_id, plan.work_digest, "unexpected_error",
                      model_id=plan.model_id, made_for=plan.made_for)
        ]  # fmt: skip


def asset_plan(row: dict[str, object]) -> AssetPlan:
    """Plan of one asset, from a row of the planning DataFrame."""
    lines = tuple(_line(li) for li in row["lines"])  # type: ignore[attr-defined]
    return AssetPlan(
        asset_id=str(row["asset_id"]), source_id=str(row["source_id"]), location=str(row["location"]),
        media=str(row["media"]), work_digest=str(row["work_digest"]), lines=lines, model_id=str(row["model_id"]),
        made_for=tuple(row["made_for"]),  # type: ignore[arg-type]
    )  # fmt: skip


def _line(value: dict[str, object]) -> Line:
    corners = tuple(value[c] for c in ("x0", "y0", "x1", "y1"))
    plain = {c: value[c] for c in ("line_id", "subject_id", "from_ms", "to_ms", "position", "closed", "row")}
    grants = tuple(
        Grant(**{c: g[c] for c in _GRANT if c != "signature"}, key_signature=bytes(g["signature"]))
        for g in value["grants"] or []  # type: ignore[attr-defined]
    )
    return Line(**plain, region=None if None in corners else corners, grants=grants)  # type: ignore[arg-type]


def _staged(row: StagedRow, run_id: str) -> dict[str, object]:
    """A row as the table holds it: what a kind doesn't use is null, not empty."""
    q = row.quality
    empty_is_null = {
        name: getattr(row, name) or None
        for name in ("reason", "purpose", "row_id", "line_id", "subject_id", "key_id", "model_id", "preprocessing",
                     "transform", "decision_id", "sealed", "suite", "format_version", "made_for")
    }  # fmt: skip
    embedding = row.kind == "embedding"
    return empty_is_null | {
        "kind": str(row.kind), "run_id": run_id, "asset_id": row.asset_id, "source_id": row.source_id,
        "work_digest": row.work_digest, "count": row.count, "expires_at": row.expires_at,
        "frame_ms": row.frame_ms if embedding else None, "rank": row.rank if embedding else None,
        "q_size_px": q and q.size_px, "q_sharpness": q and q.sharpness, "q_exposure": q and q.exposure,
        "q_frontality": q and q.frontality, "q_norm_ok": q and q.norm_ok,
        "frames_decoded": row.frames_decoded, "embedder_faces": row.embedder_faces, "faces": row.faces,
    }  # fmt: skip
