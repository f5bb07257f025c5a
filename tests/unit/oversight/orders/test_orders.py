"""A halt can't be forged, weakened or lifted by one person; whatever isn't valid stops everything."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import rfc8785
from examples import examples
from giving import NOW, File, Office, id_of, key
from hypothesis import given
from hypothesis import strategies as st

from habeas.model.errors import IntegrityError, UsageError
from habeas.model.ids import packed
from habeas.model.orders import REGISTRAR, HaltScope, OrderKind, Role
from habeas.oversight.orders import payloads as say
from habeas.oversight.orders.book import halted, read_book, stopped
from habeas.oversight.orders.signed_file import Order, written

OFFICE = Office()
OVERSIGHT = OFFICE.person("oversight-1", Role.OVERSIGHT, seed=2)
PRIVACY = OFFICE.person("privacy-1", Role.PRIVACY, seed=3)
POLICY = OFFICE.person("policy-1", Role.POLICY, seed=4)
REVIEWER = OFFICE.person("reviewer-1", Role.REVIEWER, seed=5)
PEOPLE = [OVERSIGHT, PRIVACY, POLICY, REVIEWER]


def book(*files: File, people: list[File] = PEOPLE):
    return read_book([*people, *files], OFFICE.public)


def refused(*files: File, why: str, people: list[File] = PEOPLE) -> str:
    with pytest.raises(IntegrityError, match=why) as caught:
        book(*files, people=people)
    assert "isn't valid" in caught.value.message
    return caught.value.message


def test_nobody_ordered_anything():
    empty = read_book([], OFFICE.public)
    assert ({}, (), ()) == (dict(empty.people), empty.every_halt, empty.activations)
    assert halted(empty, NOW, source="studio", purpose="search", recipient="press") is None


@pytest.mark.parametrize(("by", "seed"), [("oversight-1", 2), ("privacy-1", 3)])
def test_oversight_and_privacy_may_halt_and_lift_each_others_halt(by, seed):
    other = ("privacy-1", 3) if seed == 2 else ("oversight-1", 2)
    halt = OFFICE.halt(by, seed)
    assert [by] == [h.by for h in book(halt).halts(NOW)]
    lifted = book(halt, OFFICE.resume(halt, *other))
    assert () == lifted.halts(NOW)
    assert other[0] == lifted.every_halt[0].resumed_by


def test_whoever_halted_cannot_resume():
    halt = OFFICE.halt("oversight-1", 2)
    refused(halt, OFFICE.resume(halt, "oversight-1", 2), why="whoever halted can't resume")


def test_one_key_under_two_ids_is_no_second_person():
    twin = OFFICE.person("oversight-2", Role.OVERSIGHT, seed=2, at=NOW)
    refused(why="its id or its key is somebody's already", people=[OVERSIGHT, twin])


@pytest.mark.parametrize(("by", "seed"), [("policy-1", 4), ("reviewer-1", 5)])
def test_other_roles_may_neither_halt_nor_resume(by, seed):
    refused(OFFICE.halt(by, seed), why="hasn't the role")
    halt = OFFICE.halt("oversight-1", 2)
    refused(halt, OFFICE.resume(halt, by, seed), why="hasn't the role")


@pytest.mark.parametrize(("by", "seed"), [("oversight-1", 2), ("privacy-1", 3), ("reviewer-1", 5)])
def test_only_policy_puts_rules_into_force(by, seed):
    refused(OFFICE.activation(by, seed), why="hasn't the role")


def test_activations_come_oldest_first():
    first, second = (
        OFFICE.activation("policy-1", 4, "e" * 64),
        OFFICE.activation("policy-1", 4, "a" * 64, NOW + timedelta(1)),
    )
    assert ["e" * 64, "a" * 64] == [a.digest for a in book(second, first).activations]


def test_reviewers_are_those_added_for_it_and_not_removed():
    assert {"reviewer-1": key(5).public_key().public_bytes_raw()} == book().reviewers()
    assert {} == book(OFFICE.removal("reviewer-1")).reviewers()


def test_a_stranger_signs_nothing():
    refused(OFFICE.halt("oversight-9", 9), why="was ever added")


def test_somebody_elses_key_signs_nothing():
    refused(OFFICE.halt("oversight-1", 3), why="signature is not its signer's")


def test_nobody_adds_themself():
    payload = say.person("oversight-9", [Role.OVERSIGHT], key(9).public_key().public_bytes_raw())
    for signer, seed in ((REGISTRAR, 9), ("oversight-9", 9), ("oversight-1", 2), ("oversight-1", 1)):
        forged = OFFICE.sign(OrderKind.PERSON, payload, signer, key(seed))
        refused(forged, why="signature is not|only the registrar")


def test_an_order_of_another_installation_says_nothing_here():
    elsewhere = Office(registrar=key(7))
    halt = elsewhere.halt("oversight-1", 2)
    assert halt[0] == OFFICE.halt("oversight-1", 2)[0]
    refused(halt, why="signature is not its signer's")
    refused(
        why="signature is not its signer's", people=[elsewhere.person("oversight-1", Role.OVERSIGHT, seed=2)]
    )


def test_a_signature_under_another_label_is_none():
    order = Order(OrderKind.HALT, say.halt(HaltScope.ALL, "", "x", None), "oversight-1", NOW)
    for label in ("habeas key record", "habeas order "):
        message = packed(label, 1, OFFICE.public, rfc8785.dumps(order.body))
        content = rfc8785.dumps({"order": order.body, "signature": key(2).sign(message).hex()})
        refused((f"{order.order_id}.json", content), why="signature is not its signer's")


@examples(300)
@given(st.data())
def test_any_edited_byte_shows_and_names_the_file(data):
    halt = OFFICE.halt("oversight-1", 2, HaltScope.SOURCE, "studio", NOW + timedelta(days=1))
    files = [OVERSIGHT, PRIVACY, halt, OFFICE.resume(halt, "privacy-1", 3)]
    chosen = data.draw(st.integers(0, len(files) - 1))
    name, content = files[chosen]
    at, to = data.draw(st.integers(0, len(content) - 1)), data.draw(st.integers(0, 255))
    if content[at] == to:
        return
    files[chosen] = (name, content[:at] + bytes([to]) + content[at + 1 :])
    with pytest.raises(IntegrityError) as caught:
        read_book(files, OFFICE.public)
    assert name in caught.value.message


@examples(200)
@given(st.one_of(st.binary(max_size=400), st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["order", "signature", "kind", "payload", "signer", "signed_at", "halt"]), inner, max_size=4),
    max_leaves=12).map(lambda value: json.dumps(value).encode())))  # fmt: skip
def test_whatever_lies_in_the_folder_is_answered_with_one_error(content):
    with pytest.raises(IntegrityError, match="isn't valid"):
        read_book([("0" * 64 + ".json", content)], OFFICE.public)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[" * 100_000,
        b"1" * 9_000,
        b'{"order": NaN, "signature": ""}',
        b'"\\ud800"',
        b"\xff\xfe",
        b"0" * (1 << 19),
    ],
    ids=["empty", "deep", "long number", "no number", "half a character", "no text", "too large"],
)
def test_a_file_made_to_break_the_reader_is_an_ordinary_error(content):
    refused(("0" * 64 + ".json", content), why="it is no")


@pytest.mark.parametrize(
    "name", ["README", "halt.json", "A" * 64 + ".json", "0" * 63 + ".json", ".hidden", "\x1b[2J.json"]
)
def test_a_file_that_is_not_named_like_an_order_stops_reading(name):
    said = refused((name, OFFICE.halt("oversight-1", 2)[1]), why="not named like an order")
    assert "\x1b" not in said


def test_an_order_under_another_orders_name_is_refused():
    a, b = OFFICE.halt("oversight-1", 2), OFFICE.halt("oversight-1", 2, reason="another")
    refused((b[0], a[1]), why="another order than its name says")


def test_the_same_order_written_otherwise_is_refused():
    name, content = OFFICE.halt("oversight-1", 2)
    refused((name, json.dumps(json.loads(content), indent=1).encode()), why="not as an order is written")
    twice = content.replace(b'"signature"', b'"order":{},"signature"')
    refused((name, twice), why="not as an order is written")


def test_a_resume_without_its_halt_shows_that_a_file_is_gone():
    halt = OFFICE.halt("oversight-1", 2)
    refused(OFFICE.resume(halt, "privacy-1", 3), why="the halt that it lifts is gone")


def test_a_halt_of_somebody_removed_still_stands_and_new_orders_of_theirs_do_not():
    halt = OFFICE.halt("oversight-1", 2)
    removal = OFFICE.removal("oversight-1", id_of(halt))
    assert 1 == len(book(halt, removal).halts(NOW))
    theirs = OFFICE.halt("privacy-1", 3)
    backdated = OFFICE.resume(theirs, "oversight-1", 2, at=NOW - timedelta(days=1))
    refused(halt, theirs, removal, backdated, why="had been removed")


def test_nobody_is_removed_twice_or_before_they_came():
    refused(OFFICE.removal("oversight-9"), why="removes nobody")
    refused(OFFICE.removal("privacy-1"), OFFICE.removal("privacy-1", "a" * 64), why="removes nobody")


def test_a_halt_ends_by_itself():
    until = NOW + timedelta(days=1)
    read = book(OFFICE.halt("oversight-1", 2, until=until))
    assert [1, 1, 0] == [len(read.halts(at)) for at in (NOW, until - timedelta(microseconds=1), until)]


def test_a_halt_holds_at_once_though_its_signers_clock_is_ahead():
    read = book(OFFICE.halt("oversight-1", 2, at=NOW + timedelta(hours=2)))
    assert halted(read, NOW, source="studio") is not None


@pytest.mark.parametrize(
    ("scope", "name", "touched"),
    [
        (HaltScope.ALL, "", {"source": "anything"}),
        (HaltScope.SOURCE, "studio", {"source": "studio", "purpose": "search"}),
        (HaltScope.PURPOSE, "search", {"source": "street", "purpose": "search"}),
        (HaltScope.RECIPIENT, "press", {"source": "street", "purpose": "search", "recipient": "press"}),
    ],
)
def test_a_halt_stops_what_it_names_and_nothing_else(scope, name, touched):
    read = book(OFFICE.halt("oversight-1", 2, scope, name))
    assert halted(read, NOW, **touched) is not None
    if scope is not HaltScope.ALL:
        assert halted(read, NOW, source="other", purpose="other", recipient="other") is None


def test_a_recipients_halt_reaches_every_purpose_it_gets_templates_of():
    read = book(OFFICE.halt("oversight-1", 2, HaltScope.RECIPIENT, "press"))
    found = stopped(read, NOW, {"search": "press", "archive": "library", "study": "press"})
    assert {"search", "study"} == set(found.purposes)
    assert found.touching("studio", frozenset({"archive"})) is None
    assert found.touching("studio", frozenset({"archive", "study"})) is not None


def test_two_halts_of_one_thing_are_lifted_one_by_one():
    first = OFFICE.halt("oversight-1", 2, HaltScope.SOURCE, "studio")
    second = OFFICE.halt("privacy-1", 3, HaltScope.SOURCE, "studio")
    read = book(first, second, OFFICE.resume(first, "privacy-1", 3))
    assert id_of(second) == halted(read, NOW, source="studio").halt_id


@pytest.mark.parametrize(
    ("kind", "payload", "why"),
    [
        (OrderKind.HALT, say.halt(HaltScope.ALL, "", "", None), "reason is missing"),
        (OrderKind.HALT, say.halt(HaltScope.ALL, "", "x" * 501, None), "at most 500"),
        (OrderKind.HALT, say.halt(HaltScope.ALL, "", "a\u202eb", None), "not drawn or changes direction"),
        (OrderKind.HALT, say.halt(HaltScope.ALL, "", "a\nb", None), "not drawn"),
        (
            OrderKind.HALT,
            say.halt(HaltScope.ALL, "studio", "x", None),
            "name nothing when it halts everything",
        ),
        (OrderKind.HALT, say.halt(HaltScope.SOURCE, "", "x", None), "must name what it halts"),
        (OrderKind.HALT, say.halt(HaltScope.SOURCE, "stu\u200bdio", "x", None), "not drawn"),
        (OrderKind.HALT, say.halt(HaltScope.ALL, "", "x", None) | {"more": 1}, "no other"),
        (OrderKind.HALT, say.halt(HaltScope.ALL, "", "x", None) | {"scope": "some"}, "scope is unknown"),
        (OrderKind.HALT, say.halt(HaltScope.ALL, "", "x", None) | {"until": "tomorrow"}, "until must be"),
        (OrderKind.HALT, say.halt(HaltScope.ALL, "", "x", None) | {"until": "2026-01-01"}, "until must be"),
        (OrderKind.RESUME, {"halt": "abc"}, "64 digits"),
        (OrderKind.PERSON, say.person("Kim Minji", [Role.PRIVACY], bytes(32)), "an office and a number"),
        (OrderKind.PERSON, say.person("registrar", [Role.PRIVACY], bytes(32)), "taken"),
        (OrderKind.PERSON, say.person("privacy-1", [], bytes(32)), "roles must be"),
        (OrderKind.PERSON, say.person("privacy-1", [Role.PRIVACY], bytes(31)), "64 digits"),
        (OrderKind.ACTIVATION, say.activation("a" * 64, [], "note"), "names must be words"),
    ],
)
def test_what_no_order_may_say_is_refused_when_written_and_when_read(kind, payload, why):
    order = Order(kind, payload, "oversight-1", NOW)
    with pytest.raises(UsageError, match=why):
        written(order, OFFICE.public, key(2).sign)
    message = packed("habeas order", 1, OFFICE.public, rfc8785.dumps(order.body))
    content = rfc8785.dumps({"order": order.body, "signature": key(2).sign(message).hex()})
    refused((f"{order.order_id}.json", content), why=why)
