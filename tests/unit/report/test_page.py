from __future__ import annotations

import json
import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
import small_warehouse as story

from habeas.adapters.delta_reader import DeltaReader
from habeas.faces.binding import RESIDUAL
from habeas.policy.waivers import Waiver
from habeas.report.detail import describe
from habeas.report.make import make_report
from habeas.report.page import data_docs, render, write
from habeas.report.summary import read_tally, summarise
from habeas.settings import PROJECT
from habeas.steps.rulebook import Rulebook, RuleText

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


def page(warehouse: Path, rules: Rulebook = RULES) -> str:
    tally = read_tally(DeltaReader(warehouse), story.RUN)
    return render(
        summarise(tally, story.RUN, {}, rules), describe(tally, rules), title="A run", drawn=True, docs=None
    )


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
    assert [] == seen.links
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
    ):
        assert text in html
    assert html.count("<svg") >= 4


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


def test_a_page_shows_the_waivers_of_the_rules_the_run_decided_by(
    small_warehouse: Path, tmp_path: Path
) -> None:
    """A waiver that was taken out of the list since still shows on the page of that night."""
    now = Rulebook("1" * 64, older={story.POLICY: RULES}.get)
    told = make_report(DeltaReader(small_warehouse), now, story.RUN, tmp_path, {}, title="A run")
    assert ["HOUSE-9", "HOUSE-7"] == [each["rule"] for each in told["waivers"]]
    assert "privacy-office" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_no_waiver_is_said_too(small_warehouse: Path) -> None:
    assert "every house rule was applied" in page(small_warehouse, Rulebook())


def test_the_page_asks_why_with_real_ids(html: str) -> None:
    assert f"habeas explain {story.ROW_ANA[:16]}" in html


def test_an_empty_run_still_has_a_page(tmp_path: Path) -> None:
    assert "Nothing was stored" in page(tmp_path)


def test_the_page_is_put_in_place_whole(tmp_path: Path) -> None:
    place = write(tmp_path / "report", "<p>é</p>")
    assert "<p>é</p>" == place.read_text(encoding="utf-8")
    assert [place] == list(place.parent.iterdir())


def test_data_docs_are_linked_when_they_are_there(tmp_path: Path) -> None:
    assert data_docs(tmp_path) is None
    place = tmp_path / "data_docs" / "local_site" / "index.html"
    place.parent.mkdir(parents=True)
    place.touch()
    assert "data_docs/local_site/index.html" == data_docs(tmp_path)
