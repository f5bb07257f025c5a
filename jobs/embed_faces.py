"""Detect, bind, look up the decision, embed and seal, in one worker function; one write, sealed.

This process is given public keys in tables and no way to anything that opens.
"""

from __future__ import annotations

import sys
from functools import partial

from habeas.media.files.source_folders import usable
from habeas.model.installation.steps import EMBED
from habeas.pipeline.embed import embed
from habeas.pipeline.embed.worker import make_worker, set_up
from habeas.pipeline.publish.staged import WORD, staged_digest
from habeas.pipeline.runtime.job import Job, main


def body(job: Job) -> None:
    tables = job.tables()
    folders, away = usable(job.settings.archive, embed.source_folders(tables))
    setup = set_up(job.settings, job.policies, job.purposes, folders)
    job.digests["model"] = setup.model_id
    args = job.args
    planned = embed.plan(
        tables, job.purposes, setup.identity, args.source, args.captured_from, args.captured_to,
        job.scoped_halts.stopped(), model_id=setup.model_id, pack=setup.pack_digest,
        policy=job.policies.digest, away=away,
    )  # fmt: skip
    job.counts |= embed.stage(tables, planned, partial(make_worker, setup), job.folder.run_id)
    job.digests[WORD] = staged_digest(tables, job.folder.run_id)


def run(argv: list[str]) -> int:
    return main(EMBED, __doc__ or "", body, argv)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
