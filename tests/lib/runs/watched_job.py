"""Stands before every job in a test of the scheduler: notes the call, then ends as it is told, or lets the job run."""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path

from habeas.model.installation.steps import NIGHTLY

JOBS = {step.name: step.job for step in NIGHTLY}

if __name__ == "__main__":
    name = Path(sys.argv[0]).name
    task = next(task for task, file in JOBS.items() if file == name)
    home = Path(os.environ["HABEAS_CONFIG"]).parent
    with (home / "calls").open("a") as calls:
        calls.write(f"{task}\n")
    told = home / f"{task}.exit"
    if told.exists():
        sys.exit(int(told.read_text()))
    runpy.run_path(str(Path(os.environ["WATCHED_JOBS"]) / name), run_name="__main__")
