"""The same steps over a stretch of the past, for a new model or purpose. Started by hand only."""

from __future__ import annotations

from airflow.sdk import DAG, Param
from pendulum import datetime

from habeas.model.installation.steps import BACKFILL

from habeas_tasks import DEFAULTS, INSTANT, MACROS, OWNER, in_order, purposes, submit

POOL = "habeas_backfill"

DOC = """
### backfill: one source, one stretch of time

`plan` first: its record `runs/<run>/plan.json` and its log say how many assets and roster lines would be worked on.
Then the same tasks as `nightly`, by the same rules: consent, purpose and licence are asked anew **as of now**, so a
backfill refuses whatever tonight's run would refuse. What was captured before a consent ended is not an exception.

It runs in its own pool (make it once: `airflow pools set habeas_backfill 1 "one backfill at a time"`), and the table
locks keep it and the night from writing the same table at once; the later one retries. Exit codes: see `nightly`.
Clearing any task is safe. To try without consequences look at `plan` alone: mark `catalog` failed before it starts.
"""

with DAG(
    dag_id="backfill",
    description="The nightly steps over one source and one stretch of time.",
    doc_md=DOC,
    schedule=None,
    start_date=datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS | {"pool": POOL},
    owner_links={OWNER: "mailto:data-engineering@example.org"},
    tags=["habeas", "faces", "backfill"],
    user_defined_macros=MACROS,
    params={
        "source": Param(
            type="string", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", description="The source to work on."
        ),
        "captured_from": Param(
            type="string",
            format="date-time",
            pattern=INSTANT,
            description="Captured at or after, with time zone.",
        ),
        "captured_to": Param(
            type="string", format="date-time", pattern=INSTANT, description="Captured before, with time zone."
        ),
        "model": Param(
            "",
            type="string",
            pattern=r"^([A-Za-z0-9][A-Za-z0-9_.-]{0,63})?$",
            description="Model pack; empty = as the settings say.",
        ),
        "purposes": Param(
            [],
            type="array",
            items={"type": "string", "enum": purposes()},
            uniqueItems=True,
            description="What to embed for; empty = as the settings say.",
        ),
    },
) as dag:
    arguments = {
        "purposes": "{{ params.purposes | join(',') }}",
        "source": "{{ params.source }}",
        "captured-from": "{{ params.captured_from }}",
        "captured-to": "{{ params.captured_to }}",
        "model": "{{ params.model }}",
    }
    in_order([submit(step, arguments) for step in BACKFILL])
