"""Publishing: by key, idempotent, and a withdrawal that comes in between wins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from habeas.spark.decisions import newest_status
from habeas.spark.publish import publish
from habeas.spark.tables import Tables

pytestmark = pytest.mark.spark
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def embedding(row: str, key: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": "embedding", "run_id": "r1", "asset_id": "a1", "source_id": "s", "work_digest": "w", "purpose": "p",
        "row_id": row * 64, "line_id": "l1", "subject_id": "u1", "key_id": key, "suite": 2, "format_version": 1,
        "model_id": "m", "preprocessing": "x", "transform": "none",
        "decision_id": "d", "expires_at": NOW + timedelta(days=9), "frame_ms": 0, "rank": 0,
        "q_size_px": 90.0, "q_sharpness": 50.0, "q_exposure": 0.5, "q_frontality": 0.9, "q_norm_ok": True,
        "sealed": b"\x01" * 3500,
    } | more  # fmt: skip


REFUSAL = {"kind": "refusal", "run_id": "r1", "asset_id": "a1", "source_id": "s", "work_digest": "w",
           "reason": "unbound", "count": 2}  # fmt: skip
DONE = {"kind": "done", "run_id": "r1", "asset_id": "a1", "source_id": "s", "work_digest": "w", "count": 1}


def decide(
    tables: Tables, effect: str, as_of: datetime = NOW, until: datetime = NOW + timedelta(days=9)
) -> None:
    """The newest decision about the one line there is."""
    row = {
        "decision_id": f"d-{effect}-{as_of:%d%H}", "action": "embed", "asset_id": "a1", "line_id": "l1", "purpose": "p",
        "facts_digest": "f", "policy_digest": "x", "as_of": as_of, "valid_until": until, "effect": effect,
        "rules": [], "missing": [], "obligations": [], "regulator_rules": [], "run_id": "r1",
    }  # fmt: skip
    tables.insert_missing("decisions", tables.frame("decisions", [row]))


def stage(tables: Tables, *rows: dict[str, Any]) -> None:
    if not tables.exists("decisions"):
        decide(tables, "allow")
    tables.replace_run("staged", tables.frame("staged", list(rows)), "r1")


def statuses(tables: Tables) -> dict[str, str]:
    return {r["row_id"][0]: r["status"] for r in tables.read("row_status").orderBy("recorded_at").collect()}


def test_publishing_twice_is_publishing_once(tables: Tables) -> None:
    for _ in range(2):
        stage(tables, embedding("1", "k1"), REFUSAL, DONE)
        publish(tables, "r1", NOW, NOW, lambda: frozenset({"k1"}))
    assert tables.read("embeddings").count() == 1
    assert statuses(tables) == {"1": "open"}
    assert [(r["reason"], r["count"]) for r in tables.read("refusals").collect()] == [("unbound", 2)]
    assert tables.read("work").count() == 1
    assert tables.read("staged").count() == 0


def test_publishing_one_run_loses_no_row_that_another_staged(tables: Tables) -> None:
    stage(tables, embedding("1", "k1"), DONE)
    tables.append("staged", tables.frame("staged", [embedding("2", "k1", run_id="r2")]))
    publish(tables, "r1", NOW, NOW, lambda: frozenset({"k1"}))
    assert ["r2"] == [row["run_id"] for row in tables.rows("staged")]


@pytest.mark.parametrize("read", [1, 2], ids=["before rows are opened", "while they are opened"])
def test_a_key_closed_while_publishing_leaves_no_open_row(tables: Tables, read: int) -> None:
    answers = iter([frozenset({"k1", "k2"})] * read + [frozenset({"k2"})] * 2)
    stage(tables, embedding("1", "k1"), embedding("2", "k2"), DONE)
    publish(tables, "r1", NOW, NOW, lambda: next(answers))
    assert statuses(tables) == {"1": "closed", "2": "open"}
    newest = {r["row_id"][0]: r["erase_by"] for r in newest_status(tables.read("row_status")).collect()}
    assert newest["1"] is not None and newest["2"] is None


def test_a_key_closed_before_publishing_leaves_no_row(tables: Tables) -> None:
    stage(tables, embedding("1", "k1"), DONE)
    publish(tables, "r1", NOW, NOW, frozenset)
    assert tables.read("embeddings").count() == 0
    assert statuses(tables) == {}


def test_a_withdrawal_closes_what_was_published_earlier(tables: Tables) -> None:
    stage(tables, embedding("1", "k1"), DONE)
    publish(tables, "r1", NOW, NOW, lambda: frozenset({"k1"}))
    publish(tables, "r2", NOW, NOW + timedelta(days=1), frozenset)
    assert statuses(tables) == {"1": "closed"}


def test_a_row_that_fails_its_contract_is_set_aside_with_a_reason(tables: Tables) -> None:
    stage(tables, embedding("1", "k1"), embedding("2", "k1", q_norm_ok=False), DONE)
    publish(tables, "r1", NOW, NOW, lambda: frozenset({"k1"}))
    assert [r["row_id"][0] for r in tables.read("embeddings").collect()] == ["1"]
    aside = tables.read("quarantine").collect()
    assert [(r["item"], r["asset_id"]) for r in aside] == [("row", "a1")]
    assert aside[0]["reason"]


def test_no_open_status_ever_precedes_its_row(tables: Tables) -> None:
    """A run killed after the merge and before the status leaves a row that counts as closed."""
    stage(tables, embedding("1", "k1"), DONE)

    def killed() -> frozenset[str]:
        if tables.exists("embeddings"):
            raise KeyboardInterrupt
        return frozenset({"k1"})

    with pytest.raises(KeyboardInterrupt):
        publish(tables, "r1", NOW, NOW, killed)
    assert tables.read("embeddings").count() == 1
    assert statuses(tables) == {}
    publish(tables, "r1", NOW, NOW, lambda: frozenset({"k1"}))
    assert statuses(tables) == {"1": "open"}


def test_a_decision_that_turned_to_no_closes_the_row_and_one_that_turned_back_opens_it(
    tables: Tables,
) -> None:
    stage(tables, embedding("1", "k1"), DONE)
    later = [NOW + timedelta(hours=hours) for hours in range(4)]
    for effect, at in zip(["allow", "deny", "gap", "allow"], later, strict=True):
        decide(tables, effect, at)
        publish(tables, "r1", NOW, at, lambda: frozenset({"k1"}))
        assert statuses(tables) == {"1": "open" if effect == "allow" else "closed"}


def test_a_permission_that_ends_sooner_is_taken_over(tables: Tables) -> None:
    stage(tables, embedding("1", "k1"), DONE)
    publish(tables, "r1", NOW, NOW, lambda: frozenset({"k1"}))
    decide(tables, "allow", NOW + timedelta(hours=1), until=NOW + timedelta(days=2))
    publish(tables, "r2", NOW, NOW + timedelta(hours=1), lambda: frozenset({"k1"}))
    newest = max(tables.read("row_status").collect(), key=lambda r: r["recorded_at"])
    assert (newest["status"], newest["reason"]) == ("open", "renewed")
    assert newest["expires_at"].astimezone(UTC) == NOW + timedelta(days=2)
