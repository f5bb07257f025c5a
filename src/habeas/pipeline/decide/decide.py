"""Decide: derive the facts of both gates, evaluate each distinct fact set once, and write what changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache

from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from habeas.model.decision import Action
from habeas.oversight.runs.last_run import Last, mark_words, whole_word
from habeas.pipeline.current import current_decisions as decisions
from habeas.pipeline.current import current_lines as lines_module
from habeas.pipeline.current.current_decisions import current, dated_ahead
from habeas.pipeline.current.current_lines import current_lines
from habeas.pipeline.current.verified_decisions import signed, signed_few, unsigned, with_forged
from habeas.pipeline.decide import derive_facts as facts
from habeas.pipeline.decide import due_lines as due
from habeas.pipeline.decide import table_changes as since
from habeas.pipeline.decide.derive_facts import derived_lines, derived_scans, sets_of, with_stored
from habeas.pipeline.decide.due_lines import due_since
from habeas.pipeline.decide.table_changes import Seen
from habeas.policy.derivation.derive_rows import DecisionRequest
from habeas.policy.derivation.source_digest import source_digest
from habeas.policy.rules.decide import Decider, rule_names
from habeas.policy.rules.packs import Pack
from habeas.warehouse.delta.table_lock import table_lock
from habeas.warehouse.spark_frames import FEW, again, local, looked_up
from habeas.warehouse.spark_session import jvm_pid
from habeas.warehouse.spark_tables import Tables

__all__ = ["DecisionRequest", "decide", "with_stored"]

_VERDICT = (
    "facts_digest string, effect string, rules array<string>, missing array<string>, retention_days int, "
    "obligations array<string>, regulator_effect string, regulator_rules array<string>"
)
# Millions of rows kept in the heap would keep the collector busy, and they are read two or three times.
_ASIDE = StorageLevel.DISK_ONLY
_THING = ("action", "asset_id", "line_id", "purpose")
_BEFORE = (
    "facts_digest",
    "policy_digest",
    "valid_until",
    "key_id",
    "as_of",
    "recorded_at",
    "known_at",
    "run_id",
    "decision_id",
    "pack_digest",
    "effect",
    "obligations",
    "mac",
)
_GATHERS = (facts, due, since, lines_module, decisions)
_LOCK = "deciding"
_WAIT_S = 3600.0


def decide(
    tables: Tables,
    packs: Sequence[Pack],
    question: DecisionRequest,
    open_keys: frozenset[str],
    last: Last | str = "every line was asked for",
    now: datetime | None = None,
) -> tuple[dict[str, int], dict[str, str]]:
    """Decide `embed` per roster line, then `scan` per asset, for each wanted purpose.

    `last`: the run to go on from, or why there is none; see `oversight.runs.last_run`. `now`: the machine's time,
    noted with what is written; default: when this run began. Returns counts, and the words by which the next run can
    go on from this one.

    One run decides at a time: the order in which decisions are recorded is the order in which they were made.
    """
    recorded_at = now or question.known_at
    with table_lock(tables.warehouse, _LOCK, jvm_pid(tables.spark), _WAIT_S, tables.guard):
        return _decide(tables, packs, question, open_keys, last, recorded_at)


def _decide(
    tables: Tables, packs: Sequence[Pack], question: DecisionRequest, open_keys: frozenset[str], last: Last | str,
    recorded_at: datetime,
) -> tuple[dict[str, int], dict[str, str]]:  # fmt: skip
    seen = Seen(tables)
    question = with_stored(tables, question)
    due = due_since(tables, seen, last, question, open_keys)
    some = None if isinstance(due, str) else due  # None: every line and every asset
    counts = {"embed_fact_sets": 0, "scan_fact_sets": 0}
    with _kept(None if some is None else some.lines) as (lines, count):
        counts["lines_due"] = current_lines(tables.read("rosters")).count() if some is None else count
        if some is None or count:
            derived = derived_lines(tables, question, open_keys, lines)
            counts |= _settle(tables, packs, derived, question, Action.EMBED, lines, recorded_at)
    with _kept(None if some is None else some.assets()) as (assets, count):
        if some is None or count:
            derived = derived_scans(tables, question, only=assets)
            counts |= _settle(tables, packs, derived, question, Action.SCAN, assets, recorded_at)
    since = {"whole": due} if isinstance(due, str) else {"since": due.last.run_id}
    whole_at = question.known_at if isinstance(due, str) else due.last.whole_at
    return counts, since | (whole_word(whole_at) if whole_at else {}) | mark_words(seen.marks)


@cache
def gathered_by() -> str:
    """Digest of what reads the rows that facts are derived from, and finds those that are due."""
    return source_digest({__name__, *(module.__name__ for module in _GATHERS)})


@contextmanager
def _kept(frame: DataFrame | None) -> Iterator[tuple[DataFrame | None, int]]:
    """A frame and how many rows it has; computed once, so that what joins with it knows how small it is."""
    if frame is None:
        yield None, 0
        return
    rows = looked_up(frame)
    if rows is not None:
        yield again(frame, rows), rows.num_rows
        return
    frame = frame.persist()
    try:
        yield frame, frame.count()
    finally:
        frame.unpersist()


def _settle(
    tables: Tables, packs: Sequence[Pack], derived: DataFrame, question: DecisionRequest, action: Action,
    due: DataFrame | None, recorded_at: datetime,
) -> dict[str, int]:  # fmt: skip
    """Ask the packs about each distinct fact set once, join the answers back, write what changed."""
    derived, held = derived.persist(_ASIDE), None
    try:
        distinct = sets_of(derived).collect()
        decider = Decider(packs)
        answers = [
            _verdict(decider, r["action"], r["facts"], r["facts_digest"]) for r in tables.guarded(distinct)
        ]
        verdicts = local(tables.spark, answers, _VERDICT)
        stored = tables.read("decisions").where(F.col("action") == action.value)
        if due is not None:
            thing = "line_id" if action is Action.EMBED else "asset_id"
            stored = stored.join(due.select(thing), thing, "left_semi")
        pack = F.lit(question.pack or None).cast("string")
        held = current(stored).persist(_ASIDE)  # verified first, then compared
        before = with_forged(tables, held).select(*_THING, F.struct(*_BEFORE).alias("before"), "forged")
        same_thing = [F.col(f"d.{c}").eqNullSafe(F.col(f"b.{c}")) for c in _THING]
        changed = (
            derived.alias("d")
            .join(before.alias("b"), same_thing, "left")
            .select("d.*", "before", "forged")
            .join(verdicts, "facts_digest")
            .where(
                F.col("before").isNull()
                | (F.col("before.facts_digest") != F.col("facts_digest"))
                | (F.col("before.policy_digest") != F.lit(question.policy))
                | (F.col("before.valid_until") <= F.lit(question.as_of))
                | ~F.col("before.valid_until").eqNullSafe(F.col("valid_until"))
                | ~F.col("before.key_id").eqNullSafe(F.col("key_id"))
                | ~F.col("before.pack_digest").eqNullSafe(pack)
                | (F.col("before.effect") != F.col("effect"))
                | ~F.col("before.obligations").eqNullSafe(F.col("obligations"))
                | F.col("forged")
                | dated_ahead(F.col("before.as_of"), recorded_at)
            )
            .drop("facts", "forged")
            .where(~((F.col("effect") == "allow") & _knew_more(question, recorded_at)))
            .withColumn("recorded_at", _after_the_last(recorded_at))
            .withColumn("known_at", F.lit(question.known_at))
            .withColumn("policy_digest", F.lit(question.policy))
            .withColumn("pack_digest", pack)
            .withColumn("as_of", F.lit(question.as_of))
            .withColumn("run_id", F.lit(question.run_id))
            .drop("before")
        )
        changed, counts = _counted(tables, changed, few=due is not None)
        if counts:
            _store(tables, distinct, recorded_at)
            tables.insert_missing("decisions", changed, as_of=question.as_of, action=action.value)
        return {f"{action.value}_{effect}": n for effect, n in counts.items()} | {
            f"{action.value}_fact_sets": len(distinct)
        }
    finally:
        derived.unpersist()
        if held is not None:
            held.unpersist()


def _knew_more(question: DecisionRequest, now: datetime) -> Column:
    """Whether the decision before is of a run that began later than this one, so that it read a newer ledger.

    A run that was cleared long after, or that others overtook, may close what those opened and open nothing that
    they closed. A time ahead of now is a wrong clock's and shows nothing.
    """
    known_at = F.col("before.known_at")
    later = (known_at > F.lit(question.known_at)) & ~dated_ahead(known_at, now)
    return F.coalesce(later & (F.col("before.run_id") != F.lit(question.run_id)), F.lit(False))


def _after_the_last(now: datetime) -> Column:
    """A decision is recorded after the one it replaces, also where a clock ran ahead then."""
    return F.greatest(F.lit(now), F.col("before.recorded_at") + F.expr("INTERVAL 1 MICROSECOND"))


def _counted(tables: Tables, changed: DataFrame, few: bool) -> tuple[DataFrame, dict[str, int]]:
    """What changed, computed once and signed, and how many of each effect."""
    rows = looked_up(changed) if few else None
    if rows is not None:
        counts = dict(Counter(rows.column("effect").to_pylist()))
        return again(unsigned(changed), signed_few(tables, rows)), counts
    # What is only persisted is computed anew whenever a table it reads is written.
    changed = signed(tables, changed).localCheckpoint(storageLevel=_ASIDE)
    effects = changed.groupBy("effect").agg(F.count("*").alias("n")).collect()
    return changed, {str(row["effect"]): int(row["n"]) for row in effects}


def _store(tables: Tables, sets: Sequence[Row], recorded_at: datetime) -> None:
    """Keep the very fact sets that were asked about, in parts: a cluster's task carries 128 MB at most."""
    for start in range(0, len(sets), FEW):
        part = sets[start : start + FEW]
        tables.insert_rows("fact_sets", [r.asDict() | {"recorded_at": recorded_at} for r in part])


def _verdict(decider: Decider, action: str, facts: str, digest: str) -> tuple[object, ...]:
    verdict = decider.decide_text(Action(action), facts)
    read = verdict.regulator
    return (
        digest, str(verdict.effect), list(rule_names(verdict)), list(verdict.missing), verdict.retention_days,
        list(verdict.obligations), str(read.effect) if read else None, list(rule_names(read)) if read else [],
    )  # fmt: skip
