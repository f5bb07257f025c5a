"""Decide both gates in tables, before any pixel: embed per roster line, then scan per asset."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from habeas.adapters.keystore import KeyStore
from habeas.policy.packs import load_packs, policy_digest
from habeas.policy.purposes import load_purposes
from habeas.settings import Custody
from habeas.spark import decide
from habeas.spark.job import Job, main


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--custody", type=Path, required=True, help="custody file: only which keys are open is read"
    )


def body(job: Job) -> None:
    packs = load_packs(job.settings.policies, job.settings.packs)
    job.digests["policy"] = policy_digest(packs)
    question = decide.Question(
        wanted=tuple(job.purposes),
        known=frozenset(load_purposes(job.settings.policies / "purposes.yaml")),
        policy=job.digests["policy"],
        as_of=job.as_of,
        known_at=job.folder.known_at(),
        run_id=job.folder.run_id,
    )
    open_keys = KeyStore(Custody.read(job.args.custody).key_store).open_keys()
    job.counts |= decide.decide(job.tables(question.policy), packs, question, open_keys)


def run(argv: list[str]) -> int:
    return main("decide", __doc__ or "", body, argv, arguments)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
