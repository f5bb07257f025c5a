"""Which orders a run saw, noted in its verified record, so that one that is taken away later is missed.

Each order is a signed file, which can't be changed unnoticed. But the owner of the folder could take the newest
activation away, and older rules would be in force again in silence; or a halt, or the removal of a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice

from habeas.model.errors import IntegrityError
from habeas.model.orders import OrderBook
from habeas.oversight.orders.activation import in_force
from habeas.warehouse.authenticated.run_records import TaskRecord

_ACTIVATION, _COUNT = "activation", "orders"
_LOOKED_AT = 50  # runs; a longer search adds nothing, since records can be deleted in any number


def order_words(book: OrderBook) -> Mapping[str, str]:
    """What a record notes of the orders there are; nothing where there is none."""
    if not book.count:
        return {}
    newest = in_force(book)
    return {_COUNT: str(book.count)} | ({_ACTIVATION: newest.order_id} if newest else {})


def require_all_there(book: OrderBook, records: Iterable[TaskRecord]) -> None:
    """Raise IntegrityError where an order is gone that an earlier run saw. `records` are verified, newest first."""
    activated = {activation.order_id for activation in book.activations}
    looked_at = list(islice(records, _LOOKED_AT))
    for record in looked_at:
        seen = record.digests.get(_ACTIVATION)
        if seen is not None and seen not in activated:
            raise IntegrityError(
                f"the rules that run {record.run_id} decided by are no longer in force: the order that activated them "
                "is gone, and older rules don't come back in silence",
                hint=f"Put {seen}.json back into the folder of orders from a backup. To go back to older rules, "
                "activate them: habeas policy activate",
            )
    for record in looked_at:
        if book.count < int(record.digests.get(_COUNT, "0")):
            raise IntegrityError(
                f"run {record.run_id} saw {record.digests[_COUNT]} orders and there are {book.count}: one was taken "
                "away, and it may be a halt",
                hint="Put the folder of orders back from a backup, and find out who took a file away.",
            )
