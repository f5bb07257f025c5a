"""Catalogue the archive: new or changed files only, the unreadable set aside with a reason.

What was unreadable is tried again once habeas reads files in another way than the last run did, or within other limits.
A source whose folder can't be used is left out and named; the others go on, and nothing of it counts as gone.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import UTC, datetime

from habeas.media.source import READER_VERSION
from habeas.model.ids import json_digest
from habeas.model.installation.steps import CATALOG
from habeas.oversight.runs.left_out_sources import note_left_out, told_left_out
from habeas.pipeline.catalog import catalog
from habeas.pipeline.runtime.job import Job, main
from habeas.warehouse.authenticated.run_records import newest_done


def body(job: Job) -> None:
    last = newest_done(job.settings.runs, CATALOG.name, job.record_key)
    read_as = f"{READER_VERSION}/{json_digest('limits', asdict(job.settings.media))}"
    retry = last is not None and last.digests.get("read_as") != read_as
    source = job.args.source
    counts, left_out = catalog.catalog(
        job.tables(), job.settings, job.folder.run_id, datetime.now(UTC), source, retry=retry
    )
    job.counts |= counts
    job.digests |= note_left_out(left_out)
    if left_out:
        sys.stderr.write(f"habeas catalog: {told_left_out(left_out)}\n")
    if source is None:
        job.digests["read_as"] = read_as


def run(argv: list[str]) -> int:
    return main(CATALOG, __doc__ or "", body, argv)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
