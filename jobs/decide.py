"""Decide both gates in tables, before any pixel: embed per roster line, then scan per asset."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from habeas.faces.model_packs import registry as packs
from habeas.model.installation.steps import DECIDE
from habeas.oversight.runs.last_run import Last, basis, last_decided, require_there
from habeas.pipeline.decide import decide
from habeas.pipeline.publish.row_status import settle_now
from habeas.pipeline.runtime.job import Job, log, main
from habeas.policy.store import store_of
from habeas.sealing.keys.store import KeyStore
from habeas.warehouse.authenticated.run_records import forged


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--custody", type=Path, required=True, help="custody file: only which keys are open is read"
    )
    parser.add_argument(
        "--whole", action="store_true", help="derive every line anew, not only what may have changed"
    )


def body(job: Job) -> None:
    policies = job.policies
    # Pinned before anything is decided by them: a decision whose rules are lost could never be made again.
    store_of(job.settings).pin(policies, job.orders.book().reviewers())
    model = packs.read(job.settings.pack_folder())
    job.digests |= {"policy": policies.digest, "pack": packs.pack_digest(model)}
    question = decide.DecisionRequest(
        wanted=tuple(job.purposes),
        lists=policies.lists,
        policy=policies.digest,
        model=packs.digests(model),
        as_of=job.as_of,
        known_at=job.folder.known_at(),
        run_id=job.folder.run_id,
        pack=job.digests["pack"],
    )
    store = KeyStore(job.custody.key_store)
    tables = job.tables(question.policy)
    require_there(job.settings.runs, tables.exists, job.record_key)
    same = basis(
        question.policy,
        job.digests["pack"],
        decide.with_stored(tables, question).wanted,
        decide.gathered_by(),
    )
    last: Last | str = "every line was asked for"
    if not job.args.whole:
        last = last_decided(
            job.settings.runs, same, question.as_of, question.known_at,
            job.record_key, job.settings.derive_anew_days,
        )  # fmt: skip
    if unverified := forged(job.settings.runs, DECIDE.name, job.record_key):
        job.counts["records_not_verified"] = unverified
        log.warning("run_records_not_verified", records=unverified, whole=isinstance(last, str))
    counts, words = decide.decide(
        tables, policies.packs, question, store.open_keys(), last, datetime.now(UTC)
    )
    job.counts |= counts
    # Always: a run that is tried again may have died before this, and then has nothing left to decide.
    job.counts |= settle_now(tables, store.open_keys, question.run_id, datetime.now(UTC))
    job.digests |= same | words


def run(argv: list[str]) -> int:
    return main(DECIDE, __doc__ or "", body, argv, arguments)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
