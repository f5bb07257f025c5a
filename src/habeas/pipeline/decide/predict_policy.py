"""What the next run would decide by other rules: derived and decided by the run's own code, written nowhere.

Each set of rules is asked on facts of its own, since lists (activities, waivers, statutes) are part of a set and
facts follow from them. Gate 1 rests on what gate 2 would say, so predicted decisions stand in for stored ones there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from habeas.model.decision import Action
from habeas.pipeline.current.current_decisions import key_frame, newest_status
from habeas.pipeline.decide.derive_facts import derived_lines, derived_scans, sets_of, with_stored
from habeas.policy.derivation.derive_rows import DecisionRequest
from habeas.policy.diff import Difference, Group, Kind, Outcome, kind_of
from habeas.policy.policy_set import PolicySet
from habeas.policy.rules.decide import Decider, rule_names
from habeas.warehouse.spark_frames import local
from habeas.warehouse.spark_tables import Tables

_THING = ("action", "asset_id", "line_id", "purpose")
_DECIDED = ("decision_id", *_THING, "facts_digest", "valid_until", "effect", "as_of", "recorded_at")
_AFTER_ALL = datetime(9999, 12, 31, tzinfo=UTC)  # a predicted decision stands in for every stored one
_PAIR = ("action", "before", "after")


@dataclass(frozen=True, slots=True)
class _Side:
    """What one set says: a row a thing with the digest of its facts, and what follows from each digest."""

    things: DataFrame
    outcomes: Mapping[str, Outcome]


def predict(
    tables: Tables,
    old: PolicySet,
    new: PolicySet,
    asked: DecisionRequest,
    open_keys: frozenset[str],
    *,
    ids: bool = False,
) -> tuple[Difference, list[dict[str, Any]]]:
    """How `new` would decide otherwise than `old`; with `ids` also each change, by its random ids.

    `asked`: the question of a run; its lists and its policy are replaced by those of either set.
    """
    asked = with_stored(tables, asked)
    with ExitStack() as kept:
        before, after = (_decided(tables, each, asked, open_keys, kept) for each in (old, new))
        both = _keep(_together(tables, before.things, after.things, open_keys), kept)
        grouped = both.groupBy(*_PAIR, "purpose", "source_id").agg(
            F.count("*").alias("things"),
            F.sum("open_rows").alias("open"),
            F.sum("closed_rows").alias("closed"),
        )
        counted = grouped.collect()
        outcomes = {(r["before"], r["after"]): (before.outcomes[r["before"]], after.outcomes[r["after"]])
                    for r in counted}  # fmt: skip
        kinds = _kinds(tables, outcomes)
        named = both.join(F.broadcast(kinds), ["before", "after"])
        people = named.groupBy("kind").agg(F.countDistinct("subject_id").alias("n")).collect()
        difference = Difference(
            old.digest, new.digest, _groups(counted, outcomes), {r["kind"]: int(r["n"]) for r in people}
        )
        changes = named.where(F.col("kind") != Kind.SAME.value).collect() if ids else []
        return difference, [_change(row.asDict(), outcomes) for row in changes]


def _decided(
    tables: Tables, policies: PolicySet, asked: DecisionRequest, open_keys: frozenset[str], kept: ExitStack
) -> _Side:
    """Both gates by one set, as `decide` would write them."""
    question = replace(asked, lists=policies.lists, policy=policies.digest)
    decider = Decider(policies.packs)
    lines = _keep(derived_lines(tables, question, open_keys), kept)
    outcomes = _outcomes(lines, decider)
    effect_rows = [(digest, outcome.effect) for digest, outcome in outcomes.items()]
    effects = local(tables.spark, effect_rows, "facts_digest string, effect string")
    written = lines.join(effects, "facts_digest").withColumn("as_of", F.lit(question.as_of))
    written = written.withColumn("recorded_at", F.lit(_AFTER_ALL))
    decisions = tables.read("decisions").select(*_DECIDED).unionByName(written.select(*_DECIDED))
    stored = tables.read("fact_sets").select("facts_digest", "action", "facts")
    fact_sets = stored.unionByName(sets_of(lines)).dropDuplicates(["facts_digest"])
    scans = _keep(derived_scans(tables, question, decisions, fact_sets), kept)
    things = lines.unionByName(scans).select(*_THING, "facts_digest")
    return _Side(things, outcomes | _outcomes(scans, decider))


def _outcomes(derived: DataFrame, decider: Decider) -> dict[str, Outcome]:
    """Facts digest -> what the set says; distinct fact sets are few."""
    distinct = sets_of(derived).collect()
    return {r["facts_digest"]: _outcome(decider, r["action"], r["facts"]) for r in distinct}


def _outcome(decider: Decider, action: str, facts: str) -> Outcome:
    verdict = decider.decide_text(Action(action), facts)
    return Outcome(
        str(verdict.effect), rule_names(verdict), verdict.missing, verdict.retention_days, verdict.obligations
    )


def _together(tables: Tables, before: DataFrame, after: DataFrame, open_keys: frozenset[str]) -> DataFrame:
    """Each thing once: the facts either set would decide on, whose it is, and the stored rows that hang on it."""
    same_thing = [F.col(f"b.{name}").eqNullSafe(F.col(f"a.{name}")) for name in _THING]
    joined = before.alias("b").join(after.alias("a"), same_thing).select(
        *(F.col(f"b.{name}").alias(name) for name in _THING),
        F.col("b.facts_digest").alias("before"),
        F.col("a.facts_digest").alias("after"),
    )  # fmt: skip
    sources = tables.read("assets").select("asset_id", "source_id")
    people = tables.read("rosters").select("line_id", "subject_id")
    joined = joined.join(sources, "asset_id").join(people, "line_id", "left")
    return joined.join(_rows(tables, open_keys), ["line_id", "purpose"], "left").fillna(
        0, ["open_rows", "closed_rows"]
    )


def _rows(tables: Tables, open_keys: frozenset[str]) -> DataFrame:
    """Stored templates by line and purpose whose key is open: those open now, and those a decision has closed."""
    status = newest_status(tables.read("row_status")).select("row_id", "status", "reason")
    ended = (F.col("status") == "closed") & (F.col("reason") == "decision_ended")
    stored = tables.read("embeddings").select("row_id", "line_id", "purpose", "key_id")
    stored = stored.join(key_frame(tables, open_keys), "key_id", "left_semi").join(status, "row_id")
    return stored.groupBy("line_id", "purpose").agg(
        F.count_if(F.col("status") == "open").alias("open_rows"), F.count_if(ended).alias("closed_rows")
    )


def _kinds(tables: Tables, outcomes: Mapping[tuple[str, str], tuple[Outcome, Outcome]]) -> DataFrame:
    rows = [(before, after, kind_of(*pair).value) for (before, after), pair in outcomes.items()]
    return local(tables.spark, rows, "before string, after string, kind string")


def _groups(
    counted: list[Any], outcomes: Mapping[tuple[str, str], tuple[Outcome, Outcome]]
) -> tuple[Group, ...]:
    """Different facts may be decided alike: what a person reads is grouped by what is said."""
    things, opened, closed = Counter[Any](), Counter[Any](), Counter[Any]()
    for row in counted:
        key = (row["action"], row["purpose"], row["source_id"], *outcomes[row["before"], row["after"]])
        things[key] += row["things"]
        opened[key] += row["open"]
        closed[key] += row["closed"]
    return tuple(
        Group(action, purpose, source, before, after, things[key], opened[key], closed[key])
        for key in sorted(things, key=str)
        for action, purpose, source, before, after in [key]
    )


def _change(
    row: dict[str, Any], outcomes: Mapping[tuple[str, str], tuple[Outcome, Outcome]]
) -> dict[str, Any]:
    before, after = outcomes[row["before"], row["after"]]
    return {name: row[name] for name in (*_THING, "source_id", "kind")} | {
        "effect": {"before": before.effect, "after": after.effect},
        "retention_days": {"before": before.retention_days, "after": after.retention_days},
        "rules": {"before": list(before.rules), "after": list(after.rules)},
    }


def _keep(frame: DataFrame, kept: ExitStack) -> DataFrame:
    """Computed once, until the prediction is made."""
    frame = frame.persist()
    kept.callback(frame.unpersist)
    return frame
