"""Which status holds for a stored row: the one recorded last, whatever the order in which rows are read."""

from __future__ import annotations

import pytest
from decision_rows import drawn_statuses

from habeas.warehouse.current.row_status import newest_statuses


@pytest.mark.parametrize("seed", range(40))
def test_order_of_the_rows_decides_nothing(seed: int) -> None:
    rows = drawn_statuses(seed, 40)
    held = newest_statuses(rows)
    assert held == newest_statuses(rows[::-1])
    assert held == newest_statuses(sorted(rows, key=lambda row: row["run_id"]))


@pytest.mark.parametrize("shut", ["closed", "frozen", "held"])
def test_of_two_of_one_instant_the_one_that_shuts_holds(shut: str) -> None:
    opened = drawn_statuses(1, 1)[0] | {"status": "open"}
    for rows in ([opened, opened | {"status": shut}], [opened | {"status": shut}, opened]):
        assert [shut] == [row["status"] for row in newest_statuses(rows).values()]
