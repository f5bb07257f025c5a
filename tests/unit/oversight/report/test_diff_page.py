from __future__ import annotations

import re
from datetime import date

import pytest

from habeas.oversight.report.diff_page import render
from habeas.oversight.report.summary import waivers_on
from habeas.policy.diff import Difference, Group, Kind, Outcome
from habeas.policy.lists.waivers import Waiver

ALLOWED = Outcome("allow", ("house/HOUSE-ALLOW",), retention_days=365)
SHORTER = Outcome("allow", ("house/HOUSE-ALLOW",), retention_days=None)
DENIED = Outcome("deny", ("house/HOUSE-10",))
GROUPS = (
    Group("embed", "archive_search", "<studio>", ALLOWED, DENIED, 1200, open_rows=7),
    Group("embed", "archive_search", "event", DENIED, ALLOWED, 3),
    Group("embed", "archive_search", "event", ALLOWED, SHORTER, 4),
)


@pytest.fixture(scope="module")
def html() -> str:
    return render(
        Difference("a" * 64, "b" * 64, GROUPS, {Kind.NEWLY_REFUSED: 11}),
        {"house/HOUSE-10": "The person <b>consented</b>"},
    )


def test_the_page_says_who_would_be_refused_and_by_which_rule(html: str) -> None:
    text = re.sub(r"<[^>]+>|\s+", " ", html)
    assert re.search(r"1 200\s+newly refused", text)
    assert "11 different ones" in text
    assert re.search(r"7\s+stored templates that are open now would be closed", text)
    assert "house/HOUSE-10" in text


def test_the_picture_has_a_side_for_each_direction_and_every_source(html: str) -> None:
    drawn = "".join(re.findall(r'<ul class="bars.*?</ul>', html, re.DOTALL))
    assert all(word in drawn for word in ("newly refused", "newly allowed", "event", "365 days → no limit"))


def test_nothing_in_a_name_or_a_sentence_becomes_markup(html: str) -> None:
    assert "<studio>" not in html
    assert "<b>consented" not in html
    assert "<script" not in html


def test_every_waiver_of_both_sets_is_shown() -> None:
    day = date(2026, 11, 1)
    old = Waiver("HOUSE-9", "privacy-office", "The books were lost", day, date(2026, 11, 20))
    new = Waiver("HOUSE-16", "privacy-office", "Older <i>tapes</i>", day, date(2027, 2, 1))
    told = waivers_on([old], date(2026, 11, 27)), waivers_on([old, new], date(2026, 11, 27))
    html = render(Difference("a" * 64, "b" * 64, GROUPS, {}), {}, told)
    assert (2, 1) == (html.count("The books were lost"), html.count("Older &lt;i&gt;tapes"))
    assert html.count(">expired<") == 2 and ">in force<" in html
    bare = render(Difference("a" * 64, "b" * 64, GROUPS, {}), {})
    assert 2 == bare.count("every house rule was applied")


def test_two_sets_that_agree_draw_nothing_and_say_so() -> None:
    same = (Group("embed", "archive_search", "studio", ALLOWED, ALLOWED, 5),)
    html = render(Difference("a" * 64, "b" * 64, same, {}), {})
    assert '<ul class="bars' not in html
    assert "No rule makes a difference" in html
