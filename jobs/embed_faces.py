"""Detect, bind, look up the decision, embed and seal, in one worker function; one write, sealed.

This process is given public keys in tables and no way to anything that opens.
"""

from __future__ import annotations

import sys
from functools import partial

from habeas.model.ids import digest
from habeas.spark import embed
from habeas.spark.job import Job, main
from habeas.spark.worker import make_worker, open_pack, settings_digest


def body(job: Job) -> None:
    pack = open_pack(job.settings, job.purposes)
    identity = digest("work", pack.model_id, settings_digest(job.settings))
    job.digests["model"] = pack.model_id
    tables = job.tables()
    args = job.args
    planned = embed.plan(tables, job.purposes, identity, args.source, args.captured_from, args.captured_to)
    job.counts |= embed.stage(tables, planned, partial(make_worker, job.settings, job.purposes), job.folder.run_id)


if __name__ == "__main__":
    sys.exit(main("embed", __doc__ or "", body, sys.argv[1:]))
