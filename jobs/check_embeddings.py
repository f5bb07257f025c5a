"""Judge what was staged: Spark computes aggregates, Great Expectations judges them; a failing suite stops here."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from habeas.model.errors import CheckFailed
from habeas.model.installation.steps import CHECK
from habeas.oversight.report.checks_page import results, write_checks
from habeas.oversight.report.write_report import folder_of
from habeas.pipeline.publish import check
from habeas.pipeline.publish.staged import WORD, require_staged_by_embed, staged_digest
from habeas.pipeline.runtime.job import Job, main
from habeas.warehouse.quality import great_expectations as gx
from habeas.warehouse.quality.rules import expectations


def body(job: Job) -> None:
    tables = job.tables()
    digest = staged_digest(tables, job.folder.run_id)
    require_staged_by_embed(job.folder, digest)
    aggregates = check.aggregate(tables, job.folder.run_id)
    job.counts |= {
        "rows": int(aggregates["rows"].iloc[0]),
        "failing": int(aggregates["rows_failing"].iloc[0]),
    }
    contract, run_id = tables.contracts["embeddings"], job.folder.run_id
    asked = expectations(contract) if job.counts["rows"] else []
    verdict = gx.judge(aggregates, asked) if asked else gx.NOTHING_JUDGED
    failed = verdict.failed + verdict.warned
    check_results = results(run_id, contract, job.counts, asked, failed, datetime.now(UTC))
    page = write_checks(folder_of(job.settings.report, run_id), check_results)
    job.counts["expectations_failed"] = len(verdict.failed)
    if not verdict.ok:
        raise CheckFailed(
            f"the staged rows fail {', '.join(verdict.failed)}; nothing is published",
            hint=f"Open {page}.",
        )
    job.digests[WORD] = digest


def run(argv: list[str]) -> int:
    return main(CHECK, __doc__ or "", body, argv)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
