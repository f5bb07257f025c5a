"""Say how many assets a backfill would work on, before it starts; reads tables, writes none."""

from __future__ import annotations

import sys

from habeas.model.ids import digest
from habeas.spark import embed
from habeas.spark.job import Job, main
from habeas.spark.worker import open_pack, settings_digest


def body(job: Job) -> None:
    pack = open_pack(job.settings, job.purposes)
    identity = digest("work", pack.model_id, settings_digest(job.settings))
    args = job.args
    planned = embed.plan(job.tables(), job.purposes, identity, args.source, args.captured_from, args.captured_to)
    job.counts |= embed.planned_counts(planned)


if __name__ == "__main__":
    sys.exit(main("plan", __doc__ or "", body, sys.argv[1:]))
