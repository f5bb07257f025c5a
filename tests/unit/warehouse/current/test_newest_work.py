from datetime import UTC, datetime, timedelta

from habeas.warehouse.current.newest_work import newest_work, of_newest_work

T0 = datetime(2026, 11, 28, 2, tzinfo=UTC)


def row(asset: str, digest: str, hours: int = 0) -> dict[str, object]:
    return {"asset_id": asset, "work_digest": digest, "recorded_at": T0 + timedelta(hours=hours)}


def test_the_work_recorded_last_counts_whatever_order_the_rows_come_in():
    rows = [row("a", "new", 24), row("a", "old", 0), row("b", "only")]
    for order in (rows, rows[::-1]):
        assert {a: w["work_digest"] for a, w in newest_work(order).items()} == {"a": "new", "b": "only"}


def test_two_works_of_one_instant_give_the_same_answer_in_any_order():
    rows = [row("a", "x"), row("a", "y")]
    assert newest_work(rows) == newest_work(rows[::-1])


def test_counts_of_superseded_work_are_left_out():
    newest = newest_work([row("a", "old"), row("a", "new", 1)])
    kept = of_newest_work([row("a", "old"), row("a", "new"), row("unknown", "new")], newest)
    assert [(r["asset_id"], r["work_digest"]) for r in kept] == [("a", "new")]
