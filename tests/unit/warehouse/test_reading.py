"""A table that is lost must not read as one that was never made: an auditor would be told that nothing happened."""

from __future__ import annotations

import pytest
from in_memory import Tables

from habeas.model.errors import IntegrityError
from habeas.warehouse.reader import one, rows, starting, there

RESTING = [
    ("sources", "assets", "source_id"),
    ("assets", "decisions", "asset_id"),
    ("rosters", "decisions", "line_id"),
    ("rosters", "embeddings", "line_id"),
    ("subjects", "consents", "subject_id"),
    ("consents", "keys", "key_id"),
    ("keys", "decisions", "key_id"),
    ("keys", "embeddings", "key_id"),
    ("fact_sets", "decisions", "facts_digest"),
    ("decisions", "embeddings", "decision_id"),
    ("decisions", "work", "asset_id"),
    ("embeddings", "row_status", "row_id"),
]


@pytest.mark.parametrize(("lost", "later", "column"), RESTING)
def test_a_lost_table_is_no_empty_one(lost: str, later: str, column: str) -> None:
    tables = Tables(**{later: [{column: None}, {column: "a1"}]})
    with pytest.raises(IntegrityError, match=f"table {lost} is gone, and {later} holds rows") as caught:
        rows(tables, lost)
    assert 5 == caught.value.exit_code and caught.value.hint


@pytest.mark.parametrize(("lost", "later", "column"), RESTING)
def test_a_later_table_without_such_a_row_proves_nothing(lost: str, later: str, column: str) -> None:
    assert [] == rows(Tables(**{later: [{column: None}]}), lost)
    assert [] == rows(Tables(**{later: []}), lost)


def test_a_fresh_installation_has_no_rows_and_no_alarm() -> None:
    for lost, _, _ in RESTING:
        assert not there(Tables(), lost)
        assert [] == starting(Tables(), lost, "x", "abcd", ["x"])
        assert one(Tables(), lost, "x", "abcd") is None


def test_a_table_that_is_there_is_read_whatever_it_holds() -> None:
    assert [] == rows(Tables(decisions=[], embeddings=[{"decision_id": "d1"}]), "decisions")
