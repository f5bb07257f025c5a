"""One list of steps: every job has its step, and every step its job and its tables."""

from __future__ import annotations

import pytest

from habeas.model.errors import UsageError
from habeas.model.installation.resources import PROJECT
from habeas.model.installation.steps import BACKFILL, NIGHTLY, nightly_step
from habeas.warehouse.contracts import read_contracts


def test_every_job_is_a_step() -> None:
    assert {step.job for step in BACKFILL} == {path.name for path in (PROJECT / "jobs").glob("*.py")}
    assert len({step.name for step in BACKFILL}) == len(BACKFILL)


def test_a_step_writes_tables_that_have_a_contract() -> None:
    written = {table for step in BACKFILL for table in step.writes}
    assert written <= read_contracts(PROJECT / "schemas").keys()


def test_only_the_steps_that_settle_rows_read_which_keys_are_open() -> None:
    assert {"decide", "publish"} == {step.name for step in BACKFILL if step.reads_keys}


def test_a_step_that_there_is_not_is_refused_with_those_there_are() -> None:
    assert NIGHTLY[2] is nightly_step("embed")
    with pytest.raises(
        UsageError, match="there is no step 'plan' Steps: catalog, decide, embed, check, publish"
    ):
        nightly_step("plan")
