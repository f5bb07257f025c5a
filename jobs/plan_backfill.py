"""Say how many assets a backfill would work on, before it starts; reads tables, writes none."""

from __future__ import annotations

import sys

from habeas.media.files.source_folders import usable
from habeas.model.installation.steps import PLAN
from habeas.pipeline.embed import embed
from habeas.pipeline.embed.worker import set_up
from habeas.pipeline.runtime.job import Job, main


def body(job: Job) -> None:
    tables = job.tables()
    folders, away = usable(job.settings.archive, embed.source_folders(tables))
    setup = set_up(job.settings, job.policies, job.purposes, folders)
    args = job.args
    planned = embed.plan(
        tables, job.purposes, setup.identity, args.source, args.captured_from, args.captured_to,
        job.scoped_halts.stopped(), model_id=setup.model_id, pack=setup.pack_digest, away=away,
    )  # fmt: skip
    job.counts |= embed.planned_counts(planned)[0]


def run(argv: list[str]) -> int:
    return main(PLAN, __doc__ or "", body, argv)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
