"""Facts in bulk: roster lines and assets go in, a fact set for each purpose comes out.

Facts are derived by the core's own pure functions inside the worker: there is no second implementation in SQL. What
is known about a person travels once, before their lines, in one shuffle: no join repeats it for every line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from habeas.model.jurisdictions import LAWS
from habeas.pipeline.current.current_decisions import current, key_frame
from habeas.pipeline.current.current_lines import current_lines, replaced
from habeas.policy.derivation.derive_rows import DecisionRequest, Deriver, FactSet, ReferenceTables
from habeas.records.table_rows import leave_out_of, source_of
from habeas.warehouse.spark_frames import again, looked_up, small
from habeas.warehouse.spark_tables import Tables

_DERIVED = (
    "decision_id string, action string, asset_id string, line_id string, purpose string, "
    "facts string, facts_digest string, valid_until timestamp, key_id string"
)
_ARROW = pa.schema(
    [(name, pa.timestamp("us", "UTC") if name == "valid_until" else pa.string()) for name in FactSet._fields]
)
_BATCH = 10_000
_ASSET = ("asset_id", "source_id", "folders", "folders_now", "captured_at", "catalogued_at", "media")
_LINE = (*_ASSET, "line_id", "subject_id", "attested_by", "attested_at")

_Rows = Iterator[dict[str, object]]
_Deriving = Callable[[_Rows], Iterator[FactSet]]


def derived_lines(
    tables: Tables, question: DecisionRequest, open_keys: frozenset[str], rosters: DataFrame | None = None
) -> DataFrame:
    """A fact set for each roster line that holds and each wanted purpose. `rosters`: these lines alone."""
    around = _surroundings(tables, question)

    def derive(rows: _Rows) -> Iterator[FactSet]:
        deriver = Deriver(question, around)
        for row in rows:
            if row["line"] is None:
                deriver.hear(row)
            else:
                yield from deriver.lines(row)

    return _derive(_people_and_lines(tables, question, open_keys, rosters), derive)


def derived_scans(
    tables: Tables,
    question: DecisionRequest,
    decisions: DataFrame | None = None,
    fact_sets: DataFrame | None = None,
    only: DataFrame | None = None,
) -> DataFrame:
    """A fact set for each asset and wanted purpose; rests on the newest decisions about its lines.

    `decisions`, `fact_sets`: taken instead of the stored ones, to see what would follow from them. `only`: for these
    assets (asset_id).
    """
    around = _surroundings(tables, question)

    def derive(rows: _Rows) -> Iterator[FactSet]:
        deriver = Deriver(question, around)
        return (fact_set for row in rows for fact_set in deriver.scans(row))

    decided = tables.read("decisions") if decisions is None else decisions
    stored = tables.read("fact_sets") if fact_sets is None else fact_sets
    return _derive(_assets(tables, decided, stored, only), derive)


def sets_of(derived: DataFrame) -> DataFrame:
    """The distinct fact sets of what was derived: action, facts, facts_digest. Most rows bring the digest alone."""
    return (
        derived.where("facts <> ''")
        .select("action", "facts", "facts_digest")
        .dropDuplicates(["facts_digest"])
    )


def _derive(rows: DataFrame, derive: _Deriving) -> DataFrame:
    def derive_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        held: list[FactSet] = []
        sent: set[str] = set()  # a text of a thousand letters, once for thousands of rows
        for fact_set in derive(row for batch in batches for row in batch.to_pylist()):
            held.append(fact_set._replace(facts="") if fact_set.facts_digest in sent else fact_set)
            sent.add(fact_set.facts_digest)
            if len(held) == _BATCH:
                yield _batch(held)
                held = []
        yield _batch(held)

    return rows.mapInArrow(derive_batches, _DERIVED)


def _batch(fact_sets: list[FactSet]) -> pa.RecordBatch:
    columns = zip(*fact_sets, strict=True) if fact_sets else ((),) * len(_ARROW)
    return pa.RecordBatch.from_arrays(
        [pa.array(column, field.type) for column, field in zip(columns, _ARROW, strict=True)], schema=_ARROW
    )


def with_stored(tables: Tables, question: DecisionRequest) -> DecisionRequest:
    """Stored rows of purposes that aren't wanted any more are decided on as well: their permission may end."""
    if not tables.exists("embeddings"):
        return question
    stored = {row["purpose"] for row in tables.read("embeddings").select("purpose").distinct().collect()}
    return replace(question, wanted=(*question.wanted, *sorted(stored.difference(question.wanted))))


def _people_and_lines(
    tables: Tables, question: DecisionRequest, open_keys: frozenset[str], rosters: DataFrame | None
) -> DataFrame:
    """Whatever is recorded about a person, then their roster lines, person by person.

    Also of files that are gone: what was made of them may still be stored.
    """
    listed = current_lines(tables.read("rosters")) if rosters is None else rosters
    lines = listed.join(tables.read("assets").select(*_ASSET), "asset_id")
    who = None if rosters is None else small(rosters.select("subject_id").distinct())
    statements = _of(who, tables.read("consents").where(F.col("purpose").isin(*question.wanted)))
    people = [
        _records("statement", statements, "subject_id"),
        _records("leave_out", _of(who, _personal(tables), "owner"), "owner", without="owner"),
        _records("key", _newest_keys(tables, question, open_keys, who), "subject_id"),
        _records("subject", _of(who, _dated(tables.read("subjects"))), "subject_id", without="recorded_at"),
        # Placeholders have no subject: each gets a key of its own, or all would meet in one partition.
        _records("line", lines.select(*_LINE), F.coalesce("subject_id", "line_id")),
    ]
    united = people[0]
    for more in people[1:]:
        united = united.unionByName(more, allowMissingColumns=True)
    ordered = united.withColumn("is_line", F.col("line").isNotNull())
    return ordered.repartition("person").sortWithinPartitions("person", "is_line").drop("is_line")


def _records(kind: str, rows: DataFrame, person: str | Column, without: str = "") -> DataFrame:
    """Each row in one column called `kind`, beside whom it is about."""
    whole = F.struct(*(name for name in rows.columns if name != without))
    return rows.select(
        (F.col(person) if isinstance(person, str) else person).alias("person"), whole.alias(kind)
    )


def _of(who: DataFrame | None, rows: DataFrame, person: str = "subject_id") -> DataFrame:
    """Rows about these people, or about all if none is named."""
    return (
        rows if who is None else rows.join(who.withColumnRenamed("subject_id", person), person, "left_semi")
    )


def _dated(subjects: DataFrame) -> DataFrame:
    """A row of an older version doesn't say when its age band was stated: at the latest when it was recorded."""
    return subjects.withColumn("age_said_at", F.coalesce("age_said_at", "recorded_at"))


def _personal(tables: Tables) -> DataFrame:
    """Leave-outs of people and what lifts them; `owner` = the person. A lift names the record alone."""
    listed = tables.read("leave_outs")
    lifted = listed.select(F.col("leave_out_id").alias("lifts"), F.col("subject_id").alias("owner"))
    whose = F.when(F.col("lifts").isNull(), F.col("subject_id")).otherwise(F.col("owner"))
    owned = listed.join(lifted, "lifts", "left").withColumn("owner", whose)
    return owned.where("owner IS NOT NULL")


def _newest_keys(
    tables: Tables, question: DecisionRequest, open_keys: frozenset[str], who: DataFrame | None
) -> DataFrame:
    """Each person's newest key for a purpose, and whether it is open.

    A key made later answers to something said later, which this run doesn't hear.
    """
    made = _of(who, tables.read("keys")).where(F.col("created_at") <= F.lit(question.known_at))
    newest = made.groupBy("subject_id", "purpose").agg(F.max_by("key_id", "generation").alias("key_id"))
    # Compared with the open keys: a key that appeared meanwhile, and wasn't looked up, counts as closed.
    few = None if who is None else looked_up(newest)
    if few is not None:
        opened = pa.array([key in open_keys for key in few.column("key_id").to_pylist()], pa.bool_())
        return again(newest.withColumn("open", F.lit(False)), few.append_column("open", opened))
    open_frame = key_frame(tables, open_keys).withColumn("open", F.lit(True))
    joined = newest.join(open_frame, "key_id", "left")
    return joined.select("subject_id", "purpose", "key_id", F.coalesce("open", F.lit(False)).alias("open"))


def _assets(tables: Tables, decisions: DataFrame, fact_sets: DataFrame, only: DataFrame | None) -> DataFrame:
    """Assets with the purposes some listed person is allowed for, under which laws, and until when that holds."""
    assets = tables.read("assets").where("present AND media IN ('photo', 'clip')").select(*_ASSET)
    decisions = decisions.where("action = 'embed'")
    decisions = decisions.join(replaced(tables.read("rosters")), "line_id", "left_anti")
    if only is not None:
        assets, decisions = (each.join(only, "asset_id", "left_semi") for each in (assets, decisions))
    decided, facts = current(decisions), fact_sets.where("action = 'embed'")
    if only is not None:  # a text is read for those alone
        decided = small(decided.select("asset_id", "purpose", "effect", "valid_until", "facts_digest"))
        facts = facts.join(
            F.broadcast(decided.select("facts_digest").distinct()), "facts_digest", "left_semi"
        )
    parsed = F.from_json("facts", ", ".join(f"{law} boolean" for law in LAWS))
    reached = facts.select("facts_digest", parsed.alias("parsed")).select("facts_digest", "parsed.*")
    # A line whose facts are gone, can't be read or don't say may be under any law.
    laws = [F.max(F.coalesce(law, F.lit(True))).alias(law) for law in LAWS]
    lines = decided.join(F.broadcast(reached), "facts_digest", "left").groupBy("asset_id", "purpose")
    allowed = lines.agg(
        F.max(F.col("effect") == "allow").alias("allowed"), F.min("valid_until").alias("until"), *laws
    )
    summaries = F.collect_list(F.struct("purpose", "allowed", "until", *LAWS)).alias("lines")
    return assets.join(allowed.groupBy("asset_id").agg(summaries), "asset_id", "left")


def _surroundings(tables: Tables, question: DecisionRequest) -> ReferenceTables:
    """The small tables, whole: there are few sources, few folders with a name, few rules about footage."""
    occasions: dict[str, list[tuple[str, str]]] = {}
    for row in tables.rows("occasions"):
        if row["recorded_at"] <= question.known_at:
            occasions.setdefault(row["folder_id"], []).append((row["kind"], row["name"]))
    listed = tables.rows("leave_outs")
    footage = [row for row in listed if row["subject_id"] is None or row["lifts"] is not None]
    return ReferenceTables(
        sources={row["source_id"]: source_of(row) for row in tables.rows("sources")},
        occasions={folder: tuple(sorted(named)) for folder, named in occasions.items()},
        footage=tuple(map(leave_out_of, footage)),
    )
