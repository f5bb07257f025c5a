"""Meaning is checked with a small engine that reads the same SQL; Spark itself runs it in tests/spark."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from habeas.model.errors import UsageError
from habeas.warehouse.contracts import Column, Contract, Rule, read_contracts
from habeas.warehouse.quality.rules import aggregates, expectations, reason_sql, row_faults, row_is_bad

SCHEMAS = Path(__file__).parents[3] / "schemas"
EMBEDDINGS = read_contracts(SCHEMAS)["embeddings"]

GOOD: dict[str, object] = {
    **{c.name: "word" for c in EMBEDDINGS.columns if c.type == "string"},
    "row_id": "0123456789abcdef" * 4, "suite": 2, "format_version": 1, "frame_ms": 0, "rank": 0,
    "q_size_px": 80.0, "q_sharpness": 12.5, "q_exposure": 0.5, "q_frontality": 0.9, "q_norm_ok": 1,
    "sealed": b"\0" * 1184,
}  # fmt: skip


def in_sqlite(sql: str, row: dict[str, object]) -> object:
    """SQLite knows the same operators, and what it lacks is added. It stores NaN as null: -1e308 stands for it."""
    engine = sqlite3.connect(":memory:")
    engine.create_function("isnan", 1, lambda v: v == -1e308)
    engine.create_function("rlike", 2, lambda pattern, v: v is not None and re.search(pattern, v) is not None)
    columns = {name: row.get(name) for name in EMBEDDINGS.names}
    engine.execute(f"CREATE TABLE t ({', '.join(columns)})")
    engine.execute(f"INSERT INTO t VALUES ({', '.join('?' * len(columns))})", list(columns.values()))
    spoken = re.sub(r"(`\w+`) RLIKE ('[^']*')", r"rlike(\2, \1)", sql)
    (answer,) = engine.execute(f"SELECT {spoken} FROM t").fetchone()
    return answer


BAD = [
    ({"row_id": "no hex"}, "row_id_malformed"),
    ({"row_id": None}, "row_id_missing"),
    ({"decision_id": None}, "decision_id_missing"),
    ({"subject_id": None}, "subject_id_missing"),
    ({"sealed": None}, "sealed_missing"),
    ({"sealed": b"\0" * 64}, "breaks_constraint_2"),
    ({"suite": 3}, "suite_invalid"),
    ({"rank": -1}, "rank_out_of_range"),
    ({"frame_ms": -1}, "frame_ms_out_of_range"),
    ({"q_size_px": 19.99}, "q_size_px_out_of_range"),
    ({"q_exposure": 1.01}, "q_exposure_out_of_range"),
    ({"q_exposure": -0.01}, "q_exposure_out_of_range"),
    ({"q_frontality": 1.01}, "q_frontality_out_of_range"),
    ({"q_sharpness": -1e308}, "q_sharpness_not_a_number"),
    ({"q_norm_ok": 0}, "q_norm_ok_invalid"),
    ({"q_norm_ok": None}, "q_norm_ok_missing"),
]


def test_a_row_that_keeps_its_contract_passes() -> None:
    assert 0 == in_sqlite(row_is_bad(EMBEDDINGS), GOOD)


def test_a_row_not_yet_published_may_lack_its_publishing_time() -> None:
    assert "sealed_at" not in row_is_bad(EMBEDDINGS)
    assert "sealed_at" not in " ".join(sql for _, sql in aggregates(EMBEDDINGS))


@pytest.mark.parametrize(("changed", "reason"), BAD, ids=[r for _, r in BAD])
def test_a_row_that_breaks_its_contract_is_set_aside_with_the_reason(
    changed: dict[str, object], reason: str
) -> None:
    assert 1 == in_sqlite(row_is_bad(EMBEDDINGS), GOOD | changed)
    assert reason == in_sqlite(reason_sql(EMBEDDINGS), GOOD | changed)


def test_every_reason_is_one_snake_case_word() -> None:
    assert [] == [r for r, _ in row_faults(EMBEDDINGS) if not re.fullmatch(r"[a-z][a-z0-9_]*", r)]


def test_every_bound_of_the_contract_is_judged() -> None:
    suite = {e.name: e for e in expectations(EMBEDDINGS)}
    assert (20, None) == (suite["q_size_px__min"].minimum, suite["q_size_px__min"].maximum)
    assert (None, 1) == (suite["q_exposure__max"].minimum, suite["q_exposure__max"].maximum)
    assert {"row_id_unique", "q_norm_ok_true", "sealed_length_one_per_suite", "rows_failing_few"} < set(suite)
    assert {"warning"} == {e.severity for e in suite.values() if e.name == "rows_failing_none"}


def test_every_expectation_is_about_an_aggregate_that_is_computed() -> None:
    computed = {name for name, _ in aggregates(EMBEDDINGS)} | {"rows", "rows_failing"}
    wanted = {c for e in expectations(EMBEDDINGS) for c in (e.column, e.share_of) if c}
    assert set() == wanted - computed


def test_no_aggregate_carries_an_identity() -> None:
    named = {c.name for c in EMBEDDINGS.columns if c.classification != "none"}
    telling = [sql for _, sql in aggregates(EMBEDDINGS) if re.match(r"(min|max|first|collect)", sql)]
    assert [] == [sql for sql in telling if any(name in sql for name in named)]


def _contract(column: Column, *rules: Rule) -> Contract:
    return replace(EMBEDDINGS, columns=(column,), constraints=(), quality=rules)


def test_an_optional_column_may_be_empty_but_not_wrong() -> None:
    optional = _contract(Column("rank", "integer", False, "", "none", minimum=0))
    assert 0 == in_sqlite(row_is_bad(optional), {"rank": None})
    assert 1 == in_sqlite(row_is_bad(optional), {"rank": -1})


def test_a_quote_in_a_contract_stays_inside_its_literal() -> None:
    rule = Rule("known", "invalidValues", "", "critical", 0, 0, valid=("it's", "x' OR '1'='1"))
    quoted = _contract(Column("purpose", "string", True, "", "none", quality=(rule,)))
    assert "'x\\' OR \\'1\\'=\\'1'" in row_is_bad(quoted)


@pytest.mark.parametrize("metric", ["nullValues", "rowCount", ""])
def test_a_metric_nobody_computes_is_refused_when_the_suite_is_made(metric: str) -> None:
    odd = _contract(EMBEDDINGS.columns[0], Rule("odd", metric, "", "critical", 0, 0))
    with pytest.raises(UsageError, match="odd"):
        expectations(odd)
