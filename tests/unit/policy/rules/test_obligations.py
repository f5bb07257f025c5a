"""Duties of several laws unite to the strictest."""

from __future__ import annotations

import pytest

from habeas.model.errors import UsageError
from habeas.policy.rules.obligations import at_most, parse, unite


def test_duties_are_read_sorted() -> None:
    assert ("destroy_days<=5", "inform_recipients", "log_days>=730") == parse(
        "log_days>=730; destroy_days<=5; inform_recipients", "t:1"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "log_days",
        "log_days>=",
        "log_days>=01",
        "log_days>=100000",
        "log_days>=1;x",
        "destroy_days>=5",
        "answer_days<=-1",
        "be_nice",
        "human_review ",
        "Human_review",
    ],
)
def test_what_is_no_duty_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"^t:1: "):
        parse(text, "t:1")


@pytest.mark.parametrize("text", ["human_review; human_review", "log_days>=1; log_days>=2"])
def test_a_duty_stands_once(text: str) -> None:
    with pytest.raises(UsageError, match="twice"):
        parse(text, "t:1")


def test_the_shortest_deadline_and_the_longest_log_hold() -> None:
    several = [
        "destroy_days<=28",
        "log_days>=184",
        "destroy_days<=5",
        "log_days>=730",
        "log_days>=365",
        "keep_apart",
    ]
    expected = ("destroy_days<=5", "keep_apart", "log_days>=730")
    assert expected == unite(several) == unite(several[::-1]) == unite([*several, *expected])
    assert () == unite([])


def test_a_limit_is_found_by_name() -> None:
    assert 5 == at_most(["destroy_days<=9", "destroy_days<=5", "log_days>=1"], "destroy_days")
    assert None is at_most(["destroy_days<=9"], "retention_days")
