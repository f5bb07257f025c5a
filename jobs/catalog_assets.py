"""Catalogue the archive: new or changed files only, the unreadable set aside with a reason."""

from __future__ import annotations

import sys

from habeas.spark import catalog
from habeas.spark.job import Job, main


def body(job: Job) -> None:
    job.counts |= catalog.catalog(job.tables(), job.settings, job.folder.run_id, job.as_of, job.args.source)


def run(argv: list[str]) -> int:
    return main("catalog", __doc__ or "", body, argv)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
