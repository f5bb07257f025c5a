"""Which rows may be opened: by key, decision and time; what closes is told by when it has to be gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from habeas.erasure import close_rows as closing
from habeas.erasure.queue import DESTROY_DAYS, waiting
from habeas.pipeline.current.current_decisions import newest_status
from habeas.pipeline.publish.row_status import close_rows, settle
from habeas.warehouse.delta.delta_reader import DeltaReader
from habeas.warehouse.spark_tables import Tables

pytestmark = pytest.mark.spark
NOW = datetime(2026, 11, 23, tzinfo=UTC)
LAST, UNTIL = NOW - timedelta(days=1), NOW + timedelta(days=9)
OPEN = {"status": "open", "reason": "published", "expires_at": UNTIL}
ENDED = {"status": "closed", "reason": "decision_ended", "expires_at": UNTIL, "erase_by": NOW}


def embedding(row: str, key: str) -> dict[str, Any]:
    return {
        "row_id": row, "asset_id": "a", "line_id": row, "subject_id": "u", "source_id": "s", "purpose": "p",
        "key_id": key, "suite": 2, "format_version": 1, "model_id": "m", "preprocessing": "x", "transform": "none",
        "decision_id": "sealing", "frame_ms": 0, "rank": 0, "q_size_px": 90.0, "q_sharpness": 50.0, "q_exposure": 0.5,
        "q_frontality": 0.9, "q_norm_ok": True, "sealed": b"\x01" * 2000, "work_digest": "w", "run_id": "r0",
        "sealed_at": LAST,
    }  # fmt: skip


def decision(row: str, effect: str, until: datetime | None, *duties: str) -> dict[str, Any]:
    return {
        "decision_id": f"d-{row}", "action": "embed", "asset_id": "a", "line_id": row, "purpose": "p",
        "facts_digest": "f", "policy_digest": "x", "as_of": LAST, "valid_until": until, "effect": effect,
        "rules": ["house/HOUSE-10"], "missing": [], "obligations": list(duties), "regulator_rules": [], "run_id": "r0",
    }  # fmt: skip


def status(row: str, at: datetime = LAST, **what: Any) -> dict[str, Any]:
    return {"row_id": row, "decision_id": "d-old", "recorded_at": at, "run_id": "r0"} | what


def write(tables: Tables, name: str, rows: list[dict[str, Any]]) -> None:
    tables.append(name, tables.frame(name, rows))


def now_holds(tables: Tables) -> dict[str, Any]:
    return {r["row_id"]: r for r in newest_status(tables.read("row_status")).collect()}


def days(at: datetime) -> float:
    return (at.astimezone(UTC) - NOW) / timedelta(days=1)


# row -> its key, its line's newest decision (effect, until, duties), its status before; then what holds after.
CASES: dict[str, tuple[str, tuple[Any, ...] | None, dict[str, Any] | None, tuple[Any, ...]]] = {
    "new": ("open", ("allow", UNTIL), None, ("open", "published", None)),
    "unending": ("open", ("allow", None), None, ("open", "published", None)),
    "same": ("open", ("allow", UNTIL), OPEN, ("open", "published", None)),
    "shorter": ("open", ("allow", NOW + timedelta(days=1)), OPEN, ("open", "renewed", None)),
    "denied": ("open", ("deny", None, "destroy_days<=3", "log_days>=9"), OPEN, ("closed", "decision_ended", 3)),
    "gap": ("open", ("gap", UNTIL), OPEN, ("closed", "decision_ended", DESTROY_DAYS)),
    "undecided": ("open", None, OPEN, ("closed", "decision_ended", DESTROY_DAYS)),
    "ran_out": ("open", ("allow", NOW), OPEN | {"expires_at": NOW - timedelta(days=2)},
                ("closed", "decision_ended", DESTROY_DAYS - 2)),
    "withdrawn": ("closed", ("allow", UNTIL, "destroy_days<=28"), OPEN, ("closed", "key_closed", 28)),
    "never_opened": ("closed", ("allow", UNTIL), None, ("closed", "key_closed", DESTROY_DAYS)),
    "never_allowed": ("open", ("deny", UNTIL), None, ("closed", "decision_ended", DESTROY_DAYS)),
    "again": ("open", ("allow", UNTIL), ENDED, ("open", "allowed_again", None)),
    "not_again": ("closed", ("allow", UNTIL), ENDED, ("closed", "decision_ended", 0)),
    "frozen": ("open", ("allow", UNTIL), OPEN | {"status": "frozen"}, ("frozen", "published", None)),
    "held": ("closed", ("deny", UNTIL), OPEN | {"status": "held"}, ("held", "published", None)),
    # This writer's clock is a day behind whoever opened the row.
    "ahead": ("closed", ("deny", UNTIL), OPEN | {"at": NOW + timedelta(days=1)},
              ("closed", "key_closed", DESTROY_DAYS)),
}  # fmt: skip


@pytest.fixture
def stored(tables: Tables) -> Tables:
    write(tables, "embeddings", [embedding(row, f"{key}-{row}") for row, (key, *_) in CASES.items()])
    write(tables, "decisions", [decision(row, *said) for row, (_, said, _, _) in CASES.items() if said])
    write(tables, "row_status", [status(row, **was) for row, (_, _, was, _) in CASES.items() if was])
    return tables


def test_a_row_is_open_while_its_key_is_open_and_its_newest_decision_allows(stored: Tables) -> None:
    """And what closes has to be gone by the shortest time that its rules set, counted from when it ended."""
    keys = frozenset(f"open-{row}" for row, (key, *_) in CASES.items() if key == "open")
    counts = settle(stored, keys, "r1", NOW)
    found = {
        row: (r["status"], r["reason"], None if r["erase_by"] is None else days(r["erase_by"]))
        for row, r in now_holds(stored).items()
    }
    assert {row: after for row, (*_, after) in CASES.items()} == found
    assert {"opened": 4, "closed": 8} == counts
    assert {"opened": 0, "closed": 0} == settle(stored, keys, "r2", NOW)
    queue = waiting(DeltaReader(stored.warehouse), NOW)
    assert {row for row, (_, _, _, after) in CASES.items() if after[0] == "closed"} == {
        r["row_id"] for r in queue
    }
    assert [r["erase_by"] for r in queue] == sorted(r["erase_by"] for r in queue)
    told = {r["row_id"]: (r["why"], r["rules"], r["late"]) for r in queue}
    assert ("decision_ended", ["house/HOUSE-10"], False) == told["denied"]
    assert ("key_closed", [], False) == told["withdrawn"]
    assert ("decision_ended", [], False) == told["ran_out"]
    assert told["not_again"][2]


def test_closing_a_key_closes_its_rows_and_no_other(stored: Tables) -> None:
    before = now_holds(stored)
    assert 0 == close_rows(stored, frozenset(), "r1", NOW)
    gone = frozenset(
        {"closed-withdrawn", "closed-never_opened", "closed-held", "closed-ahead", "closed-unheard_of"}
    )
    assert 3 == close_rows(stored, gone, "r1", NOW)
    changed = {row: r["reason"] for row, r in now_holds(stored).items() if before.get(row) != r}
    assert dict.fromkeys(("withdrawn", "never_opened", "ahead"), "key_closed") == changed
    assert 0 == close_rows(stored, gone, "r2", NOW)


def test_the_desk_closes_the_rows_that_a_night_would(stored: Tables) -> None:
    """Without Spark: the same rows, the same decisions, the same time to erase by."""
    before = now_holds(stored)
    gone = {"closed-withdrawn", "closed-never_opened", "closed-held", "closed-ahead", "closed-unheard_of"}
    done = closing.close_rows(stored, gone, "r1", NOW)
    after = {row: r for row, r in now_holds(stored).items() if before.get(row) != r}
    expected = {row: CASES[row][3] for row in ("withdrawn", "never_opened", "ahead")}
    assert expected == {row: (r["status"], r["reason"], days(r["erase_by"])) for row, r in after.items()}
    assert (5, 3, 28) == (done.keys, done.rows, days(done.erase_by))
    assert 0 == close_rows(stored, frozenset(gone), "r2", NOW)


def test_before_anything_is_stored_there_is_nothing_to_close(tables: Tables) -> None:
    assert 0 == close_rows(tables, frozenset({"k"}), "r1", NOW)
    assert not tables.exists("row_status")
