"""Catalogue the archive: new or changed files only, the unreadable set aside with a reason.

What was unreadable is tried again once habeas reads files in another way than the last run did.
"""

from __future__ import annotations

import sys

from habeas.adapters.media import READ_AS
from habeas.spark import catalog
from habeas.spark.job import Job, main
from habeas.steps.runs import newest_done


def body(job: Job) -> None:
    last = newest_done(job.settings.runs, "catalog", job.record_key)
    retry = last is not None and last.digests.get("read_as") != READ_AS
    source = job.args.source
    job.counts |= catalog.catalog(
        job.tables(), job.settings, job.folder.run_id, job.as_of, source, retry=retry
    )
    if source is None:
        job.digests["read_as"] = READ_AS


def run(argv: list[str]) -> int:
    return main("catalog", __doc__ or "", body, argv)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
