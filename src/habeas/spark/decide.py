"""Decide: facts of both gates, distinct fact sets to the packs once each, and only what changed is written."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from habeas.model.decision import Action
from habeas.policy import facts as policy_facts
from habeas.policy.decide import Decider, rule_names
from habeas.policy.packs import Pack
from habeas.spark.decisions import current
from habeas.spark.facts import derived_lines, derived_scans
from habeas.spark.tables import Tables
from habeas.steps.derive_rows import Question

__all__ = ["Question", "decide"]

_VERDICT = (
    "facts_digest string, effect string, rules array<string>, missing array<string>, retention_days int, "
    "obligations array<string>, regulator_effect string, regulator_rules array<string>"
)
_THING = ("action", "asset_id", "line_id", "purpose")


def decide(
    tables: Tables, packs: Sequence[Pack], question: Question, open_keys: frozenset[str]
) -> dict[str, int]:
    """Decide `embed` per roster line, then `scan` per asset, for each wanted purpose; returns counts."""
    counts = _settle(tables, packs, derived_lines(tables, question, open_keys), question, Action.EMBED)
    return counts | _settle(tables, packs, derived_scans(tables, question), question, Action.SCAN)


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
            *_THING, F.struct("facts_digest", "policy_digest", "valid_until", "key_id").alias("before")
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
                | ~F.col("before.key_id").eqNullSafe(F.col("d.key_id"))
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


def _verdict(decider: Decider, action: str, facts: str, digest: str) -> tuple[object, ...]:
    verdict = decider.decide(Action(action), policy_facts.parse(facts))
    read = verdict.regulator
    return (
        digest, str(verdict.effect), list(rule_names(verdict)), list(verdict.missing), verdict.retention_days,
        list(verdict.obligations), str(read.effect) if read else None, list(rule_names(read)) if read else [],
    )  # fmt: skip
