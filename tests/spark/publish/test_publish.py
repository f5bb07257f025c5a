"""Publishing: by key, idempotent, and a withdrawal that comes in between wins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from habeas.media.values import MediaReason
from habeas.pipeline.current.current_decisions import newest_status
from habeas.pipeline.publish.publish import publish
from habeas.pipeline.publish.row_status import settle_now
from habeas.warehouse.spark_tables import Tables

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
DONE = {"kind": "done", "run_id": "r1", "asset_id": "a1", "source_id": "s", "work_digest": "w", "count": 1,
        "model_id": "m", "made_for": ["p=w"]}  # fmt: skip


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


def test_a_file_that_couldnt_be_reached_is_no_work_done_and_one_that_cant_be_used_is(tables: Tables) -> None:
    """A share that was away between two steps: its files were never embedded."""
    reasons = [*sorted(MediaReason.AGAIN), "broken_image", "unexpected_error"]
    rows = [
        {
            "kind": "quarantine",
            "run_id": "r1",
            "asset_id": why,
            "source_id": "s",
            "work_digest": "w",
            "reason": why,
        }
        for why in reasons
    ]
    stage(tables, *rows, DONE)
    publish(tables, "r1", NOW, NOW, lambda: frozenset({"k1"}))
    assert {r["asset_id"] for r in tables.read("work").collect()} == {
        "a1",
        "broken_image",
        "unexpected_error",
    }
    assert sorted(r["reason"] for r in tables.read("quarantine").collect()) == sorted(reasons), (
        "told all the same"
    )


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


def work(
    tables: Tables, digest: str, *rows: dict[str, Any], at: datetime, purpose: str = "p", **ended: Any
) -> None:
    """A night on the same file: `rows` are what it makes."""
    made = [row | {"work_digest": digest, "purpose": purpose} for row in rows]
    stage(tables, *made, DONE | {"work_digest": f"all {digest}", "made_for": [f"{purpose}={digest}"]} | ended)
    publish(tables, "r1", at, at, lambda: frozenset({"k1"}))


def newest(tables: Tables) -> dict[str, tuple[str, str]]:
    return {
        r["row_id"][0]: (r["status"], r["reason"]) for r in newest_status(tables.read("row_status")).collect()
    }


def test_what_the_newest_work_no_longer_makes_is_shut_and_opens_when_it_is_made_again(tables: Tables) -> None:
    first, second = embedding("1", "k1"), embedding("2", "k1", rank=1)
    work(tables, "loose", first, second, at=NOW)
    work(tables, "strict", first, at=NOW + timedelta(days=1))
    assert newest(tables) == {"1": ("open", "published"), "2": ("closed", "superseded")}
    shut = {r["row_id"][0]: r["erase_by"] for r in newest_status(tables.read("row_status")).collect()}
    assert shut["2"] is not None
    # The looser settings come back, with the very digest of the first night; this clock is behind.
    work(tables, "loose", first, second, at=NOW + timedelta(hours=1))
    assert newest(tables) == {"1": ("open", "published"), "2": ("open", "allowed_again")}
    assert 2 == tables.read("work").count()


def test_a_row_that_is_made_again_holds_what_the_newest_work_saw(tables: Tables) -> None:
    """The best frame of other settings may show another person, whom the old ciphertext would go on naming."""
    work(tables, "one", embedding("1", "k1", sealed=b"\x01" * 3500), at=NOW)
    work(tables, "two", embedding("1", "k1", sealed=b"\x02" * 3500, frame_ms=9), at=NOW + timedelta(days=1))
    (row,) = tables.read("embeddings").collect()
    assert (b"\x02" * 3500, 9) == (bytes(row["sealed"]), row["frame_ms"])
    assert newest(tables)["1"][0] == "open"


def test_work_for_another_purpose_shuts_nothing(tables: Tables) -> None:
    work(tables, "w", embedding("1", "k1"), at=NOW)
    work(tables, "other", purpose="q", at=NOW + timedelta(days=1))
    assert newest(tables) == {"1": ("open", "published")}


def test_a_file_that_can_no_longer_be_used_shuts_what_was_made_of_it(tables: Tables) -> None:
    work(tables, "w", embedding("1", "k1"), at=NOW)
    work(
        tables, "w2", at=NOW + timedelta(days=1), kind="quarantine", reason="unreadable_container", count=None
    )
    assert newest(tables) == {"1": ("closed", "superseded")}


def test_refusals_are_those_of_the_newest_work_for_each_purpose(tables: Tables) -> None:
    """Whoever reads the table may add up what is in it."""

    def refused(digest: str, count: int, purpose: str) -> list[dict[str, Any]]:
        named = {"reason": "not_allowed", "purpose": purpose, "count": 1}
        return [
            REFUSAL | {"work_digest": f"all {digest}", "count": count},
            REFUSAL | {"work_digest": f"all {digest}"} | named,
        ]

    for number, (digest, purpose) in enumerate([("w1", "p"), ("w2", "p"), ("w3", "q")]):
        done = DONE | {"work_digest": f"all {digest}", "made_for": [f"{purpose}={digest}"]}
        stage(tables, *refused(digest, number + 1, purpose), done)
        publish(tables, "r1", NOW, NOW + timedelta(days=number), frozenset)
    found = sorted((r["reason"], r["purpose"], r["count"]) for r in tables.read("refusals").collect())
    assert found == [("not_allowed", "p", 1), ("not_allowed", "q", 1), ("unbound", "", 3)]


def a_line(line: str, at: datetime) -> dict[str, Any]:
    return {"line_id": line, "asset_id": "a1", "subject_id": f"u of {line}", "closed": False, "attested_by": "desk",
            "attested_at": at, "listed_at": at, "recorded_at": at}  # fmt: skip


def test_a_corrected_list_shuts_the_wrong_persons_template_before_any_file_is_read(tables: Tables) -> None:
    tables.append("rosters", tables.frame("rosters", [a_line("l1", NOW)]))
    work(tables, "w", embedding("1", "k1"), at=NOW)
    corrected = NOW + timedelta(days=1)
    tables.append("rosters", tables.frame("rosters", [a_line("right", corrected)]))
    settle_now(tables, lambda: frozenset({"k1"}), "r2", corrected)
    assert newest(tables) == {"1": ("closed", "roster_replaced")}
    settle_now(tables, frozenset, "r3", corrected)
    assert newest(tables) == {"1": ("closed", "roster_replaced")}


def test_a_photo_replaced_by_another_of_its_name_shuts_what_was_made_of_the_old_one(tables: Tables) -> None:
    def asset(name: str, there: bool, at: datetime) -> dict[str, Any]:
        return {"asset_id": name, "source_id": "s", "location": "a.jpg", "folders": [], "media": "photo",
                "format": "jpeg", "bytes": 1, "modified_ns": 1, "present": there, "catalogued_at": at,
                "run_id": "r"}  # fmt: skip

    tables.append("assets", tables.frame("assets", [asset("a1", True, NOW)]))
    work(tables, "w", embedding("1", "k1"), at=NOW)
    tables.upsert("assets", tables.frame("assets", [asset("a1", False, NOW)]))
    settle_now(tables, lambda: frozenset({"k1"}), "r2", NOW + timedelta(hours=1))
    assert newest(tables) == {"1": ("open", "published")}, "it is merely gone"
    tables.upsert("assets", tables.frame("assets", [asset("a2", True, NOW + timedelta(days=1))]))
    settle_now(tables, lambda: frozenset({"k1"}), "r3", NOW + timedelta(days=1))
    assert newest(tables) == {"1": ("closed", "file_replaced")}
    back = [asset("a1", True, NOW), asset("a2", False, NOW + timedelta(days=1))]
    tables.upsert("assets", tables.frame("assets", back))
    settle_now(tables, lambda: frozenset({"k1"}), "r4", NOW + timedelta(days=2))
    assert newest(tables) == {"1": ("open", "allowed_again")}


def test_work_keeps_how_many_faces_were_found_and_embedded(tables: Tables) -> None:
    """A face refused for two purposes stands in two rows of `refusals`, so those alone can't say it."""
    denied = REFUSAL | {"reason": "not_allowed", "count": 1}
    stage(tables, embedding("1", "k1"), REFUSAL, denied | {"purpose": "p"}, denied | {"purpose": "q"},
          DONE | {"faces": 4})  # fmt: skip
    publish(tables, "r1", NOW, NOW, lambda: frozenset({"k1"}))
    (work,) = tables.read("work").collect()
    assert ("done", 4, 1) == (work["state"], work["faces"], work["faces_embedded"])


def test_work_on_a_file_that_was_set_aside_has_no_faces(tables: Tables) -> None:
    stage(tables, {**DONE, "kind": "quarantine", "reason": "truncated", "count": None})
    publish(tables, "r1", NOW, NOW, frozenset)
    (work,) = tables.read("work").collect()
    assert ("quarantined", None, None) == (work["state"], work["faces"], work["faces_embedded"])
