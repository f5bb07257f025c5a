"""The page of a run's quality checks, judged by Great Expectations: readable without a network, without values."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from habeas.model.errors import Unavailable
from habeas.model.installation.resources import PROJECT
from habeas.oversight.report.checks_page import PAGE, RESULTS, results, write_checks
from habeas.warehouse.contracts import read_contracts
from habeas.warehouse.quality.great_expectations import judge
from habeas.warehouse.quality.rules import aggregates, expectations

EMBEDDINGS = read_contracts(PROJECT / "schemas")["embeddings"]
ASKED = expectations(EMBEDDINGS)
CANARY = 41.98765432109  # a quality value that must not be copied anywhere
GOOD: dict[str, float] = {name: 0 for name, _ in aggregates(EMBEDDINGS)} | {
    "rows": 8, "rows_failing": 0, "q_size_px__min": CANARY, "q_exposure__max": 0.8, "q_frontality__max": 1.0,
}  # fmt: skip


class Shown(HTMLParser):
    """What a page would load or lead to, the words it shows, and its style."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str | None] = []
        self.rows: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        loads = ("src", "srcset", "href", "xlink:href", "action", "data", "poster", "style")
        self.links += [value for name, value in attrs if name in loads or name.startswith("on")]
        if tag == "tr":
            self.rows.append("")

    def handle_data(self, data: str) -> None:
        if self.rows:
            self.rows[-1] += f" {data.strip()}"


def checked(folder: Path, **changed: float) -> Path:
    """Judge one run and write its page."""
    row = GOOD | changed
    verdict = judge(pd.DataFrame([row]), ASKED)
    counts = {"rows": int(row["rows"]), "failing": int(row["rows_failing"])}
    failed = verdict.failed + verdict.warned
    found = results("night-7", EMBEDDINGS, counts, ASKED, failed, datetime(2026, 11, 29, tzinfo=UTC))
    return write_checks(folder, found)


def test_reading_the_page_asks_no_other_host(tmp_path: Path) -> None:
    html = checked(tmp_path).read_text(encoding="utf-8")
    shown = Shown(html)
    assert ["checks.json", "index.html"] == shown.links
    assert set() == shown.tags & {"script", "iframe", "object", "embed", "img", "link", "form", "base"}
    assert not re.search(r"https?:|url\(|@import|//[a-z]", html)
    assert "default-src 'none'" in html


def test_the_page_holds_every_rule_of_the_contract(tmp_path: Path) -> None:
    shown = Shown(checked(tmp_path).read_text(encoding="utf-8"))
    assert len(ASKED) == len(shown.rows[1:]) > 30
    for asked in ASKED:
        (row,) = [row for row in shown.rows if row.split()[0] == asked.name]
        assert f"{asked.description}." in row
        assert asked.column in row
        assert "passed" in row
    assert {"night-7", "8"} <= set((tmp_path / PAGE).read_text(encoding="utf-8").replace("<", ">").split(">"))


def test_a_broken_run_shows_first_which_rule_failed(tmp_path: Path) -> None:
    page = checked(tmp_path, row_id__duplicates=3, rows_failing=1)
    html = page.read_text(encoding="utf-8")
    rows = Shown(html).rows[1:]
    assert ["row_id_unique", "rows_failing_none"] == [
        row.split()[0] for row in rows if "failed" in row.split()
    ]
    assert "No two rows of a run share an id." in rows[0] and "nothing is published" in rows[0]
    assert "rows_failing_none" in rows[1] and "a warning" in rows[1]
    assert "Nothing of this run was published" in html
    found = json.loads((tmp_path / RESULTS).read_text(encoding="utf-8"))
    assert not found["passed"]
    assert ["row_id_unique", "rows_failing_none"] == [
        e["name"] for e in found["expectations"] if not e["passed"]
    ]
    assert ("night-7", 8, 1) == (found["run_id"], found["rows"], found["rows_failing"])


def test_a_warning_alone_is_told_as_one(tmp_path: Path) -> None:
    html = checked(tmp_path, rows_failing=1).read_text(encoding="utf-8")
    assert "passed with a warning" in html and "Nothing of this run" not in html
    assert json.loads((tmp_path / RESULTS).read_text(encoding="utf-8"))["passed"]


def test_no_value_that_was_judged_is_kept(tmp_path: Path) -> None:
    checked(tmp_path, q_exposure__max=CANARY)
    kept = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert {PAGE, RESULTS} == set(kept)
    for text in kept.values():
        assert "41.9" not in text
        assert "q_exposure__max" in text  # the search itself finds things


def test_a_run_without_new_rows_says_that_nothing_was_judged(tmp_path: Path) -> None:
    counts = {"rows": 0, "failing": 0}
    page = write_checks(tmp_path, results("r", EMBEDDINGS, counts, [], (), datetime.now(UTC)))
    assert "nothing was judged" in page.read_text(encoding="utf-8")


def test_a_page_that_cannot_be_written_is_tried_again_later(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("a file where the folder should be")
    with pytest.raises(Unavailable, match="quality checks can't be written"):
        checked(tmp_path / "report")
