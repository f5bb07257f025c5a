"""The embed job with a worker that takes its time over each asset: `slow_embed.py SECONDS …arguments of the job…`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from installations import JOBS, job_module

from habeas.faces.plan import AssetPlan, StagedRow
from habeas.pipeline.embed.worker import WorkerSetup, make_worker

if __name__ == "__main__":
    pause = float(sys.argv[1])
    begun = Path(os.environ["BEGUN"])

    def slow(setup: WorkerSetup) -> Callable[[AssetPlan], list[StagedRow]]:
        worker = make_worker(setup)

        def work(plan: AssetPlan) -> list[StagedRow]:
            (begun / plan.asset_id).touch()
            time.sleep(pause)
            return worker(plan)

        return work

    job: Any = job_module(JOBS["embed"])
    job.make_worker = slow
    sys.exit(job.run(sys.argv[2:]))
