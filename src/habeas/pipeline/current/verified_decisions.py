"""Decisions are verified before they are acted on: their code, and the verdict of the facts that they name.

What opens (a plan of what to embed, a row that opens) rests on decisions that allow. Of these the code is verified,
row by row, and each distinct fact set is given to the pinned rules again. What closes needs no proof.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from habeas.model.decision import Action, Effect
from habeas.model.errors import HabeasError, IntegrityError
from habeas.pipeline.current.trust import decision_key
from habeas.policy.facts.schema import text_digest
from habeas.policy.policy_set import PolicySet
from habeas.policy.rules.decide import Decider
from habeas.warehouse.authenticated.decision_mac import FIELDS, decision_mac, is_genuine
from habeas.warehouse.authenticated.mac import MacKey
from habeas.warehouse.spark_frames import local, looked_up
from habeas.warehouse.spark_tables import Tables

_TIMES = ("as_of", "recorded_at", "known_at", "valid_until")
_SET = ("action", "facts_digest", "policy_digest")


def unsigned(decisions: DataFrame) -> DataFrame:
    """Decisions with an empty column for their code."""
    return decisions.withColumn("mac", F.lit(None).cast("binary"))


def signed(tables: Tables, decisions: DataFrame) -> DataFrame:
    """Decisions with their code, computed row by row in the workers; without one where nothing is verified."""
    if tables.trust is None:
        return unsigned(decisions)
    place, shape = tables.trust.installation_key, unsigned(decisions).schema

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            names = [*batch.schema.names, "mac"]
            yield pa.RecordBatch.from_arrays([*batch.columns, _codes(batch, decision_key(place))], names)

    return decisions.mapInArrow(work, shape)


def signed_few(tables: Tables, rows: pa.Table) -> pa.Table:
    """As `signed`, for rows that the driver has looked up."""
    if tables.trust is None:
        return rows.append_column("mac", pa.nulls(rows.num_rows, pa.binary()))
    return rows.append_column("mac", _codes(rows, decision_key(tables.trust.installation_key)))


def with_forged(tables: Tables, held: DataFrame) -> DataFrame:
    """Decisions with `forged`: true where the code isn't theirs, or is missing, so that they have to be made anew."""
    if tables.trust is None:
        return held.withColumn("forged", F.lit(False))
    none = F.col("mac").isNull()  # as all are that an earlier version made
    bad = forged_ids(held.where(~none), tables.trust.installation_key)
    marks = local(tables.spark, [(each, True) for each in bad], "decision_id string, marked boolean")
    joined = held.join(F.broadcast(marks), "decision_id", "left")
    return joined.withColumn("forged", none | F.coalesce("marked", F.lit(False))).drop("marked")


def forged_ids(decisions: DataFrame, place: Path) -> list[str]:
    """Ids of the decisions whose code is not theirs, or that have none."""
    few = looked_up(decisions.select(*FIELDS, "mac"))
    if few is not None:
        return sorted(set(_forged(few, decision_key(place))))

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield pa.RecordBatch.from_pydict({"decision_id": _forged(batch, decision_key(place))})

    bad = decisions.select(*FIELDS, "mac").mapInArrow(work, "decision_id string")
    return sorted({row["decision_id"] for row in bad.collect()})


def unsound_ids(tables: Tables, decisions: DataFrame) -> list[str]:
    """Ids of decisions that must not be acted on. `decisions` all allow; without `Tables.trust` none is verified."""
    trust = tables.trust
    if trust is None:
        return []
    wrong = _not_allowed(tables, trust.rules, decisions)
    rejected = (
        decisions.join(F.broadcast(wrong), list(_SET), "left_semi").select("decision_id") if wrong else None
    )
    ids = {row["decision_id"] for row in rejected.collect()} if rejected is not None else set()
    return sorted(ids.union(forged_ids(decisions, trust.installation_key)))


def require_sound(tables: Tables, decisions: DataFrame) -> None:
    """Raise IntegrityError where one of these decisions, which all allow, must not be acted on."""
    if ids := unsound_ids(tables, decisions):
        raise unsound(len(ids))


def unsound(count: int) -> IntegrityError:
    """What acting on decisions that don't verify is answered with."""
    return IntegrityError(
        f"{count} decisions are not as they were made, and nothing is done by them",
        hint="Find out who writes into the warehouse. habeas replay names them; "
        "habeas run step decide --whole --run-id NEW decides anew.",
    )


def _not_allowed(tables: Tables, rules: Callable[[str], PolicySet], decisions: DataFrame) -> DataFrame | None:
    """Distinct (action, facts, rules) of the decisions that don't come out as allowed; None where all do."""
    named = decisions.select(*_SET).distinct().collect()
    stored = tables.rows("fact_sets", "facts_digest", {row["facts_digest"] for row in named})
    texts = {row["facts_digest"]: row for row in stored}
    deciders: dict[str, Decider | None] = {}
    wrong = []
    for row in tables.guarded(named):
        digest = row["policy_digest"]
        if digest not in deciders:
            deciders[digest] = _decider(rules, digest)
        if not _allows(deciders[digest], row, texts.get(row["facts_digest"])):
            wrong.append(tuple(row))
    return local(tables.spark, wrong, ", ".join(f"{name} string" for name in _SET)) if wrong else None


def _decider(rules: Callable[[str], PolicySet], digest: str) -> Decider | None:
    try:
        return Decider(rules(digest).packs)
    except HabeasError:
        return None


def _allows(decider: Decider | None, row: Row, stored: Mapping[str, Any] | None) -> bool:
    """Whether the rules that a decision names allow the facts that it names; rules or facts that aren't there don't."""
    if decider is None or stored is None or stored["action"] != row["action"]:
        return False
    action = Action(row["action"])
    try:
        if text_digest(action, stored["facts"]) != row["facts_digest"]:
            return False
        return decider.decide_text(action, stored["facts"]).effect is Effect.ALLOW
    except (HabeasError, ValueError):
        return False


def _codes(rows: pa.Table | pa.RecordBatch, key: MacKey) -> pa.Array:
    return pa.array([decision_mac(key, row) for row in _plain(rows, FIELDS)], pa.binary())


def _forged(rows: pa.Table | pa.RecordBatch, key: MacKey) -> list[str]:
    return [str(row["decision_id"]) for row in _plain(rows, (*FIELDS, "mac")) if not is_genuine(key, row)]


def _plain(rows: pa.Table | pa.RecordBatch, names: Sequence[str]) -> Iterator[dict[str, object]]:
    """Rows as values; instants as microseconds, which is faster than as objects."""
    columns = []
    for name in names:
        column = rows.column(name)
        if name in _TIMES:
            column = column.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
        columns.append(column.to_pylist())
    for values in zip(*columns, strict=True):
        yield dict(zip(names, values, strict=True))
