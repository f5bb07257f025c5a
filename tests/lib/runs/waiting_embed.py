"""The embed job with a worker that stops before its second asset: `waiting_embed.py FOLDER …arguments of the job…`.

It makes FOLDER/waits then, and goes on when somebody makes FOLDER/go.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from installations import JOBS, job_module

from habeas.faces.plan import AssetPlan, StagedRow
from habeas.pipeline.embed.worker import WorkerSetup, make_worker

PATIENCE_S = 120

if __name__ == "__main__":
    folder = Path(sys.argv[1])

    def second(folder: Path) -> bool:
        """Whether this is the second asset of all workers together."""
        for place, number in (("first", 1), ("second", 2)):
            try:
                (folder / place).mkdir()
            except FileExistsError:
                continue
            return number == 2
        return False

    def waiting(setup: WorkerSetup) -> Callable[[AssetPlan], list[StagedRow]]:
        worker = make_worker(setup)

        def work(plan: AssetPlan) -> list[StagedRow]:
            if second(folder):
                (folder / "waits").touch()
                end = time.monotonic() + PATIENCE_S
                while not (folder / "go").exists() and time.monotonic() < end:
                    time.sleep(0.05)
            return worker(plan)

        return work

    job: Any = job_module(JOBS["embed"])
    job.make_worker = waiting
    sys.exit(job.run(sys.argv[2:]))
