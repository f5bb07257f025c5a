"""Yesterday's decisions, made again, and a sample of all others. A difference is an alarm."""

from __future__ import annotations

from airflow.sdk import DAG, Param
from pendulum import datetime

from habeas.model.errors import IntegrityError, Unavailable, UsageError
from habeas.model.installation.exit_codes import exit_code_table

from habeas_tasks import DEFAULTS, HABEAS, MACROS, OWNER, Command

ACTIONS = {
    0: "nothing: all came out the same, or is explained (erased, registered anew)",
    UsageError.exit_code: "mend `habeas.toml`, clear the task",
    IntegrityError.exit_code: "**a decision, its facts, its rules or the ledger changed**: halt, call the owner",
    Unavailable.exit_code: "a table or the key store can't be read now; retried by itself",
}

DOC = f"""
### replay: would every decision come out the same?

Takes every decision that came since the last replay and a random sample of all others, and makes each again: from the
stored facts by the rules that were pinned when it was made, and the facts themselves from the tables as they were known
then. It changes no table, and notes how far it came in `runs/replay/replay.json`. The day is the seed of the sample.

**It is 6 a.m. and the task is red.** The log ends with a table of what came out differently.

{exit_code_table(ACTIONS, ACTIONS)}

5 is never retried and never mended by clearing: `habeas replay --decision ID` shows one decision again, and
`habeas explain ID` what it rests on.
"""

with DAG(
    dag_id="replay",
    description="New decisions and a sample of all, made again from what is recorded.",
    doc_md=DOC,
    schedule="0 5 * * *",
    start_date=datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    owner_links={OWNER: "mailto:data-engineering@example.org"},
    tags=["habeas", "faces", "replay"],
    user_defined_macros=MACROS,
    params={
        "sample": Param(
            500, type="integer", minimum=1, maximum=100_000, description="How many older decisions."
        ),
    },
) as dag:
    Command(
        task_id="replay",
        # Values travel in the environment: nothing of them is read by the shell as its own words.
        bash_command='"$HABEAS" replay --new --sample "$SAMPLE" --seed "$SEED"',
        env={
            "HABEAS": str(HABEAS),
            "HABEAS_CONFIG": "{{ habeas_config() }}",
            "HABEAS_CUSTODY": "{{ habeas_custody() }}",
            "SAMPLE": "{{ params.sample }}",
            "SEED": "{{ ds | default(run_id) }}",  # a run by hand has no day
        },
        append_env=True,
        do_xcom_push=False,
        skip_on_exit_code=None,
    )
