"""Judge what was staged: Spark computes aggregates, Great Expectations judges them; a failing suite stops here."""

from __future__ import annotations

import sys

from habeas.adapters import gx
from habeas.errors import CheckFailed
from habeas.spark import check
from habeas.spark.job import Job, main
from habeas.spark.staged import WORD, require_staged_by_embed, staged_digest
from habeas.tables.checks import expectations


def body(job: Job) -> None:
    tables = job.tables()
    digest = staged_digest(tables, job.folder.run_id)
    require_staged_by_embed(job.folder, digest)
    aggregates = check.aggregate(tables, job.folder.run_id)
    job.counts |= {
        "rows": int(aggregates["rows"].iloc[0]),
        "failing": int(aggregates["rows_failing"].iloc[0]),
    }
    if job.counts["rows"] == 0:
        job.digests[WORD] = digest
        return
    verdict = gx.judge(
        aggregates, expectations(tables.contracts["embeddings"]), job.settings.report / "data_docs"
    )
    job.counts["expectations_failed"] = len(verdict.failed)
    if not verdict.ok:
        raise CheckFailed(
            f"the staged rows fail {', '.join(verdict.failed)}; nothing is published",
            hint=f"Open {job.settings.report / 'data_docs' / 'index.html'}.",
        )
    job.digests[WORD] = digest


def run(argv: list[str]) -> int:
    return main("check", __doc__ or "", body, argv)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
