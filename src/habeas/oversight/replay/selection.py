"""Which decisions to make again: those of a run, one by its id, or a sample that a seed chooses."""

from __future__ import annotations

import hashlib
import heapq
import json
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from habeas.model.decision import Effect
from habeas.model.errors import IntegrityError, UsageError
from habeas.model.installation.steps import DECIDE
from habeas.warehouse.reader import Condition, Reader, Row, resting_on, rows, there

BATCH = 20_000
"""Decisions in memory at a time."""

_EFFECTS = tuple(f"_{effect}" for effect in Effect)
"""How counts of decisions end in the record of a run: embed_allow, scan_gap..."""


class Batches(Reader, Protocol):
    """A reader that can go through a table that doesn't fit into memory."""

    def batches(
        self,
        table: str,
        columns: Sequence[str] | None = None,
        filter: Sequence[Condition] | None = None,
        size: int = ...,
    ) -> Iterator[Any]:
        """Rows of a table in Arrow batches of at most `size` rows."""


def count_of_run(reader: Batches, run_id: str) -> int:
    """How many decisions a run wrote. Raises UsageError when there is none, IntegrityError when they are gone."""
    where = [("run_id", "=", run_id)]
    count = sum(int(batch.num_rows) for batch in _batches(reader, ["decision_id"], where))
    if not count:
        raise UsageError("no decision was written by the run named", hint="See: habeas tables show runs")
    return count


def of_run(reader: Batches, run_id: str) -> Iterator[list[Row]]:
    """The decisions a run wrote, in batches."""
    for batch in _batches(reader, None, [("run_id", "=", run_id)]):
        yield batch.to_pylist()


def sample(reader: Batches, size: int, seed: str) -> list[str]:
    """Ids of `size` decisions (or all there are), chosen by the seed alone: the same seed, the same sample.

    Raises IntegrityError when there are none and there must have been some: a check of nothing is no success.
    """

    def drawn() -> Iterator[tuple[bytes, str]]:
        for batch in _batches(reader, ["decision_id"], None):
            for decision in batch.column("decision_id").to_pylist():
                yield hashlib.sha256(f"{seed}\n{decision}".encode()).digest(), decision

    chosen = [decision for _, decision in heapq.nsmallest(size, drawn())]
    if not chosen and (proof := _proof_of_decisions(reader)):
        raise IntegrityError(
            f"there is no decision to make again, although {proof}",
            hint="Halt the pipeline, then put the folder of table decisions back from a backup.",
        )
    return chosen


def _proof_of_decisions(reader: Reader) -> str:
    """What shows that decisions were made; empty = nothing does, as before the first run."""
    if resting := resting_on(reader, "decisions"):
        return f"{resting} holds rows that rest on one"
    for run in rows(reader, "runs", ("task", "=", DECIDE.name), columns=["run_id", "counts"]):
        counts = json.loads(run["counts"])
        if any(count and name.endswith(_EFFECTS) for name, count in counts.items()):
            return f"run {run['run_id']} says that it made some"
    return ""


def of_ids(reader: Batches, ids: Sequence[str]) -> Iterator[list[Row]]:
    """The decisions with these ids, in batches."""
    for start in range(0, len(ids), BATCH):
        yield rows(reader, "decisions", ("decision_id", "in", list(ids[start : start + BATCH])))


def _batches(
    reader: Batches, columns: Sequence[str] | None, where: Sequence[Condition] | None
) -> Iterator[Any]:
    if there(reader, "decisions"):
        yield from reader.batches("decisions", columns, where, size=BATCH)
