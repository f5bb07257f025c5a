"""A run's id as a scheduler writes it, and as it names a folder."""

from __future__ import annotations

import hashlib
import re

from habeas.model.errors import UsageError

_LONGEST = 100
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")
_RUN_ID = re.compile(r"[A-Za-z0-9_.~:+-]{1,250}")
"""What a scheduler may call a run, by Airflow's own rule."""


def run_slug(run_id: str) -> str:
    """`run_id` with what can't stand in a file name replaced; two ids that differ never share a folder.

    `manual__2026-11-23T02:00:00+00:00` -> `manual__2026-11-23T02-00-00-00-00.3f9a1c`; a safe id stays as it is.
    """
    safe = _UNSAFE.sub("-", run_id).lstrip("_.-")[:_LONGEST]
    if safe == run_id and safe:
        return safe
    return f"{safe or 'run'}.{hashlib.sha256(run_id.encode()).hexdigest()[:6]}"


def run_named(run_id: str) -> str:
    """The id that a run's rows carry, from that or from what the scheduler called it.

    Raises UsageError for what names no run: made fit for a file name, it would read like another one.
    """
    if not _RUN_ID.fullmatch(run_id):
        raise UsageError(f"{run_id!a} is no id of a run", hint="See: habeas tables show runs")
    return run_slug(run_id)
