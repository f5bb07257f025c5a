"""Publish what was staged: merge by key, closed keys read before and after, `work` last."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from habeas.model.installation.steps import PUBLISH
from habeas.pipeline.publish import publish
from habeas.pipeline.publish.staged import require_checked
from habeas.pipeline.runtime.job import Job, main
from habeas.sealing.keys.store import KeyStore


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--custody", type=Path, required=True, help="custody file: only which keys are open is read"
    )


def body(job: Job) -> None:
    store = KeyStore(job.custody.key_store)
    tables = job.tables()
    now, halts = datetime.now(UTC), job.scoped_halts
    job.counts |= publish.publish(
        tables, job.folder.run_id, job.as_of, now, store.open_keys, halts.stopped,
        partial(require_checked, job.folder), job.policies.digest,
    )  # fmt: skip
    earlier = [r for r in job.folder.records() if r.task != PUBLISH.name]
    publish.record_runs(tables, [*earlier, job.record(PUBLISH.name, "done")], job.as_of)


def run(argv: list[str]) -> int:
    return main(PUBLISH, __doc__ or "", body, argv, arguments)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
