"""The steps of a run: the one list that DAGs, commands, jobs, records and documents take them from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from habeas.model.errors import UsageError


@dataclass(frozen=True, slots=True)
class Step:
    """One job of a run. Its record is `runs/<run>/<name>.json`."""

    name: str
    job: str
    """Its file in `jobs/`."""
    about: str
    writes: tuple[str, ...] = ()
    """The tables it adds rows to."""
    reads_keys: bool = False
    """Whether it reads which keys are open. No other step gets the place of the key store."""


CATALOG: Final = Step("catalog", "catalog_assets.py", "list new and changed files", ("assets", "quarantine"))
DECIDE: Final = Step(
    "decide",
    "decide.py",
    "decide about every file and roster line",
    ("fact_sets", "decisions", "row_status"),
    reads_keys=True,
)
EMBED: Final = Step("embed", "embed_faces.py", "make and seal templates of allowed faces", ("staged",))
CHECK: Final = Step("check", "check_embeddings.py", "check the quality of what was made")
PUBLISH: Final = Step(
    "publish",
    "publish_embeddings.py",
    "publish what passed, and shut what has ended",
    ("embeddings", "row_status", "refusals", "work", "runs"),
    reads_keys=True,
)
PLAN: Final = Step("plan", "plan_backfill.py", "count what a backfill would work on")

NIGHTLY: Final = (CATALOG, DECIDE, EMBED, CHECK, PUBLISH)
"""The nightly run, in its order."""

BACKFILL: Final = (PLAN, *NIGHTLY)


def nightly_step(name: str) -> Step:
    """The step of that name. Raises UsageError."""
    match = next((step for step in NIGHTLY if step.name == name), None)
    if match is None:
        names = ", ".join(step.name for step in NIGHTLY)
        raise UsageError(f"there is no step {name!a}", hint=f"Steps: {names}.")
    return match
