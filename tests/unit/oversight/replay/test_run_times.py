from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from habeas.oversight.replay.as_known_at import RunTimes
from habeas.oversight.replay.run_times import run_times

AS_OF, KNOWN, ENDED = (datetime(2026, 11, 23, hour, tzinfo=UTC) for hour in (1, 2, 3))
MODELS = {"pack-1": frozenset({"a", "b"})}


def recorded(runs: Path, digests: Any = None) -> None:
    """A run as the jobs leave it; without `digests` the step decide left no record."""
    folder = runs / "first"
    folder.mkdir()
    (folder / "run.json").write_text(
        json.dumps({"run_id": "first", "as_of": AS_OF.isoformat(), "known_at": KNOWN.isoformat()})
    )
    if digests is not None:
        told = {"run_id": "first", "task": "decide", "status": "done", "started_at": KNOWN.isoformat(),
                "finished_at": ENDED.isoformat(), "seconds": 1.0, "cpu_seconds": 1.0, "counts": {}}  # fmt: skip
        (folder / "decide.json").write_text(json.dumps(told | {"digests": digests}))


def test_a_run_knew_what_its_records_say(tmp_path: Path) -> None:
    recorded(tmp_path, {"pack": "pack-1"})
    assert RunTimes(KNOWN, ENDED, MODELS["pack-1"]) == run_times(tmp_path, MODELS)("first", AS_OF)


def test_which_code_derived_the_facts_of_a_run_is_known(tmp_path: Path) -> None:
    recorded(tmp_path, {"derived_by": "some-code"})
    assert "some-code" == run_times(tmp_path, MODELS)("first", AS_OF).code


@pytest.mark.parametrize("digests", [{}, {"pack": "another"}])
def test_a_model_nobody_can_name_is_unknown(tmp_path: Path, digests: dict[str, str]) -> None:
    recorded(tmp_path, digests)
    assert run_times(tmp_path, MODELS)("first", AS_OF).model is None


@pytest.mark.parametrize("run_id", ["first", "lost", "../first", ""])
def test_a_run_without_a_record_knew_what_its_time_of_deciding_says(tmp_path: Path, run_id: str) -> None:
    assert RunTimes(AS_OF, AS_OF) == run_times(tmp_path, MODELS)(run_id, AS_OF)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"known_at": "soon"}'])
def test_a_damaged_record_is_no_record(tmp_path: Path, text: str) -> None:
    recorded(tmp_path)
    (tmp_path / "first" / "run.json").write_text(text)
    assert RunTimes(AS_OF, AS_OF) == run_times(tmp_path, MODELS)("first", AS_OF)


def test_a_run_that_never_finished_deciding_read_nothing_later(tmp_path: Path) -> None:
    recorded(tmp_path)
    assert RunTimes(KNOWN, KNOWN) == run_times(tmp_path, MODELS)("first", AS_OF)
