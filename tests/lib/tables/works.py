"""Every short history of work on one asset, and what must stay open after it, told step by step.

Two purposes, two models, two ways to work (settings, lines): way 1 makes rows `both` and `first`, way 2 `both` alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

BEGAN = datetime(2026, 11, 1, tzinfo=UTC)
MAKES = {1: ("both", "first"), 2: ("both",)}


class Work(NamedTuple):
    purposes: tuple[str, ...]
    model: str
    way: int


EVERY_WORK = [
    Work(purposes, model, way)
    for purposes in (("a",), ("b",), ("a", "b"))
    for model in ("m1", "m2")
    for way in (1, 2)
]


def histories(steps: int) -> list[tuple[Work, ...]]:
    return list(itertools.product(EVERY_WORK, repeat=steps))


def tables_after(asset_id: str, history: Sequence[Work]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of `work` and of `embeddings`, as publish leaves them: work by its key, embeddings by theirs."""
    work: dict[str, dict[str, Any]] = {}
    rows: dict[str, dict[str, Any]] = {}
    for number, each in enumerate(history):
        whole = f"{asset_id}{each.purposes}{each.model}{each.way}"
        made_for = [f"{purpose}={digest(each)}" for purpose in each.purposes]
        work[whole] = {"asset_id": asset_id, "work_digest": whole, "model_id": each.model, "made_for": made_for,
                       "state": "done", "run_id": "r", "recorded_at": BEGAN + timedelta(days=number)}  # fmt: skip
        for purpose, name in itertools.product(each.purposes, MAKES[each.way]):
            row_id = row_of(asset_id, purpose, each.model, name)
            rows[row_id] = {"row_id": row_id, "asset_id": asset_id, "line_id": f"line of {asset_id}",
                            "purpose": purpose, "model_id": each.model, "work_digest": digest(each)}  # fmt: skip
    return list(work.values()), list(rows.values())


def must_be_open(asset_id: str, history: Sequence[Work]) -> set[str]:
    """What the newest work no longer makes is shut: with that model, and with the settings of the newest of all."""
    found = set()
    for purpose, model in itertools.product("ab", ("m1", "m2")):
        mine = [n for n, each in enumerate(history) if purpose in each.purposes and each.model == model]
        if not mine:
            continue
        newest = history[mine[-1]]
        last = [each for each in history if purpose in each.purposes][-1]
        if last.way == newest.way:
            found |= {row_of(asset_id, purpose, model, name) for name in MAKES[newest.way]}
    return found


def digest(work: Work) -> str:
    return f"way{work.way}-{work.model}"


def row_of(asset_id: str, purpose: str, model: str, name: str) -> str:
    return f"{asset_id}/{purpose}/{model}/{name}"
