from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from habeas.model.errors import CheckFailed
from habeas.warehouse.contracts import read_contracts
from habeas.warehouse.quality.great_expectations import judge
from habeas.warehouse.quality.rules import Expectation, aggregates, expectations

SCHEMAS = Path(__file__).parents[3] / "schemas"
EMBEDDINGS = read_contracts(SCHEMAS)["embeddings"]


def one_good_run(**changed: float | None) -> pd.DataFrame:
    row: dict[str, float | None] = {name: 0 for name, _ in aggregates(EMBEDDINGS)}
    row |= {"rows": 8, "rows_failing": 0, "q_size_px__min": 41.5, "q_size_px__max": 200.0}
    row |= {
        "q_exposure__min": 0.2,
        "q_exposure__max": 0.8,
        "q_frontality__min": 0.3,
        "q_frontality__max": 1.0,
    }
    return pd.DataFrame([row | changed])


def test_good_rows_pass() -> None:
    verdict = judge(one_good_run(), expectations(EMBEDDINGS))
    assert (True, (), ()) == (verdict.ok, verdict.failed, verdict.warned)


def test_judging_writes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    judge(one_good_run(), expectations(EMBEDDINGS)[:2])
    assert [] == list(tmp_path.rglob("*"))


def test_a_row_out_of_bounds_stops_and_is_named() -> None:
    verdict = judge(one_good_run(q_exposure__max=41.5, row_id__duplicates=3), expectations(EMBEDDINGS))
    assert (False, ("q_exposure__max", "row_id_unique")) == (verdict.ok, verdict.failed)


@pytest.mark.parametrize(("failing", "ok"), [(2, True), (3, False)], ids=str)
def test_a_few_failing_rows_warn_and_many_stop(failing: int, ok: bool) -> None:
    few = [e for e in expectations(EMBEDDINGS) if e.column == "rows_failing"]
    verdict = judge(one_good_run(rows_failing=failing), few)
    assert (ok, ("rows_failing_none",) if failing else ()) == (verdict.ok, verdict.warned)


def test_an_aggregate_nobody_computed_is_no_pass() -> None:
    with pytest.raises(CheckFailed, match="sealed__nulls"):
        judge(one_good_run().drop(columns="sealed__nulls"), expectations(EMBEDDINGS))


def test_two_rows_of_aggregates_are_refused() -> None:
    with pytest.raises(CheckFailed, match="one row"):
        judge(pd.concat([one_good_run()] * 2), expectations(EMBEDDINGS))


def test_a_run_where_no_row_passed_is_stopped() -> None:
    empty = one_good_run(rows=4, rows_failing=4, q_size_px__min=None, q_exposure__max=None)
    verdict = judge(empty, expectations(EMBEDDINGS))
    assert (False, ("rows_failing_few",)) == (verdict.ok, verdict.failed)


def test_a_warning_alone_lets_the_publish_go_on() -> None:
    mild = [Expectation("mild", "rows", 100, None, "warning", "at least a hundred rows")]
    verdict = judge(one_good_run(), mild)
    assert (True, (), ("mild",)) == (verdict.ok, verdict.failed, verdict.warned)
