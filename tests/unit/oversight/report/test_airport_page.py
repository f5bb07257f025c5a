from __future__ import annotations

import json
import re
from html import unescape
from html.parser import HTMLParser

import pytest
from airport_case import Case, decided
from airport_counted import counted

from habeas.model.installation.resources import PROJECT
from habeas.oversight.report.airport.counts import AirportCase, as_json
from habeas.oversight.report.airport.finding import FINDING, KNOWN, RESTS_ON
from habeas.oversight.report.airport.page import SHORT, render
from habeas.synthetic.archives.airport_lists import TRAINING, A, B, C

DOC = PROJECT / "docs" / "explanation" / "airport.md"


@pytest.fixture(scope="module")
def decisions(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return decided(tmp_path_factory.mktemp("lists"))


@pytest.fixture(scope="module")
def case(decisions: Case) -> AirportCase:
    return counted(decisions)


@pytest.fixture(scope="module")
def html(case: AirportCase) -> str:
    return render(case, [("why it was <b>refused</b>", "ab" * 16)])


def words(text: str) -> str:
    """Text as a reader sees it: without markup, with single blanks."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", text)))


def test_the_case_counts_every_request_once_and_stores_for_one_vendor_alone(case: AirportCase) -> None:
    a, b, c = case.vendors
    assert (a.purpose, b.purpose, c.purpose) == TRAINING
    assert a.requests == b.requests == c.requests == case.listed == 46
    assert (a.strict.allowed, b.strict.allowed) == (0, 0)
    assert 0 < c.strict.allowed < c.strict.refused
    assert (a.templates, b.templates, c.templates) == (0, 0, c.strict.allowed)
    assert (a.keys, b.keys, case.strays) == (1, 0, 0)
    assert a.strict.by_rule["kr-pipa/KR-26-2"] == a.requests
    assert a.regulator.by_rule["kr-pipa/KR-26-2"] == a.requests
    assert "kr-pipa/KR-26-2" not in c.strict.by_rule
    assert case.opened == 7


def test_the_page_shows_every_waiver_of_its_run(case: AirportCase) -> None:
    waiver = {"rule": "HOUSE-9", "state": "in force", "about": "everything", "ends_on": "2027-02-01",
              "owner": "privacy-office", "reason": "books lost", "used": 7}  # fmt: skip
    assert "HOUSE-9 in force everything 2027-02-01 privacy-office books lost 7" in words(
        render(case, waived=[waiver])
    )
    assert "None: every house rule was applied to everything." in words(render(case))


def test_a_row_under_a_key_of_another_vendor_would_be_counted(decisions: Case) -> None:
    assert counted(decisions, astray=True).strays == 7


def test_the_json_says_what_the_page_says(case: AirportCase) -> None:
    told = json.loads(json.dumps(as_json(case)))
    assert set(told["purposes"]) == set(TRAINING)
    assert told["purposes"][A]["made_public"] == told["purposes"][B]["made_public"] == "never"
    assert told["purposes"][B]["rows"] == 0
    assert told["purposes"][C]["regulator"]["finding"] == "none"
    assert told["purposes"][A]["regulator"]["by_rule"]["kr-pipa/KR-26-2"] == 46
    assert {"sentence", "citation"} == set(told["rules"]["kr-pipa/KR-26-2"])
    assert list(told["rules"])[:5] == [
        "kr-pipa/KR-26-2", "kr-pipa/KR-18-1", "kr-pipa/KR-23-1", "house/HOUSE-2", "house/HOUSE-3",
    ]  # fmt: skip


def test_the_page_has_the_refusal_table_with_sentences_and_citations(case: AirportCase, html: str) -> None:
    text = words(html)
    for name, rule in case.rules.items():
        assert rule.citation in text and rule.sentence in text, name
    assert "that has not been made public" in text
    assert text.index("KR-26-2 ·") < text.index("KR-18-1 ·")


def test_the_picture_names_the_five_rules_and_the_vendors(html: str) -> None:
    drawn = "".join(re.findall(r'<ul class="bars.*?</ul>', html, re.DOTALL))
    assert all(label in drawn for label in (*SHORT.values(), "Vendor A", "Vendor B", "Vendor C", "refused"))


class Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [v or "" for name, v in attrs if name in ("src", "href", "xlink:href", "action")]
        assert not [name for name, _ in attrs if name.startswith("on")]


def test_the_page_runs_nothing_loads_nothing_and_names_nobody(html: str, decisions: Case) -> None:
    seen = Seen()
    seen.feed(html)
    assert set() == seen.tags & {"script", "iframe", "object", "embed", "img", "link", "form", "b>"}
    assert ["index.html"] == seen.links
    assert "<b>refused" not in html
    assert not [person.badge for person in decisions.plan.people if person.badge in html]


# What is said of the real case


@pytest.mark.parametrize("text", ["page", "doc"])
def test_the_finding_is_told_exactly_and_nothing_beyond_it(html: str, text: str) -> None:
    told = words(
        html.replace("&#34;", '"').replace("&#39;", "'") if text == "page" else DOC.read_text("utf-8")
    )
    for each in (*KNOWN, *FINDING):
        assert each.says in told
        assert all(source in told for source in each.sources)
    for fact in (
        "2022-04-27",
        "2026-02-26",
        "KRW 1,000,000",
        "177.6 million",
        "Article 26(2)",
        "did not rule on the merits",
    ):
        assert fact in told
    assert all(says in told for _, says in RESTS_ON)


@pytest.mark.parametrize("text", ["page", "doc"])
def test_nobody_is_said_to_have_found_a_breach_of_articles_18_or_23(html: str, text: str) -> None:
    """The commission found one breach. Every sentence in which it finds, fines or rules on something is checked."""
    told = words(html) if text == "page" else DOC.read_text("utf-8")
    for sentence in re.split(r"(?<=[.:])\s", told):
        finds = re.search(r"commission|PIPC|court|ruled|fined|found", sentence, re.IGNORECASE)
        if finds and re.search(r"(?:Article|Art\.?|KR-)\s?-?(?:18|23)\b", sentence):
            assert re.search(r"\b(?:no|not|neither|otherwise)\b", sentence), sentence
