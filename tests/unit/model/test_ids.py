"""A decision's name says what it was about and what it rests on, however it is computed."""

from __future__ import annotations

from datetime import UTC, datetime

from habeas.model.ids import DecisionNames, decision_id, new_id

AT = datetime(2026, 6, 1, tzinfo=UTC)


def test_a_decision_is_named_by_all_it_rests_on() -> None:
    named = new_id("decision", "embed", "asset", "line", "search", "f" * 64, "p" * 64, AT)
    assert named == decision_id("embed", "asset", "line", "search", "f" * 64, "p" * 64, AT)
    assert new_id("decision", "scan", "asset", "", "search", "f" * 64, "p" * 64, AT) == decision_id(
        "scan", "asset", None, "search", "f" * 64, "p" * 64, AT
    )


def test_names_made_one_after_another_are_those_made_alone() -> None:
    names = DecisionNames("embed", "p" * 64, AT)
    for asset, line, purpose, facts in [("a", "l", "x", "f1"), ("b", "l", "x", "f1"), ("a", "l", "x", "f2")]:
        assert decision_id("embed", asset, line, purpose, facts, "p" * 64, AT) == names.name(
            asset, line, purpose, facts
        )
