"""A statute stands in for somebody's consent only where a known reviewer signed exactly this entry."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from habeas.model.errors import UsageError
from habeas.policy.lists.statute_signing import with_signature
from habeas.policy.lists.statutes import Statute, entry_of, sign_statute, statutes_of
from habeas.policy.lists.strict_yaml import entries

KEY, OTHER_KEY = bytes(range(32)), bytes(range(1, 33))
PURPOSES = {"archive_search", "model_training"}
ENTRY = """\
  - id: border-photos
    law: https://example.org/act
    article: Art 12(2)
    place: KR
    purposes: [model_training]
    controllers: [Ministry]
    processor_classes: [controller, public]
    data_kinds: [template]
    reviewed_by: reviewer-1
    reviewed_on: 2026-11-01
    expires_on: 2027-11-01
"""


def signer(key: bytes) -> Callable[[bytes], bytes]:
    return Ed25519PrivateKey.from_private_bytes(key).sign


def public(key: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw()


REVIEWERS = {"reviewer-1": public(KEY), "reviewer-2": public(OTHER_KEY)}


def signed(entry: str = ENTRY, key: bytes = KEY) -> str:
    node = entries(f"statutes:\n{entry}".encode(), "s", "statutes")[0]
    return f"{entry}    signature: {sign_statute(entry_of(node, 's', PURPOSES), signer(key))}\n"


def read(*listed: str, reviewers: dict[str, bytes] = REVIEWERS) -> tuple[Statute, ...]:
    text = "statutes:\n" + "".join(listed)
    return statutes_of(text.encode(), "statutes.yaml", PURPOSES, reviewers)


def test_a_signed_statute_covers_what_it_names_and_nothing_else() -> None:
    statute = read(signed())[0]
    assert statute.covers("model_training", "Ministry", ["controller"], "template")
    assert statute.covers("model_training", "Ministry", ["controller", "public"], "template")
    assert not statute.covers("archive_search", "Ministry", ["controller"], "template")
    assert not statute.covers("model_training", "Museum", ["controller"], "template")
    assert not statute.covers("model_training", "Ministry", ["controller", "private"], "template")
    assert not statute.covers("model_training", "Ministry", ["controller"], "model")


def test_a_statute_is_in_force_from_its_review_to_its_end() -> None:
    statute = read(signed())[0]
    days = (date(2026, 10, 31), date(2026, 11, 1), date(2027, 10, 31), date(2027, 11, 1))
    assert [False, True, True, False] == [statute.in_force(day) for day in days]


def test_the_signature_is_pinned() -> None:
    """Another release must read what was signed with this one; computed apart from habeas, once."""
    pinned = "OzSVSt1hwUbIXYhwsHPqyvPMsTQZQOrggxLWHseyMxTzmL1ZGjsqGA9kIf/0DcNoLfP8gCTljaeLLUslDQLzAQ=="
    assert f"    signature: {pinned}" == signed().splitlines()[-1]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Art 12(2)", "Art 12(3)"),
        ("place: KR", "place: DE"),
        ("[model_training]", "[model_training, archive_search]"),
        ("[Ministry]", "[Ministry, Museum]"),
        ("[controller, public]", "[controller, public, private]"),
        ("[controller, public]", "[public, controller]"),
        ("2027-11-01", "2037-11-01"),
        ("2026-11-01", "2020-11-01"),
        ("https://example.org/act", "https://example.org/other"),
        ("[template]", "[template, model]"),
        ("border-photos", "border-photo"),
        ("reviewed_by: reviewer-1", "reviewed_by: reviewer-2"),
    ],
)
def test_a_changed_entry_is_no_longer_signed(old: str, new: str) -> None:
    with pytest.raises(UsageError, match=r"statutes\.yaml:2: the signature of statute .* sign-statute"):
        read(signed().replace(old, new))


def test_an_unsigned_statute_is_refused() -> None:
    with pytest.raises(UsageError, match=r"statutes\.yaml:2: .* isn't signed .*habeas policy sign-statute"):
        read(ENTRY)


def test_a_reviewer_nobody_knows_signs_nothing() -> None:
    with pytest.raises(UsageError, match=r"statutes\.yaml:2: nobody known .* habeas people add"):
        read(signed(), reviewers={"reviewer-2": public(KEY)})
    with pytest.raises(UsageError, match="is not reviewer-1's"):
        read(signed(key=OTHER_KEY))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[Ministry]", "['*']", ":7: controllers must name each one"),
        ("[Ministry]", "[any]", ":7: controllers must name each one"),
        ("[Ministry]", "[ALL]", ":7: controllers must name each one"),
        ("[Ministry]", "['Ministry*']", ":7: controllers must name each one"),
        ("[Ministry]", "[]", ":7: controllers must name each one"),
        ("[Ministry]", "Ministry", ":7: expected a list"),
        ("[Ministry]", "[Ministry, Ministry]", "stands twice"),
        ("[model_training]", "['*']", ":6: purposes must name each one"),
        ("[model_training]", "[crowds]", ":6: unknown purposes"),
        ("[controller, public]", "[everybody]", ":8: unknown processor_classes"),
        ("[controller, public]", "[any]", ":8: processor_classes must name"),
        ("[template]", "[]", ":9: data_kinds must name"),
        ("[template]", "[faces]", ":9: unknown data_kinds"),
        ("2027-11-01", "2026-11-01", "ends before it was reviewed"),
        ("2027-11-01", "never", ":12: expected a day"),
        ("    expires_on: 2027-11-01\n", "", "expires_on"),
        ("    reviewed_by: reviewer-1\n", "", "reviewed_by"),
        ("border-photos", "Border", "lower case"),
        ("place: KR", "place: Korea", "whose law it is"),
        ("place: KR", "place: unknown", "whose law it is"),
        ("    place: KR\n", "", "place"),
        ("article: Art 12(2)", "article: ''", ":4: the value is empty"),
        ("article: Art 12(2)", "article: Art\u200b 12", ":4: "),
    ],
)
def test_a_statute_that_names_too_much_or_too_little_is_refused(old: str, new: str, says: str) -> None:
    with pytest.raises(UsageError, match=r"statutes\.yaml:\d+: ") as caught:
        read(ENTRY.replace(old, new) + "    signature: AAAA\n")
    assert says in str(caught.value)


@pytest.mark.parametrize("signature", ["AAAA", "not base64!", "A" * 88])
def test_what_is_no_signature_is_refused(signature: str) -> None:
    with pytest.raises(UsageError, match="the signature of statute border-photos is not"):
        read(f"{ENTRY}    signature: {signature}\n")


def test_two_entries_with_one_id_are_refused() -> None:
    with pytest.raises(UsageError, match=r"statutes\.yaml:14: statute border-photos stands already"):
        read(signed(), signed())


# Signing in the file


def put(text: str, statute_id: str = "border-photos", reviewer: str = "reviewer-1") -> str:
    who = (reviewer, public(KEY))
    return with_signature(text.encode(), "statutes.yaml", statute_id, PURPOSES, who, signer(KEY)).decode()


OTHER = ENTRY.replace("border-photos", "other-photos")


@pytest.mark.parametrize(
    "text",
    [
        "statutes:\n" + ENTRY,
        "# ours\nstatutes:\n" + ENTRY.replace("id: border-photos", "id: border-photos # the first"),
        "statutes:\n" + ENTRY + "    signature: AAAA\n",
        "statutes:\n" + ENTRY + "    signature: AAAA # an old one\n",
        "statutes:\n" + signed(OTHER) + ENTRY,
        "statutes:\n" + ENTRY.rstrip("\n"),
        "statutes:\n" + ENTRY.replace("  - id: border-photos\n    law:", "  -\n    id: border-photos\n    law:"),
        "statutes:\n"
        + ENTRY.replace("  - id: border-photos\n    law: https://example.org/act",
                        "  - law: https://example.org/act\n    id: border-photos"),
    ],
)  # fmt: skip
def test_a_statute_is_signed_in_its_file_and_nothing_else_changes(text: str) -> None:
    after = put(text)
    listed = {each.statute_id for each in statutes_of(after.encode(), "s", PURPOSES, REVIEWERS)}
    assert "border-photos" in listed

    def unsigned(written: str) -> list[str]:
        return [line for line in written.splitlines() if "signature:" not in line]

    assert unsigned(text) == unsigned(after)
    assert after == put(after)


@pytest.mark.parametrize(
    ("text", "changes", "says"),
    [
        ("statutes: []\n", {}, "no statute with this id"),
        ("statutes:\n" + ENTRY, {"statute_id": "other"}, "no statute with this id"),
        ("statutes:\n" + ENTRY, {"reviewer": "reviewer-2"}, ":2: it is reviewed by somebody else"),
        ("statutes:\n" + ENTRY.replace("[Ministry]", "['*']"), {}, ":7: controllers must name each one"),
        ("statutes: [{id: border-photos, law: l, article: a, place: KR, purposes: [model_training], controllers: [M], "
         "processor_classes: [public], data_kinds: [template], reviewed_by: reviewer-1, reviewed_on: 2026-11-01, "
         "expires_on: 2027-11-01}]\n", {}, "statutes.yaml:"),
    ],
)  # fmt: skip
def test_nothing_is_signed_that_could_not_be_read(text: str, changes: dict[str, str], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        put(text, **changes)
    assert says in str(caught.value)
