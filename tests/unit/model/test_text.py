from __future__ import annotations

import pytest

from habeas.model.text import flaw, hidden, shape, tidy


@pytest.mark.parametrize(
    "text", ["", "a b", "mina@example.org", "=HYPERLINK(1)", "김민아", "김 Mina", "Élise", "Ольга"]
)
def test_ordinary_ids_are_fine(text: str) -> None:
    assert None is flaw(text)


@pytest.mark.parametrize(
    "text",
    [
        " a",
        "a\t",
        "a\nb",
        "a\x00",
        "a\x7f",
        "a\u200bb",
        "a\u2066b",
        "a\u00ad",
        "\u3164",
        "a\ufe0f",
        "a\u00a0b",
        "\ud800",
    ],
)
def test_hidden_characters_are_seen_everywhere(text: str) -> None:
    assert hidden(text) is not None
    assert hidden(text) == flaw(text)


@pytest.mark.parametrize("text", ["P\u0430ul", "\u0391lice", "\uff2dina", "\u216b", "\u00b2"])
def test_look_alikes_are_no_ids_but_may_stand_in_a_note(text: str) -> None:
    assert flaw(text) is not None
    assert None is hidden(text)


def test_a_reason_never_repeats_the_text() -> None:
    assert "P" not in str(flaw("P\u0430ul"))


@pytest.mark.parametrize(
    "text",
    ["b-1000",
      "B–1000", "B−1000", "B 1000", "B1000", "B_1000",
     "Ｂ－１０００", "В-1000", "Β-1000", "B-1O00", "B-l000", " B-1000\u200b"],
)  # fmt: skip
def test_what_looks_alike_has_one_shape(text: str) -> None:
    assert shape("B-1000") == shape(text)


@pytest.mark.parametrize("text", ["42", "00042", "42.0", "042.000", "'0042", '="0042"', "４２"])
def test_a_number_that_a_spreadsheet_or_a_program_rewrote_looks_like_itself(text: str) -> None:
    assert shape("0042") == shape(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [("0", "00.5"), ("42", "420"), ("42.0", "42.5"), ("B-042", "B-42"),
     ("AI-100", "AL-100"), ("3-1-12", "3-11-2"), ("B-10", "B-100"), ("Zoe", "Zoë"),
     ("김민아", "김민하"), ("bill", "b111")],
)  # fmt: skip
def test_what_does_not_look_alike_stays_apart(one: str, other: str) -> None:
    assert shape(one) != shape(other)


def test_nothing_drawn_has_no_shape() -> None:
    assert "" == shape("\u200b --- ") == shape("")
    assert "Mina" == tidy("\u202eMina\u00a0")
