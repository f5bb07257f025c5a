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
    parser.add_argument("--custody", type=Path, required=True, help="custody file: only which keys are open is read")


def body(job: Job) -> None:
    packs = load_packs(job.settings.policies, job.settings.packs)
    purposes = load_purposes(job.settings.policies / "purposes.yaml")
    open_keys = KeyStore(Custody.read(job.args.custody).key_store).open_keys()
    job.digests["policy"] = policy_digest(packs)
    tables = job.tables(job.digests["policy"])
    job.counts |= decide.decide(tables, packs, purposes, job.purposes, open_keys, job.folder.run_id, job.as_of)


if __name__ == "__main__":
    sys.exit(main("decide", __doc__ or "", body, sys.argv[1:], arguments))
