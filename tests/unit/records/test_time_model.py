"""Every small ledger there is, in both times: given and recorded, yes and no, in any order, with clocks that differ.

Time is a few instants. A statement is a consent without an end, one that ends, or a withdrawal; each is given at one
instant and recorded at another. All ledgers of so many statements are asked at every instant, and each answer is held
against a reading of its own: whether the newest consent is newer in both times than every no.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import combinations_with_replacement, pairwise, permutations, product

import pytest
from ordinary import a_place, a_statement, day

from habeas.model.people import ConsentStatement, ConsentStatus
from habeas.records.consent_ledger import Standing, standing
from habeas.sealing.keyrecords import KeyRecord
from habeas.sealing.keys.enrolment import Pair, enrol_standing

START = day("2026-06-01")
INSTANTS = [START + timedelta(hours=hours) for hours in (0, 1, 9)]
ASKED = [START + timedelta(hours=hours) for hours in (0, 1, 2, 9, 10)]
KINDS = (("given", None), ("given", START + timedelta(hours=2)), ("withdrawn", None))


def vocabulary() -> list[ConsentStatement]:
    """Each statement that can be made of the instants, with an id of its own."""
    made = []
    for number, ((word, ends), given_at, recorded_at) in enumerate(product(KINDS, INSTANTS, INSTANTS)):
        if ends is None or ends > given_at:
            made.append(a_statement(word, given_at=given_at, expires_at=ends, recorded_at=recorded_at,
                                    consent_id=f"{number:02}"))  # fmt: skip
    return made


def ledgers(size: int) -> Iterator[Sequence[ConsentStatement]]:
    for count in range(size + 1):
        yield from combinations_with_replacement(vocabulary(), count)


def is_no(statement: ConsentStatement) -> bool:
    return statement.status is not ConsentStatus.GIVEN


def may_open(ledger: Sequence[ConsentStatement], at: datetime) -> bool:
    """Of the newest consents that have begun one is newer in both times than every known no, and none has ended."""
    known = [each for each in ledger if each.recorded_at <= at]
    noes = [each for each in known if is_no(each)]  # dated ahead or not, each holds once it is known
    begun = [each for each in known if not is_no(each) and each.given_at <= at]
    last = [each for each in begun if not [other for other in begun if other.given_at > each.given_at]]
    newer = [
        each
        for each in last
        if not [no for no in noes if min(each.given_at, each.recorded_at) <= min(no.given_at, no.recorded_at)]
        and not [no for no in noes if each.recorded_at < no.recorded_at]
    ]
    return bool(newer) and not [
        each for each in last if each.expires_at is not None and each.expires_at <= at
    ]


def stands(ledger: Sequence[ConsentStatement], at: datetime) -> Standing:
    return standing(ledger, "subject-1", "archive_search", a_place(), at, at)


@pytest.mark.parametrize("size", [2, pytest.param(4, marks=[pytest.mark.battery, pytest.mark.timeout(3600)])])
def test_a_consent_opens_only_where_it_is_newer_than_every_no_in_both_times(size: int) -> None:
    opened = tried = 0
    for ledger in ledgers(size):
        for at in ASKED:
            found = stands(ledger, at)
            allowed = found.status == "given"
            assert may_open(ledger, at) == allowed, (ledger, at)
            if any(is_no(each) and each.recorded_at <= at for each in ledger) and not allowed:
                assert found.status in ("withdrawn", "expired"), (ledger, at)
            opened, tried = opened + allowed, tried + 1
    assert 0 < opened < tried


@pytest.mark.parametrize("size", [2, pytest.param(3, marks=[pytest.mark.battery, pytest.mark.timeout(3600)])])
def test_the_order_in_which_a_ledger_is_read_says_nothing(size: int) -> None:
    for ledger in ledgers(size):
        for at in ASKED:
            answers = {str(stands(order, at)) for order in permutations(ledger)}
            assert 1 == len(answers), (ledger, at)


@pytest.mark.parametrize("size", [1, pytest.param(3, marks=[pytest.mark.battery, pytest.mark.timeout(3600)])])
def test_one_no_more_never_opens_anything(size: int) -> None:
    noes = [each for each in vocabulary() if is_no(each)]
    for ledger in ledgers(size):
        for at in ASKED:
            if stands(ledger, at).status != "given":
                for no in noes:
                    assert stands([*ledger, no], at).status != "given", (ledger, no, at)


@pytest.mark.parametrize("size", [2, pytest.param(4, marks=[pytest.mark.battery, pytest.mark.timeout(3600)])])
def test_nothing_changes_before_the_instant_that_was_named(size: int) -> None:
    for ledger in ledgers(size):
        for now, later in pairwise(ASKED):
            found = stands(ledger, now)
            if found.flips_at is None or later < found.flips_at:
                assert found.status == stands(ledger, later).status, (ledger, now)


@pytest.mark.parametrize("ahead", [0, 1, 3, 5])
@pytest.mark.parametrize("imported", ["before both", "between", "after both"])
def test_a_no_said_after_a_yes_holds_though_the_clock_that_dated_both_is_ahead(
    ahead: int, imported: str
) -> None:
    """One import: both are recorded at one instant, and clocks may differ by some minutes."""
    yes_at, no_at = (START + timedelta(minutes=minutes + ahead) for minutes in (0, 1))
    known = {
        "before both": yes_at - timedelta(minutes=1),
        "between": yes_at + timedelta(seconds=1),
        "after both": no_at,
    }[imported]
    yes = a_statement("given", given_at=yes_at, recorded_at=known, consent_id="yes")
    no = a_statement("withdrawn", given_at=min(no_at, known), recorded_at=known, consent_id="no")
    for minutes in range(20):
        assert stands([yes, no], known + timedelta(minutes=minutes)).status != "given"
    store = Wanted()
    enrol_standing([yes, no], store, known)
    assert store.pairs == []


class Wanted:
    """A key store that only notes for whom a key is wanted: thousands of real keys would take hours."""

    def __init__(self) -> None:
        self.pairs: list[Pair] = []

    def records(self, subject_ids: Sequence[str] | None = None) -> list[KeyRecord]:
        return []

    def enrol_many(self, pairs: Iterable[Pair], now: datetime) -> dict[Pair, KeyRecord]:
        self.pairs = list(pairs)
        return {}

    def close_many(self, pairs: Iterable[Pair], now: datetime, reason: str) -> list[str]:
        return []


@pytest.mark.parametrize("size", [2, pytest.param(4, marks=[pytest.mark.battery, pytest.mark.timeout(3600)])])
def test_a_key_is_made_only_for_a_consent_newer_than_every_no_in_both_times(size: int) -> None:
    """Whatever is written down is known when an import makes keys, and holds at once where it is a no."""
    made = 0
    for ledger in ledgers(size):
        store = Wanted()
        enrol_standing(ledger, store, ASKED[-1])
        noes = [each for each in ledger if is_no(each)]
        newer = [
            each
            for each in ledger
            if not is_no(each)
            and not [
                no for no in noes if min(each.given_at, each.recorded_at) <= min(no.given_at, no.recorded_at)
            ]
            and not [no for no in noes if each.recorded_at < no.recorded_at]
        ]
        assert bool(newer) == bool(store.pairs), ledger
        made += len(store.pairs)
    assert made
