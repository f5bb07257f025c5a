"""An order that was taken away is missed: older rules don't come back in silence, and no halt goes by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from giving import NOW, Office

from habeas.model.errors import IntegrityError
from habeas.model.orders import OrderBook, Role
from habeas.oversight.orders.book import read_book
from habeas.oversight.orders.orders_seen import order_words, require_all_there
from habeas.warehouse.authenticated.run_records import TaskRecord

OFFICE = Office()
PEOPLE = [
    OFFICE.person("policy-1", Role.POLICY, seed=4),
    OFFICE.person("oversight-1", Role.OVERSIGHT, seed=2),
]
OLD, NEW = (
    OFFICE.activation("policy-1", 4, digest=digit * 64, at=NOW + timedelta(days=day))
    for day, digit in enumerate("ab")
)
HALT = OFFICE.halt("oversight-1", 2)


def book(*files: tuple[str, bytes]) -> OrderBook:
    return read_book([*PEOPLE, *files], OFFICE.public)


def decided(under: OrderBook, run_id: str = "night") -> TaskRecord:
    return TaskRecord(run_id, "decide", "done", "", "", 0.0, 0.0, {}, dict(order_words(under)))


def test_older_rules_do_not_come_back_when_the_newest_activation_is_taken_away() -> None:
    both = book(OLD, NEW)
    require_all_there(both, [decided(both), decided(book(OLD))])
    assert both.activations[-1].order_id == order_words(both)["activation"]
    for left in (book(OLD), book(), OrderBook(), book(OLD, HALT)):
        with pytest.raises(IntegrityError, match="no longer in force") as caught:
            require_all_there(left, [decided(book(), "later"), decided(both)])
        assert f"{both.activations[-1].order_id}.json" in caught.value.hint


def test_a_halt_or_a_person_that_is_taken_away_is_missed() -> None:
    whole = book(HALT)
    assert 3 == whole.count
    for left in (book(), read_book([PEOPLE[1], HALT], OFFICE.public)):
        with pytest.raises(IntegrityError, match="saw 3 orders and there are 2"):
            require_all_there(left, [decided(whole)])


def test_more_orders_than_were_seen_are_no_fault() -> None:
    require_all_there(book(OLD, NEW, HALT), [decided(book(OLD)), decided(OrderBook())])
    assert {} == order_words(OrderBook())


def test_the_words_fit_into_a_record() -> None:
    assert decided(book(OLD, HALT)).checked()["digests"]
