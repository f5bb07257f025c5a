from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import small_warehouse as story

from habeas.faces.binding.bind import RESIDUAL
from habeas.model.installation.resources import PROJECT
from habeas.model.installation.steps import NIGHTLY
from habeas.oversight.numbers.numbers import count
from habeas.oversight.numbers.tally import read_tally
from habeas.oversight.report.detail import describe
from habeas.oversight.report.page import Look, render, write
from habeas.oversight.report.summary import summarise
from habeas.oversight.report.write_report import make_report, page_of, write_index
from habeas.policy.lists.waivers import Waiver
from habeas.policy.rulebook import Rulebook, RuleText
from habeas.warehouse.authenticated.run_records import TaskRecord, as_row
from habeas.warehouse.delta.delta_reader import DeltaReader
from habeas.warehouse.reader import rows

STEP_NAMES = [step.name for step in NIGHTLY]

RULES = Rulebook(
    rules={
        story.RULE_WITHDRAWN: RuleText("They <b>withdrew</b>"),
        story.RULE_SCAN: RuleText("No ground", fact="scan_ground"),
    },
    waivers=(
        Waiver("HOUSE-9", "privacy-office", "books <i>lost</i>", date(2026, 11, 1), date(2027, 2, 1)),
        Waiver("HOUSE-7", "privacy-office", "an old one", date(2025, 1, 1), date(2026, 1, 1)),
    ),
)


NOW = story.at(25)


def page(warehouse: Path, rules: Rulebook = RULES) -> str:
    reader = DeltaReader(warehouse)
    tally = read_tally(reader, rows(reader, "runs", ("run_id", "=", story.RUN)))
    numbers = count(tally, rules, NOW)
    summary = summarise(tally, numbers, story.RUN, {}, rules, NOW)
    return render(summary, numbers, describe(tally, rules, NOW), Look("A run", drawn=True))


@pytest.fixture(scope="module")
def html(small_warehouse: Path) -> str:
    return page(small_warehouse)


class Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [
            value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "action")
        ]
        assert not [name for name, _ in attrs if name.startswith("on")]


def test_the_page_runs_nothing_and_loads_nothing(html: str) -> None:
    seen = Seen()
    seen.feed(html)
    assert set() == seen.tags & {"script", "iframe", "object", "embed", "img", "link", "form"}
    assert ["../../index.html"] == seen.links
    assert "default-src 'none'" in html
    assert not re.search(r"url\(|@import", html)


def test_text_from_tables_is_inert(html: str) -> None:
    assert "<b>withdrew</b>" not in html


def test_a_controller_cannot_write_html(tmp_path: Path) -> None:
    story.write(tmp_path, "sources", [
        {"source_id": "s", "controller": "<script>alert(1)</script>", "controller_kind": "public", "root": "s",
         "purposes": [], "legal_basis": "Consent", "scan_ground": "none", "roster_ground": "none",
         "jurisdiction": "KR", "capture_place": "KR", "retention_days": 1, "registered_at": story.at(1)}])  # fmt: skip
    assert "<script" not in page(tmp_path)


def test_the_page_names_no_person_no_file_and_no_key(html: str) -> None:
    for secret in (story.ANA, story.BEN, story.CLEO, story.KEY_ANA, "day 1.jpg", "clerk 7", story.GROUP):
        assert secret not in html


def test_the_page_shows_the_flow_and_the_reasons(html: str) -> None:
    for text in (
        "From files to templates",
        "Looked at",
        "its source states no ground",
        "a listed person",
        "studio",
        "<b>4</b> faces found = 1 embedded\n  + 3 refused",
        "<b>3</b> files found = 1 looked at\n  + 1 refused + 1 set aside\n  + 0 waiting",
    ):
        assert text in html
    assert html.count("<svg") == 4


def test_every_rule_stands_with_its_id_and_its_whole_sentence(html: str) -> None:
    assert f"<code>{story.RULE_WITHDRAWN}</code>" in html
    assert "They &lt;b&gt;withdrew&lt;/b&gt;" in html


def test_a_missing_fact_stands_once_with_all_decisions_that_lack_it(small_warehouse: Path) -> None:
    tally = read_tally(DeltaReader(small_warehouse))
    (one,) = tally.decisions[:1]
    lacking = [
        {**one, "purpose": purpose, "missing": ["key_open", "targeted"]} for purpose in ("search", "training")
    ]
    told = describe(replace(tally, decisions=lacking), RULES, NOW).missing
    keys = [(count, where) for fact, count, where in told if "key for this person" in fact]
    assert [(2, "nothing to write: the import of a consent makes the key")] == keys
    entries = [where for _, count, where in told if count == 1]
    assert len(entries) == 2  # what is written into an entry of its own for each purpose stays apart
    assert "entry of search" in entries[0] and "entry of training" in entries[1]


def test_files_of_no_source_are_told(tmp_path: Path) -> None:
    row = as_row(TaskRecord(story.RUN, "catalog", "done", NOW.isoformat(), NOW.isoformat(), 1.0, 1.0,
                            {"unregistered": 6}))  # fmt: skip
    reported(tmp_path, tmp_path / "report", left=[row])
    assert "<b>6</b> more files lie in no registered source" in page_of(
        tmp_path / "report", story.RUN
    ).read_text(encoding="utf-8")


def test_a_placeholder_of_a_list_is_not_said_to_be_an_erased_person(small_warehouse: Path) -> None:
    tally = read_tally(DeltaReader(small_warehouse))
    nobody = {**tally.rosters[0], "line_id": "ff" * 16, "subject_id": None}
    changed = replace(tally, rosters=[*tally.rosters, nobody])
    numbers = count(changed, RULES, NOW)
    told = render(summarise(changed, numbers, story.RUN, {}, RULES, NOW), numbers,
                  describe(changed, RULES, NOW), Look("A run"))  # fmt: skip
    assert "<b>1</b> more line names nobody: a placeholder of the list, or" in told


def test_the_page_says_what_a_template_is(html: str) -> None:
    assert "A <em>template</em> is a row of numbers" in html


def test_the_page_says_how_many_are_bound_to_somebody_else_when_rosters_are_wrong(html: str) -> None:
    measured = json.loads((PROJECT / "bench" / "results" / "binding.json").read_text())
    assert measured["wrong_rosters"] == 0.05
    assert RESIDUAL == measured["residual_wrong_binding_rate"]
    assert "0.78 % of" in html


def test_every_waiver_shows_with_its_owner_and_its_end(html: str) -> None:
    assert "Exceptions from house rules" in html
    for text in ("HOUSE-9", "in force", "2027-02-01", "privacy-office", "an old one", "expired"):
        assert text in html
    assert "<i>lost</i>" not in html


def reported(
    warehouse: Path, folder: Path, run: str = story.RUN, now: Any = NOW, **more: Any
) -> dict[str, Any]:
    return make_report(DeltaReader(warehouse), more.pop("rules", RULES), run, folder, {}, now=now, **more)


def test_a_page_shows_the_waivers_of_the_rules_the_run_decided_by(
    small_warehouse: Path, tmp_path: Path
) -> None:
    """A waiver that was taken out of the list since still shows on the page of that night."""
    now = Rulebook("1" * 64, older={story.POLICY: RULES}.get)
    told = reported(small_warehouse, tmp_path, rules=now)
    assert ["HOUSE-9", "HOUSE-7"] == [each["rule"] for each in told["waivers"]]
    assert "privacy-office" in page_of(tmp_path, story.RUN).read_text(encoding="utf-8")


def record(run: str, task: str, hour: int, status: str = "done") -> TaskRecord:
    at = story.at(21, hour).isoformat()
    return TaskRecord(run, task, status, at, at, 1.0, 1.0)


def test_every_run_keeps_its_page_and_the_index_lists_them_all(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "report"
    story.fill(home)
    first = reported(home, folder)
    before = page_of(folder, story.RUN).read_bytes()
    story.write(home, "row_status", [
        {"row_id": story.ROW_ANA, "status": "closed", "decision_id": story.ALLOWED, "reason": "key_closed",
         "erase_by": story.at(27), "recorded_at": story.at(22), "run_id": "import"}])  # fmt: skip
    records = [record("nightly-2", task, hour) for hour, task in enumerate(STEP_NAMES)]
    second = reported(home, folder, "nightly-2", left=[as_row(each) for each in records])
    assert (1, 0, 0) == tuple(first["templates"][name] for name in ("open", "closed", "due"))
    assert (0, 1, 1) == tuple(second["templates"][name] for name in ("open", "closed", "due"))
    assert first["faces"] == second["faces"]
    index = (folder / "index.html").read_text(encoding="utf-8")
    assert index.index('href="runs/nightly-2/index.html"') < index.index(
        f'href="runs/{story.RUN}/index.html"'
    )
    assert first == reported(home, folder, now=story.at(26))  # made again: it tells of its own night
    assert before == page_of(folder, story.RUN).read_bytes()


def test_a_page_made_after_later_runs_says_so(small_warehouse: Path, tmp_path: Path) -> None:
    records = [record("nightly-2", task, hour) for hour, task in enumerate(STEP_NAMES)]
    reported(small_warehouse, tmp_path, "nightly-2", left=[as_row(each) for each in records])
    reported(small_warehouse, tmp_path)
    assert "after later runs" in page_of(tmp_path, story.RUN).read_text(encoding="utf-8")
    assert "after later runs" not in page_of(tmp_path, "nightly-2").read_text(encoding="utf-8")


def test_a_run_that_failed_has_a_page_that_says_so(small_warehouse: Path, tmp_path: Path) -> None:
    records = [record("nightly-2", "catalog", 1), record("nightly-2", "decide", 2, "failed")]
    left = [as_row(each) for each in records]
    assert "failed" == reported(small_warehouse, tmp_path, "nightly-2", left=left)["status"]
    assert "come to its end: failed" in page_of(tmp_path, "nightly-2").read_text(encoding="utf-8")


def test_a_summary_that_was_spoilt_hides_no_other_run(small_warehouse: Path, tmp_path: Path) -> None:
    reported(small_warehouse, tmp_path)
    (tmp_path / "runs" / "broken").mkdir()
    (tmp_path / "runs" / "broken" / "index.html").touch()
    (tmp_path / "runs" / "broken" / "summary.json").write_text("{")
    index = write_index(tmp_path, drawn=False).read_text(encoding="utf-8")
    assert "runs/broken/index.html" in index and f"runs/{story.RUN}/index.html" in index


def test_no_waiver_is_said_too(small_warehouse: Path) -> None:
    assert "every house rule was applied" in page(small_warehouse, Rulebook())


def test_the_page_asks_why_with_real_ids(html: str) -> None:
    assert f"habeas explain {story.ROW_ANA[:16]}" in html


def test_an_empty_run_still_has_a_page(tmp_path: Path) -> None:
    assert "Nothing is stored that is open" in page(tmp_path)


def test_the_page_is_put_in_place_whole(tmp_path: Path) -> None:
    place = write(tmp_path / "report", "<p>é</p>")
    assert "<p>é</p>" == place.read_text(encoding="utf-8")
    assert [place] == list(place.parent.iterdir())


@pytest.mark.parametrize("checked", [False, True])
def test_a_run_links_its_own_quality_checks_where_there_are_any(
    small_warehouse: Path, tmp_path: Path, checked: bool
) -> None:
    page = page_of(tmp_path, story.RUN)
    if checked:
        write(page.parent, "<p>", "checks.html")
    make_report(DeltaReader(small_warehouse), RULES, story.RUN, tmp_path, {}, now=NOW)
    assert checked == ('href="checks.html"' in page.read_text(encoding="utf-8"))
