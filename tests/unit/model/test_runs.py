from __future__ import annotations

import pytest

from habeas.model.errors import UsageError
from habeas.model.installation.runs import run_named, run_slug


@pytest.mark.parametrize("run", ["../x", "", "a/b", "a b", "a\n", "x" * 251, "ü"])
def test_what_names_no_run_is_never_taken_for_another_one(run: str) -> None:
    with pytest.raises(UsageError, match="no id of a run"):
        run_named(run)


@pytest.mark.parametrize("run", ["nightly-7", "manual__2026-11-23T02:00:00+00:00", "a~b"])
def test_a_run_is_named_by_its_own_id_or_by_the_schedulers(run: str) -> None:
    assert run_slug(run) == run_named(run) == run_named(run_named(run))
