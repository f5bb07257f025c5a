from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from habeas.adapters.gx import judge
from habeas.errors import CheckFailed
from habeas.tables.checks import Expectation, aggregates, expectations
from habeas.tables.contracts import read_contracts

SCHEMAS = Path(__file__).parents[3] / "schemas"
EMBEDDINGS = read_contracts(SCHEMAS)["embeddings"]
CANARY = 41.98765432109  # a quality value that must not be copied anywhere


def one_good_run(**changed: float | None) -> pd.DataFrame:
    row: dict[str, float | None] = {name: 0 for name, _ in aggregates(EMBEDDINGS)}
    row |= {"rows": 8, "rows_failing": 0, "q_size_px__min": CANARY, "q_size_px__max": 200.0}
    row |= {
        "q_exposure__min": 0.2,
        "q_exposure__max": 0.8,
        "q_frontality__min": 0.3,
        "q_frontality__max": 1.0,
    }
    return pd.DataFrame([row | changed])


def test_good_rows_pass_and_pages_are_built(tmp_path: Path) -> None:
    verdict = judge(one_good_run(), expectations(EMBEDDINGS), tmp_path / "data_docs")
    assert (True, (), ()) == (verdict.ok, verdict.failed, verdict.warned)
    assert tmp_path / "data_docs" / "index.html" == verdict.index
    assert verdict.index.is_file()
    assert 1 == len(list((tmp_path / "data_docs" / "validations").rglob("*.html")))


def test_reading_the_pages_tells_no_other_host(tmp_path: Path) -> None:
    few = expectations(EMBEDDINGS)[:2]
    for _ in range(2):  # pages of earlier runs stay as they are
        judge(one_good_run(), few, tmp_path / "data_docs")
    pages = [path.read_text() for path in (tmp_path / "data_docs").rglob("*.html")]
    assert len(pages) >= 4
    assert {1} == {page.count("Content-Security-Policy") for page in pages}
    assert [] == [page for page in pages if "default-src 'self'" not in page.split("<script", maxsplit=1)[0]]


def test_a_row_out_of_bounds_stops_and_is_named_without_its_value(tmp_path: Path) -> None:
    rows = one_good_run(q_exposure__max=CANARY, row_id__duplicates=3)
    verdict = judge(rows, expectations(EMBEDDINGS), tmp_path / "data_docs")
    assert (False, ("q_exposure__max", "row_id_unique")) == (verdict.ok, verdict.failed)
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(kept) > 5
    assert not [content for content in kept if b"41.987" in content]
    assert [content for content in kept if b"q_exposure__max" in content]  # the search itself finds things


@pytest.mark.parametrize(("failing", "ok"), [(2, True), (3, False)], ids=str)
def test_a_few_failing_rows_warn_and_many_stop(tmp_path: Path, failing: int, ok: bool) -> None:
    few = [e for e in expectations(EMBEDDINGS) if e.column == "rows_failing"]
    verdict = judge(one_good_run(rows_failing=failing), few, tmp_path / "data_docs")
    assert (ok, ("rows_failing_none",) if failing else ()) == (verdict.ok, verdict.warned)


def test_an_aggregate_nobody_computed_is_no_pass(tmp_path: Path) -> None:
    with pytest.raises(CheckFailed, match="sealed__nulls"):
        judge(one_good_run().drop(columns="sealed__nulls"), expectations(EMBEDDINGS), tmp_path / "data_docs")


def test_two_rows_of_aggregates_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckFailed, match="one row"):
        judge(pd.concat([one_good_run()] * 2), expectations(EMBEDDINGS), tmp_path / "data_docs")


def test_a_run_where_no_row_passed_is_stopped(tmp_path: Path) -> None:
    empty = one_good_run(rows=4, rows_failing=4, q_size_px__min=None, q_exposure__max=None)
    verdict = judge(empty, expectations(EMBEDDINGS), tmp_path / "data_docs")
    assert (False, ("rows_failing_few",)) == (verdict.ok, verdict.failed)


def test_a_warning_alone_lets_the_publish_go_on(tmp_path: Path) -> None:
    mild = [Expectation("mild", "rows", 100, None, "warning", "at least a hundred rows")]
    verdict = judge(one_good_run(), mild, tmp_path / "data_docs")
    assert (True, (), ("mild",)) == (verdict.ok, verdict.failed, verdict.warned)
