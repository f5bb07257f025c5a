"""What is permitted at this moment. A permission is looked at again when it is used, not only when it was decided.

Between deciding and using lie minutes, or days where a task is cleared long after. So beside the decision that holds
(`pipeline.current.current_decisions`) the ledger itself is asked: a no about the person that was recorded after the
decision's run began, and footage that a leave-out covers by now, end the permission; the next run decides about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from habeas.model.people import ConsentStatus
from habeas.pipeline.current.current_decisions import current, permits
from habeas.policy.derivation.derive import trusted
from habeas.policy.derivation.derive_rows import place_of
from habeas.policy.derivation.leave_out_index import LeaveOutIndex, about_footage, last_recorded
from habeas.records.table_rows import leave_out_of
from habeas.warehouse.spark_tables import Tables

_PLACE = ("asset_id", "source_id", "folders", "captured_at", "catalogued_at", "media")
_OUT = "asset_id string, purpose string"
_OUT_ARROW = pa.schema([("asset_id", pa.string()), ("purpose", pa.string())])


def permitted_scans(
    tables: Tables, purposes: Sequence[str], now: datetime, pack: str, policy: str = ""
) -> DataFrame:
    """asset_id and purpose of what faces may be looked for in, with the model pack that this digest names."""
    decided = current(tables.read("decisions").where(_asked("scan", purposes)))
    decided = decided.where(permits(now) & _by(policy)).where(F.col("pack_digest") == pack)
    return without_left_out(tables, decided.select("asset_id", "purpose"), purposes, now)


def permitted_lines(
    tables: Tables,
    purposes: Sequence[str],
    now: datetime,
    of: DataFrame,
    *,
    policy: str = "",
    few: bool = False,
) -> DataFrame:
    """The decisions by which a listed person's face may become a template, with their subject_id.

    `of`: about these rows, which name line_id, asset_id and subject_id. A decision about a line in another asset than
    it is in now permits nothing. `policy`: only decisions by the rules of this digest count; "" = by any. `few`: other
    decisions aren't worth ranking.
    """
    lines = of.select("line_id", "asset_id", "subject_id").distinct()
    stored = tables.read("decisions").where(_asked("embed", purposes))
    if few:
        stored = stored.join(lines, "line_id", "left_semi")
    decided = current(stored).where(permits(now) & _by(policy))
    return without_noes(tables, decided.join(lines, ["line_id", "asset_id"]))


def without_noes(tables: Tables, decided: DataFrame) -> DataFrame:
    """Decisions (with subject_id) that no refusal, withdrawal or leave-out of the person came after."""
    statements = tables.read("consents").where(F.col("status") != ConsentStatus.GIVEN.value)
    statements = statements.select("subject_id", "purpose", "recorded_at")
    out = tables.read("leave_outs").where("subject_id IS NOT NULL AND lifts IS NULL")
    out = out.select("subject_id", F.explode_outer("purposes").alias("purpose"), "recorded_at")
    noes = statements.unionByName(out).alias("no")
    ledger_read_at = F.coalesce(F.col("d.known_at"), F.col("d.as_of"))
    return decided.alias("d").join(
        noes,
        (F.col("no.subject_id") == F.col("d.subject_id"))
        & (F.col("no.purpose").isNull() | (F.col("no.purpose") == F.col("d.purpose")))
        & (F.col("no.recorded_at") > ledger_read_at),
        "left_anti",
    )


def without_left_out(tables: Tables, rows: DataFrame, purposes: Sequence[str], now: datetime) -> DataFrame:
    """Rows (with asset_id and purpose) of footage that no leave-out covers now, by the core's own reading.

    What a clock that is ahead wrote into the table is there, and counts.
    """
    footage = about_footage(leave_out_of(row) for row in tables.rows("leave_outs"))
    if not footage:
        return rows
    known_at = last_recorded(footage, now)
    occasions: dict[str, list[tuple[str, str]]] = {}
    for row in tables.rows("occasions"):
        occasions.setdefault(row["folder_id"], []).append((row["kind"], row["name"]))

    def find(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        index = LeaveOutIndex(footage)
        for batch in batches:
            covered = []
            for asset in batch.to_pylist():
                place = trusted(place_of(asset, occasions), asset["catalogued_at"])
                covered += [
                    {"asset_id": asset["asset_id"], "purpose": purpose}
                    for purpose in index.left_out(place, purposes, now, known_at)
                ]
            yield pa.RecordBatch.from_pylist(covered, schema=_OUT_ARROW)

    assets = tables.read("assets").join(rows.select("asset_id").distinct(), "asset_id", "left_semi")
    out = assets.select(*_PLACE).mapInArrow(find, _OUT)
    return rows.join(out, ["asset_id", "purpose"], "left_anti")


def _by(policy: str) -> Column:
    """Made by the rules of this digest: what others allowed is decided anew before it is used."""
    return F.col("policy_digest") == policy if policy else F.lit(True)


def _asked(action: str, purposes: Sequence[str]) -> Column:
    return (F.col("action") == action) & F.col("purpose").isin(list(purposes))
