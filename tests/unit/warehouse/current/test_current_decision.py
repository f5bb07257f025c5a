"""Which decision holds: the one recorded last, never one made as of a time to come."""

from __future__ import annotations

from datetime import timedelta

import pytest
from decision_rows import NOW, TIMES, decision, drawn
from in_memory import Tables

from habeas.model.installation.clocks import SKEW
from habeas.oversight.explain.explanation import newest
from habeas.oversight.numbers.tally import read_tally
from habeas.oversight.queries.audit import About, log_decisions
from habeas.warehouse.current.current_decision import current_decisions, permits, thing_of

HOUR = timedelta(hours=1)


def test_a_refusal_recorded_later_holds_against_a_decision_dated_ahead() -> None:
    """Decided as of next June; then footage is left out, and the next night decides as of its own day."""
    ahead = decision(1, as_of=NOW + timedelta(days=200), recorded_at=NOW)
    refused = decision(2, as_of=NOW + HOUR, recorded_at=NOW + HOUR, effect="deny")
    for rows in ([ahead, refused], [refused, ahead]):
        assert [refused] == list(current_decisions(rows).values())


def test_a_decision_dated_ahead_permits_nothing_until_its_time_has_come() -> None:
    ahead = decision(as_of=NOW + timedelta(days=200))
    assert not permits(ahead, NOW)
    assert permits(ahead, NOW + timedelta(days=200))
    assert permits(decision(as_of=NOW + SKEW), NOW)
    assert not permits(decision(as_of=NOW + SKEW + timedelta(microseconds=1)), NOW)


@pytest.mark.parametrize("as_of", [NOW - HOUR, NOW + timedelta(days=200)])
def test_a_row_that_notes_no_time_of_recording_is_older_than_every_row_that_does(as_of) -> None:
    old = decision(1, as_of=as_of, recorded_at=None)
    new = decision(2, as_of=NOW - 2 * HOUR, recorded_at=NOW - 2 * HOUR, effect="deny")
    assert [new] == list(current_decisions([new, old]).values())


def test_among_rows_of_an_older_version_the_newest_as_of_holds() -> None:
    first, second = decision(1, recorded_at=None), decision(2, recorded_at=None, as_of=NOW + HOUR)
    assert [second] == list(current_decisions([second, first]).values())


def test_of_two_recorded_at_one_instant_the_refusal_holds() -> None:
    for yes, no in ((1, 2), (2, 1)):
        rows = [decision(yes), decision(no, effect="gap")]
        assert ["gap"] == [row["effect"] for row in current_decisions(rows).values()]


def test_a_permission_that_ends_now_permits_nothing_now() -> None:
    assert not permits(decision(valid_until=NOW), NOW)
    assert permits(decision(valid_until=NOW + timedelta(microseconds=1)), NOW)
    assert not permits(decision(effect="gap"), NOW)


def test_order_of_the_rows_decides_nothing() -> None:
    for seed in range(200):
        rows = drawn(seed, 40)
        held = current_decisions(rows)
        assert held == current_decisions(rows[::-1])
        assert set(held) == {thing_of(row) for row in rows}


@pytest.mark.parametrize("seed", range(40))
def test_every_reader_takes_the_same_decision_for_the_one_that_holds(seed: int) -> None:
    """The log said *allow* where the pipeline said *deny*: two decisions of one instant, and two rules for it."""
    rows = drawn(seed, 40)
    held = {row["decision_id"] for row in current_decisions(rows).values()}
    reader = Tables(
        decisions=rows, assets=[], embeddings=[], refusals=[], quarantine=[], work=[], rosters=[], sources=[],
        row_status=[],
    )  # fmt: skip
    assert held == {row["decision_id"] for row in read_tally(reader).decisions}, "report"
    assert held == {row["decision_id"] for row in newest(rows)}, "explain"
    last = max(TIMES)
    logged = log_decisions(reader, About(), last)
    assert len(rows) == len(logged)
    over = {r["decision_id"] for r in rows if r["valid_until"] is not None and r["valid_until"] <= last}
    assert held - over == {row["decision_id"] for row in logged if row["in_force"]}, "log"


def test_the_log_lists_decisions_in_the_order_in_which_they_hold() -> None:
    rows = drawn(3, 40)
    logged = log_decisions(Tables(decisions=rows), About(), max(TIMES))
    assert {thing_of(row): row["decision_id"] for row in logged} == {
        thing: row["decision_id"] for thing, row in current_decisions(rows).items()
    }
