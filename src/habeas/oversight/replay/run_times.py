"""What a run could know, from the records it left beside the tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path

from habeas.model.errors import HabeasError
from habeas.model.installation.steps import DECIDE
from habeas.oversight.replay.as_known_at import RunTimes
from habeas.warehouse.authenticated.run_records import RunFolder


def run_times(runs: Path, models: Mapping[str, frozenset[str]]) -> Callable[[str, datetime], RunTimes]:
    """(run id, as_of of its decisions) -> its times. `models`: digest of a model pack -> every digest it goes by.

    A run whose record is lost knew at `as_of` what was recorded by then; which model it was for stays unknown.
    """

    @cache
    def times(run_id: str, as_of: datetime) -> RunTimes:
        try:
            folder = RunFolder(runs, run_id)
            known_at = folder.known_at()
            decided = folder.read(DECIDE.name)
        except (HabeasError, OSError, ValueError, KeyError, TypeError):
            return RunTimes(as_of, as_of)
        if decided is None:
            return RunTimes(known_at, known_at)
        read_by = max(known_at, datetime.fromisoformat(decided.finished_at))
        model = models.get(decided.digests.get("pack", ""))
        return RunTimes(known_at, read_by, model, decided.digests.get("derived_by"))

    return times
