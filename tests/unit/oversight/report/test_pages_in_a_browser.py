"""Pages as people see them: on a telephone (390 px), on a screen and on paper nothing is cut, nothing is loaded.

NOT RUN where no Chromium is installed; no part of habeas needs one.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import browser as browsers
import pytest
import small_warehouse as story
from airport_case import decided, rules
from airport_counted import counted

from habeas.model.installation.resources import PROJECT
from habeas.model.installation.steps import NIGHTLY
from habeas.oversight.report import checks_page, diff_page
from habeas.oversight.report.airport import page as airport_page
from habeas.oversight.report.page import write
from habeas.oversight.report.write_report import folder_of, make_report, page_of
from habeas.policy.diff import Difference, Group, Kind, Outcome
from habeas.policy.rulebook import Rulebook
from habeas.warehouse.authenticated.run_records import TaskRecord, as_row
from habeas.warehouse.contracts import read_contracts
from habeas.warehouse.delta.delta_reader import DeltaReader
from habeas.warehouse.quality.rules import expectations

STEP_NAMES = [step.name for step in NIGHTLY]

PAPER = 703
"""Width of A4 between the margins of the pages' own style, in px."""
WORDS = "document.querySelectorAll('svg').forEach(e => e.remove()), document.body.innerText"
"""Without the figures on the axes of charts, whose order on paper is another."""
PAGES = ("run", "index", "airport", "diff", "checks")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every kind of page, with the shipped rules' real sentences and with names as long as they may be."""
    folder, home = tmp_path_factory.mktemp("report"), tmp_path_factory.mktemp("home")
    story.fill(home)
    source = {"source_id": "a-source-with-the-longest-name_" + "x" * 33, "controller": "Ministry of " + "Justice" * 8,
              "controller_kind": "public", "root": "s", "purposes": ["access_verification", "archive_search"],
              "legal_basis": "Consent", "scan_ground": "Consent", "roster_ground": "none", "jurisdiction": "KR",
              "capture_place": "KR", "retention_days": 1, "registered_at": story.at(1)}  # fmt: skip
    usual = {**source, "source_id": "council_meetings", "controller": "City Council", "root": "c",
             "scan_ground": "PublicInterest"}  # fmt: skip
    story.write(home, "sources", [source, usual])
    shipped = rules()
    named = [each.rule.name for pack in shipped.packs for each in pack.rules]
    decision = {"action": "embed", "asset_id": story.GROUP, "line_id": story.LINE_CLEO, "purpose": "archive_search",
                "facts_digest": "f", "policy_digest": shipped.digest, "as_of": story.at(23), "effect": "deny",
                "rules": named, "missing": [], "obligations": [], "regulator_rules": [], "run_id": "r",
                "decision_id": "9" * 64}  # fmt: skip
    story.write(home, "decisions", [decision])
    run = "scheduled__2026-11-28T02-00-00-00-00.3f9a1c"
    at = story.at(24).isoformat()
    records = [
        TaskRecord(run, task, "done", at, at, 1.0, 1.0, {}, {"policy": shipped.digest}) for task in STEP_NAMES
    ]
    reader, book = DeltaReader(home), Rulebook.of(shipped)
    for name, left in ((story.RUN, ()), (run, records)):
        make_report(
            reader, book, name, folder, {}, now=story.at(25), left=[as_row(each) for each in left], drawn=True
        )
    case = counted(decided(tmp_path_factory.mktemp("lists")))
    airport = airport_page.render(case, [("why it was refused", "ab" * 16)], "runs/r/index.html")
    allowed, denied = (
        Outcome("allow", ("house/HOUSE-ALLOW",), retention_days=365),
        Outcome("deny", tuple(named)),
    )
    groups = (Group("embed", "archive_search", source["source_id"], allowed, denied, 1200, open_rows=7),
              Group("embed", "archive_search", "event", denied, allowed, 3))  # fmt: skip
    found = Difference("a" * 64, "b" * 64, groups, {Kind.NEWLY_REFUSED: 11})
    contract = read_contracts(PROJECT / "schemas")["embeddings"]
    failed = ("sealed_length_one_per_suite", "rows_failing_none")
    checks = checks_page.results(
        run, contract, {"rows": 12345, "failing": 67}, expectations(contract), failed, story.at(25)
    )
    return {
        "checks": checks_page.write_checks(folder_of(folder, run), checks),
        "run": page_of(folder, run),
        "index": folder / "index.html",
        "airport": write(folder, airport, "airport.html"),
        "diff": write(
            folder, diff_page.render(found, {name: book.sentence(name) for name in named}), "diff.html"
        ),
    }


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browsers.Browser]:
    program = browsers.found()
    if program is None:
        pytest.skip("NOT RUN: no Chromium here, so no page was looked at. apt-get install chromium")
    with browsers.browser(program, tmp_path_factory.mktemp("profile")) as made:
        yield made


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(
    ("width", "media"),
    [(390, "screen"), (800, "screen"), (962, "screen"), (1100, "screen"), (1280, "screen"), (PAPER, "print")],
)
def test_nothing_is_cut_on_a_telephone_a_screen_or_paper(
    browser: browsers.Browser, pages: dict[str, Path], name: str, width: int, media: str
) -> None:
    browser.show(pages[name], width, media=media)
    assert [] == browser.value(browsers.WIDE)
    assert browser.value("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("width", "media"), [(962, "screen"), (1100, "screen"), (PAPER, "print")])
def test_a_usual_id_of_a_source_is_not_broken_in_two(
    browser: browsers.Browser, pages: dict[str, Path], width: int, media: str
) -> None:
    browser.show(pages["run"], width, media=media)
    lines = """(() => { const text = [...document.querySelectorAll('th.long')].map(e => e.firstChild)
      .find(node => node.data === 'council_meetings'), range = document.createRange();
      range.selectNodeContents(text); return range.getClientRects().length; })()"""
    assert 1 == browser.value(lines)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_loads_nothing_but_itself(
    browser: browsers.Browser, pages: dict[str, Path], name: str
) -> None:
    browser.show(pages[name], 1280)
    assert [pages[name].as_uri()] == browser.asked


@pytest.mark.parametrize("name", PAGES)
def test_every_word_is_on_paper(
    browser: browsers.Browser, pages: dict[str, Path], name: str, tmp_path: Path
) -> None:
    if not (tool := shutil.which("pdftotext")):
        pytest.skip("NOT RUN: no pdftotext here, so no printed page was read. apt-get install poppler-utils")
    browser.show(pages[name], PAPER, media="print")
    words = set(browser.value(WORDS).split())
    place = tmp_path / "page.pdf"
    place.write_bytes(browser.pdf())
    told = subprocess.run([tool, "-raw", place, "-"], capture_output=True, text=True, check=True).stdout
    on_paper = "".join(told.split())
    assert 50 < len(words)
    assert [] == [word for word in words if word not in on_paper]
