"""Facts that DAGs need of their installation: the folder of rules, what a run left out, and why a job ended."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import TypeAdapter

from habeas.model.errors import HabeasError
from habeas.model.installation.exit_codes import exit_code
from habeas.model.installation.resources import POLICIES
from habeas.model.installation.settings import Place, Settings
from habeas.model.installation.steps import CATALOG
from habeas.oversight.runs.left_out_sources import sources_left_out, told_left_out
from habeas.warehouse.authenticated.run_records import RunFolder


def policies_of(settings_file: Path) -> Path:
    """The folder of rules and lists that a settings file names, or the shipped one.

    The file alone is asked: a variable that names other rules is refused by every job.
    """
    if not settings_file.is_file():
        return POLICIES
    named = tomllib.loads(settings_file.read_text(encoding="utf-8")).get("policies")
    if named is None:
        return POLICIES
    return settings_file.absolute().parent / TypeAdapter(Place).validate_python(named)


def left_out_of(settings_file: Path, run_id: str) -> str:
    """One sentence about the sources that a run left out; "" where it left none."""
    left_out = sources_left_out(RunFolder(Settings.read(settings_file).runs, run_id).read(CATALOG.name))
    return told_left_out(left_out) if left_out else ""


def why_it_ended(settings_file: Path, run_id: str, task: str, returned: int | None) -> tuple[int | None, str]:
    """The exit code of a job that did not end well, and one sentence why, from its run record.

    `returned` is what its process returned: a record that says otherwise is of an earlier try, and isn't told.
    """
    try:
        record = RunFolder(Settings.read(settings_file).runs, run_id).read(task)
    except (HabeasError, OSError, ValueError, TypeError):
        record = None
    if record and record.error and returned in (None, record.exit_code):
        return record.exit_code, f"{task}: {record.error}"
    row = exit_code(returned) if returned else None
    return returned, f"{task}: {row.means}." if row else f"{task} ended without a record."
