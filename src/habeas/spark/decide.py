"""Decide: facts of both gates, distinct fact sets to the packs once each, and only what changed is written.

Facts are derived by the core's own pure functions inside the worker: one truth, no second copy in SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from habeas.model.decision import Action
from habeas.model.ids import new_id
from habeas.model.people import RosterLine, Source
from habeas.policy import facts as policy_facts
from habeas.policy.decide import Decider, rule_names
from habeas.policy.packs import Pack
from habeas.spark.decisions import current, key_frame
from habeas.spark.tables import Tables
from habeas.steps.derive import embed_facts, scan_facts
from habeas.steps.ledger_rows import statement_of

_DERIVED = (
    "decision_id string, action string, asset_id string, line_id string, purpose string, "
    "facts string, facts_digest string, valid_until timestamp"
)
_TEXTS = ("decision_id", "action", "asset_id", "line_id", "purpose", "facts", "facts_digest")
_ARROW = pa.schema([*((name, pa.string()) for name in _TEXTS), ("valid_until", pa.timestamp("us", "UTC"))])
_THING = ("action", "asset_id", "line_id", "purpose")


@dataclass(frozen=True)
class Question:
    """What is the same for every decision of a run. Travels to the workers: plain values only."""

    wanted: tuple[str, ...]  # purposes to decide for
    known: frozenset[str]  # purposes there are
    policy: str  # digest of the packs
    as_of: datetime
    known_at: datetime
    run_id: str


def decide(
    tables: Tables, packs: Sequence[Pack], question: Question, open_keys: frozenset[str]
) -> dict[str, int]:
    """Decide `embed` per roster line, then `scan` per asset, for each wanted purpose; returns counts."""
    lines = _derive(_lines(tables, open_keys), _embed_deriver(_sources(tables), question))
    counts = _settle(tables, packs, lines, question, Action.EMBED)
    assets = _derive(_assets(tables), _scan_deriver(_sources(tables), question))
    return counts | _settle(tables, packs, assets, question, Action.SCAN)


def _lines(tables: Tables, open_keys: frozenset[str]) -> DataFrame:
    """Roster lines with their asset, all statements of the person, and the purposes they hold an open key for."""
    assets = (
        tables.read("assets").where("present").select("asset_id", "source_id", "captured_at", "catalogued_at")
    )
    said = tables.read("consents")
    statements = said.groupBy("subject_id").agg(F.collect_list(F.struct(*said.columns)).alias("statements"))
    keys = tables.read("keys").select("subject_id", "purpose", "generation", "key_id")
    newest = keys.groupBy("subject_id", "purpose").agg(F.max_by("key_id", "generation").alias("key_id"))
    held = (
        newest.join(key_frame(tables, open_keys).withColumn("open", F.lit(True)), "key_id", "left")
        .groupBy("subject_id")
        .agg(
            F.map_from_entries(F.collect_list(F.struct("purpose", F.coalesce("open", F.lit(False))))).alias(
                "keys"
            )
        )
    )
    lines = tables.read("rosters").join(assets, "asset_id")
    return lines.join(statements, "subject_id", "left").join(held, "subject_id", "left")


def _assets(tables: Tables) -> DataFrame:
    """Assets with the purposes some listed person is allowed for, and until when that holds."""
    decided = current(tables.read("decisions")).where("action = 'embed'")
    allowed = decided.groupBy("asset_id", "purpose").agg(
        F.max(F.col("effect") == "allow").alias("allowed"), F.min("valid_until").alias("until")
    )
    by_asset = allowed.groupBy("asset_id").agg(
        F.collect_list(F.struct("purpose", "allowed", "until")).alias("lines")
    )
    assets = tables.read("assets").where("present AND media IN ('photo', 'clip')")
    return assets.select("asset_id", "source_id", "captured_at", "catalogued_at").join(
        by_asset, "asset_id", "left"
    )


Deriver = Callable[[dict[str, object]], list[dict[str, object]]]


def _embed_deriver(sources: dict[str, Source], question: Question) -> Deriver:
    def derive(row: dict[str, object]) -> list[dict[str, object]]:
        line = _roster_line(row)
        said = [statement_of(s) for s in row["statements"] or []]  # type: ignore[attr-defined]
        keys = dict(row["keys"] or [])  # type: ignore[call-overload]
        found = []
        for purpose in question.wanted:
            derived = embed_facts(
                source=sources.get(str(row["source_id"])), line=line, purpose=purpose, purposes=question.known,
                statements=said, key_open=keys.get(purpose), captured_at=row["captured_at"],
                catalogued_at=row["catalogued_at"], as_of=question.as_of,
                known_at=question.known_at,
            )  # type: ignore[arg-type]  # fmt: skip
            found.append(_derived(Action.EMBED, row, purpose, derived.facts, derived.valid_until, question))
        return found

    return derive


def _scan_deriver(sources: dict[str, Source], question: Question) -> Deriver:
    def derive(row: dict[str, object]) -> list[dict[str, object]]:
        lines = {str(x["purpose"]): x for x in row["lines"] or []}  # type: ignore[attr-defined]
        found = []
        for purpose in question.wanted:
            listed = lines.get(purpose, {"allowed": None, "until": None})
            derived = scan_facts(
                source=sources.get(str(row["source_id"])), purpose=purpose, purposes=question.known,
                captured_at=row["captured_at"], catalogued_at=row["catalogued_at"],
                line_allowed=listed["allowed"], lines_valid_until=listed["until"], as_of=question.as_of,
            )  # type: ignore[arg-type]  # fmt: skip
            found.append(_derived(Action.SCAN, row, purpose, derived.facts, derived.valid_until, question))
        return found

    return derive


def _derive(rows: DataFrame, deriver: Deriver) -> DataFrame:
    def derive_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            found = [derived for row in batch.to_pylist() for derived in deriver(row)]
            yield pa.RecordBatch.from_pylist(found, schema=_ARROW)

    return rows.mapInArrow(derive_batches, _DERIVED)


def _settle(
    tables: Tables, packs: Sequence[Pack], derived: DataFrame, question: Question, action: Action
) -> dict[str, int]:
    """Ask the packs about each distinct fact set once, join the answers back, write what changed."""
    derived = derived.persist()
    try:
        distinct = derived.select("action", "facts", "facts_digest").distinct().collect()
        decider = Decider(packs)
        verdicts = tables.spark.createDataFrame(
            [_verdict(decider, r["action"], r["facts"], r["facts_digest"]) for r in distinct], _VERDICT
        )
        before = current(tables.read("decisions")).where(F.col("action") == action.value)
        before = before.select(
            *_THING, F.struct("facts_digest", "policy_digest", "valid_until").alias("before")
        )
        same_thing = [F.col(f"d.{c}").eqNullSafe(F.col(f"b.{c}")) for c in _THING]
        changed = (
            derived.alias("d")
            .join(before.alias("b"), same_thing, "left")
            .where(
                F.col("before").isNull()
                | (F.col("before.facts_digest") != F.col("d.facts_digest"))
                | (F.col("before.policy_digest") != F.lit(question.policy))
                | (F.col("before.valid_until") <= F.lit(question.as_of))
                | ~F.col("before.valid_until").eqNullSafe(F.col("d.valid_until"))
            )
            .select("d.*")
            .join(verdicts, "facts_digest")
            .withColumn("policy_digest", F.lit(question.policy))
            .withColumn("as_of", F.lit(question.as_of))
            .withColumn("run_id", F.lit(question.run_id))
        ).persist()
        counts = {
            str(r["effect"]): int(r["n"])
            for r in changed.groupBy("effect").agg(F.count("*").alias("n")).collect()
        }
        if counts:
            sets = changed.select("facts_digest", "action", "facts").distinct()
            tables.insert_missing("fact_sets", sets.withColumn("recorded_at", F.lit(question.as_of)))
            tables.insert_missing("decisions", changed)
        changed.unpersist()
        return {f"{action.value}_{effect}": n for effect, n in counts.items()} | {
            f"{action.value}_fact_sets": len(distinct)
        }
    finally:
        derived.unpersist()


_VERDICT = (
    "facts_digest string, effect string, rules array<string>, missing array<string>, retention_days int"
)


def _verdict(decider: Decider, action: str, facts: str, digest: str) -> tuple[object, ...]:
    verdict = decider.decide(Action(action), policy_facts.parse(facts))
    return (
        digest,
        str(verdict.effect),
        list(rule_names(verdict)),
        list(verdict.missing),
        verdict.retention_days,
    )


def _derived(action: Action, row: Mapping[str, object], purpose: str, facts: Mapping[str, bool | int | str],
             until: datetime | None, question: Question) -> dict[str, object]:  # fmt: skip
    digest = policy_facts.facts_digest(action, facts)
    asset, line = str(row["asset_id"]), row.get("line_id")
    return {
        "decision_id": new_id("decision", action.value, asset, str(line or ""), purpose, digest,
                              question.policy, question.as_of),
        "action": action.value, "asset_id": asset, "line_id": line, "purpose": purpose,
        "facts": policy_facts.canonical(facts), "facts_digest": digest, "valid_until": until,
    }  # fmt: skip


def _sources(tables: Tables) -> dict[str, Source]:
    rows = [r.asDict() for r in tables.read("sources").collect()]
    return {r["source_id"]: Source(**(r | {"purposes": tuple(r["purposes"])})) for r in rows}


def _roster_line(row: Mapping[str, object]) -> RosterLine:
    plain = {n: row[n] for n in ("line_id", "asset_id", "subject_id", "from_ms", "to_ms", "position", "closed",
                                 "attested_by", "attested_at")}  # fmt: skip
    return RosterLine(**plain, region=None)  # type: ignore[arg-type]  # where they are plays no part in whether they may
