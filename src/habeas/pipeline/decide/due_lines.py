"""Which lines and which assets a run has to decide on again: those whose facts could have changed since the last.

A decision holds until its `valid_until` passes or something it rests on changes: its line, its asset, something about
its person, or whether its key is open. What touches more than some people or files (an event, footage that is
left out) makes every line due; what touches a source, the lines of its files.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from habeas.oversight.runs.last_run import Last
from habeas.pipeline.current.current_decisions import dated_ahead, key_frame, rank, shut_keys
from habeas.pipeline.current.current_lines import current_lines
from habeas.pipeline.decide.table_changes import Seen, Since
from habeas.policy.derivation.derive_rows import DecisionRequest
from habeas.warehouse.spark_frames import small
from habeas.warehouse.spark_tables import Tables

_OPEN = '"key_open":true'  # as canonical JSON has it; inside a string its quotes would be escaped


@dataclass(frozen=True, slots=True)
class Due:
    """Roster rows to derive, and the run they follow."""

    tables: Tables
    since: Since
    last: Last
    question: DecisionRequest
    lines: DataFrame

    def assets(self) -> DataFrame:
        """Assets to derive, once the lines are decided: what is decided about one rests on its lines' decisions."""
        mine = (F.col("as_of") == F.lit(self.question.as_of)) & (F.col("run_id") == self.question.run_id)
        frames = [
            self.tables.read("decisions").where(mine & (F.col("action") == "embed")).select("asset_id"),
            _of_others(self.since, self.last, self.question).select("asset_id"),
            _files(self.tables, self.since),
            _ended(self.tables, self.last, self.question, "scan").select("asset_id"),
            _ahead(self.tables, self.question, "scan").select("asset_id"),
        ]
        return _united(frames).distinct()


def due_since(
    tables: Tables, seen: Seen, last: Last | str, question: DecisionRequest, open_keys: frozenset[str]
) -> Due | str:
    """What is due after `last`, or why everything is."""
    if isinstance(last, str):
        return last
    since = seen.since(last)
    if isinstance(since, str):
        return since
    if reason := _reaches_all(tables, since, last):
        return reason
    return Due(tables, since, last, question, _lines(tables, since, last, question, open_keys))


def _reaches_all(tables: Tables, since: Since, last: Last) -> str:
    """What is about whole folders or events; empty where nothing such happened."""
    if since.differs("occasions") or any(
        row["recorded_at"] > last.known_at for row in tables.rows("occasions")
    ):
        return "what folders are about changed"
    if since.differs("leave_outs") and not _left_out(tables, since).where("subject_id IS NULL").isEmpty():
        return "footage was put on a leave-out list or taken off"
    return ""


def _lines(
    tables: Tables, since: Since, last: Last, question: DecisionRequest, open_keys: frozenset[str]
) -> DataFrame:
    people = small(_people(tables, since, last, question).distinct()).withColumn("of_person", F.lit(True))
    files = small(_files(tables, since).distinct()).withColumn("of_file", F.lit(True))
    named = [
        since.rows("rosters").select("line_id"),
        _of_others(since, last, question).where("action = 'embed'").select("line_id"),
        _ended(tables, last, question, "embed").select("line_id"),
        _ahead(tables, question, "embed").select("line_id"),
        _misjudged_keys(tables, open_keys),
    ]
    itself = small(_united(named).distinct()).withColumn("itself", F.lit(True))
    rosters = current_lines(tables.read("rosters"))
    joined = rosters.join(people, "subject_id", "left").join(files, "asset_id", "left")
    joined = joined.join(itself, "line_id", "left").where("of_person OR of_file OR itself")
    return joined.select(*rosters.columns)


def _files(tables: Tables, since: Since) -> DataFrame:
    """asset_id of every file something was learnt about, or about its source."""
    assets = since.rows("assets").select("asset_id")
    if not since.differs("sources"):
        return assets
    changed = since.rows("sources").select("source_id").distinct()
    return assets.unionByName(
        tables.read("assets").join(F.broadcast(changed), "source_id", "left_semi").select("asset_id")
    )


def _people(tables: Tables, since: Since, last: Last, question: DecisionRequest) -> DataFrame:
    """People about whom something was recorded. A key that the last run found too young may count by now."""
    made = F.col("created_at")
    young = tables.read("keys").where((made > F.lit(last.known_at)) & (made <= F.lit(question.known_at)))
    people = [since.rows(name).select("subject_id") for name in ("consents", "subjects", "keys")]
    if since.differs("leave_outs"):
        people.append(_left_out(tables, since))
    return _united([*people, young.select("subject_id")])


def _left_out(tables: Tables, since: Since) -> DataFrame:
    """subject_id of every record that came or went; a lift is about whom the lifted record is about."""
    listed = tables.read("leave_outs").select(
        F.col("leave_out_id").alias("lifts"), F.col("subject_id").alias("owner")
    )
    rows = since.rows("leave_outs").join(listed, "lifts", "left")
    return rows.select(
        F.when(F.col("lifts").isNull(), F.col("subject_id")).otherwise(F.col("owner")).alias("subject_id")
    )


def _of_others(since: Since, last: Last, question: DecisionRequest) -> DataFrame:
    """Decisions since, but for those of the last run, which came to its end: of a run that died halfway, or goes on
    beside this one. Where this is the last run tried again, a try in between may have died.
    """
    rows = since.rows("decisions")
    return rows if last.run_id == question.run_id else rows.where(F.col("run_id") != last.run_id)


def _ended(tables: Tables, last: Last, question: DecisionRequest, action: str) -> DataFrame:
    """Decisions that expired between the two runs; earlier ones were decided again by the last run."""
    decisions = tables.read("decisions").where(F.col("action") == action)
    until = max(question.as_of, question.known_at)
    passed = (F.col("valid_until") > F.lit(last.as_of)) & (F.col("valid_until") <= F.lit(until))
    return decisions.where(passed)


def _ahead(tables: Tables, question: DecisionRequest, action: str) -> DataFrame:
    """Decisions made as of a time that hasn't come: they permit nothing, so their things are decided now."""
    decisions = tables.read("decisions").where(F.col("action") == action)
    return decisions.where(dated_ahead(F.col("as_of"), max(question.as_of, question.known_at)))


def _misjudged_keys(tables: Tables, open_keys: frozenset[str]) -> DataFrame:
    """Lines whose newest decision takes a shut key for open, or an open one for shut.

    The key store keeps no versions that could be compared, so decisions are held against it as it is now.
    """
    shut = key_frame(tables, shut_keys(tables, open_keys)).withColumn("shut", F.lit(True))
    opened = tables.read("fact_sets").where((F.col("action") == "embed") & F.col("facts").contains(_OPEN))
    open_sets = opened.select("facts_digest", F.lit(True).alias("fact_open"))
    decided = tables.read("decisions").where("action = 'embed' AND key_id IS NOT NULL")
    decided = decided.join(F.broadcast(shut), "key_id", "left").join(
        F.broadcast(open_sets), "facts_digest", "left"
    )
    odd = decided.where("shut OR fact_open IS NULL")  # all others agree
    wrong = F.col("shut").isNull() == F.col("fact_open").isNull()
    newest = odd.groupBy("line_id", "purpose").agg(
        F.max(F.struct(rank().alias("rank"), wrong.alias("wrong"))).alias("newest")
    )
    return newest.where("newest.wrong").select("line_id")


def _united(frames: list[DataFrame]) -> DataFrame:
    whole = frames[0]
    for frame in frames[1:]:
        whole = whole.unionByName(frame)
    return whole
