"""Which decisions to make again: those of a run, one by its id, or a sample that a seed chooses."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from habeas.errors import UsageError
from habeas.steps.reading import Condition, Reader, Row, rows

BATCH = 20_000
"""Decisions in memory at a time."""


class Batches(Reader, Protocol):
    """A reader that can go through a table that doesn't fit into memory."""

    def batches(
        self,
        table: str,
        columns: Sequence[str] | None = None,
        filter: Sequence[Condition] | None = None,
        size: int = ...,
    ) -> Iterator[Any]: ...


def count_of_run(reader: Batches, run_id: str) -> int:
    """How many decisions a run wrote. Raises UsageError when there is none."""
    where = [("run_id", "=", run_id)]
    found = sum(int(batch.num_rows) for batch in _batches(reader, ["decision_id"], where))
    if not found:
        raise UsageError(f"no decision was written by a run {run_id!a}", hint="See: habeas tables show runs")
    return found


def of_run(reader: Batches, run_id: str) -> Iterator[list[Row]]:
    """The decisions a run wrote, in batches."""
    for batch in _batches(reader, None, [("run_id", "=", run_id)]):
        yield batch.to_pylist()


def sample(reader: Batches, size: int, seed: str) -> list[str]:
    """Ids of `size` decisions (or all there are), chosen by the seed alone: the same seed, the same sample."""

    def drawn() -> Iterator[tuple[bytes, str]]:
        for batch in _batches(reader, ["decision_id"], None):
            for decision in batch.column("decision_id").to_pylist():
                yield hashlib.sha256(f"{seed}\n{decision}".encode()).digest(), decision

    return [decision for _, decision in heapq.nsmallest(size, drawn())]


def of_ids(reader: Batches, ids: Sequence[str]) -> Iterator[list[Row]]:
    """The decisions with these ids, in batches."""
    for start in range(0, len(ids), BATCH):
        yield rows(reader, "decisions", ("decision_id", "in", list(ids[start : start + BATCH])))


def _batches(
    reader: Batches, columns: Sequence[str] | None, where: Sequence[Condition] | None
) -> Iterator[Any]:
    if reader.exists("decisions"):
        yield from reader.batches("decisions", columns, where, size=BATCH)
