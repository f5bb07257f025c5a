"""A purpose is spelt one way, to the letter: a look-alike is another purpose that nobody consented to."""

from __future__ import annotations

from pathlib import Path

import pytest

from habeas.model.errors import BadInput, UsageError
from habeas.model.purposes import Purposes
from habeas.policy.lists.purposes import load_purposes

ENTRY = """
  - id: {id}
    label: Some purpose
    iri: urn:habeas:purpose:{id}
    broader: https://w3id.org/dpv#ResearchAndDevelopment
    commercial: false
    training: false
    gallery: false
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "purposes.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_purposes_there_are(purposes: Purposes) -> None:
    assert {"archive_search": False, "access_verification": False, "model_training": True} == {
        name: purpose.commercial for name, purpose in purposes.items()
    }
    assert "archive_search" == purposes.resolve("archive_search").purpose_id


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("archive_search ", "unclean_text"),
        (" archive_search", "unclean_text"),
        ("archive_search\n", "unclean_text"),
        ("archive\u200b_search", "unclean_text"),
        ("archive\u00ad_search", "unclean_text"),
        ("\u202earchive_search", "unclean_text"),
        ("\ufeffarchive_search", "unclean_text"),
        ("\u3164archive_search", "unclean_text"),
        ("archive\u00a0search", "unclean_text"),
        ("\u0430rchive_search", "unclean_text"),  # Cyrillic a
        ("\u0430\u0440\u0441", "unclean_text"),  # Cyrillic throughout
        ("\uff41rchive_search", "unclean_text"),  # full width a
        ("archive_sea\u0072\u0301ch", "unclean_text"),
        ("Archive_Search", "unknown_purpose"),
        ("ARCHIVE_SEARCH", "unknown_purpose"),
        ("archive-search", "unknown_purpose"),
        ("crowd_counting", "unknown_purpose"),
        ("", "unknown_purpose"),
        ("=HYPERLINK()", "unknown_purpose"),
    ],
)
def test_a_look_alike_is_no_purpose(text: str, reason: str, purposes: Purposes) -> None:
    with pytest.raises(BadInput) as caught:
        purposes.resolve(text)
    assert reason == caught.value.reason
    assert not text or text not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("purposes:" + ENTRY.format(id="a") + ENTRY.format(id="a"), "already"),
        ("purposes:" + ENTRY.format(id="a") + "    label: again\n", ":9: label stands twice"),
        ("purposes: []\npurposes: []\n", ":2: purposes stands twice"),
        ("purposes:" + ENTRY.format(id="Archive"), "lower case"),
        ("purposes:" + ENTRY.format(id="a").replace("false", "no", 1), ":6: expected true or false"),
        ("purposes:" + ENTRY.format(id="a").replace("false", "False"), "true or false"),
        ("purposes:" + ENTRY.format(id="a").replace("    training: false\n", ""), "training"),
        (
            "purposes:" + ENTRY.format(id="a").replace("gallery: false", "gallery: maybe"),
            ":8: expected true or false",
        ),
        (
            "purposes:" + ENTRY.format(id="a").replace("Some", "So\u200bme"),
            ":3: a character that is not drawn",
        ),
        ("# \u202eignored\npurposes: []\n", ":1: a character that is not drawn"),
        ("\ufeffpurposes: []\n", ":1: a character that is not drawn"),
        ("purposes: []\n--- \npurposes: []\n", ":2: "),
        ("purposes:" + ENTRY.format(id="a").replace("commercial: false", ""), "commercial"),
        ("purposes:" + ENTRY.format(id="a") + "    owner: me\n", "owner"),
        ("purposes:" + ENTRY.format(id="a").replace("https://w3id.org/dpv#", "dpv:"), "DPV term"),
        (
            "purposes:" + ENTRY.format(id="a").replace("Some purpose", "!!python/object:os.system x"),
            "plain text",
        ),
        ("purposes:" + ENTRY.format(id="a").replace("Some purpose", "[a]"), "plain text"),
        ("a: &x [1]\npurposes: *x\n", "aliases are not allowed"),
        ("purposes: [", ":1: "),
        ("purposes:\n  " + "[" * 9_000 + "]" * 9_000, ":2: nested more than 50 deep"),
        ("purposes: a\n", "with a list"),
        ("- purposes\n", "names with values"),
        ("", "names with values"),
        ("other: []\n", "expected one key"),
    ],
)
def test_a_flawed_list_is_refused(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"purposes\.yaml") as caught:
        load_purposes(write(tmp_path, text))
    assert says in str(caught.value)


def test_a_missing_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be read"):
        load_purposes(tmp_path / "purposes.yaml")


def test_a_list_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "purposes.yaml"
    path.write_bytes("purposes: []".encode("utf-16"))
    with pytest.raises(UsageError, match="not UTF-8"):
        load_purposes(path)
