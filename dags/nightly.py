"""The nightly run: what is new or changed since the last one, from files to sealed embeddings."""

from __future__ import annotations

from airflow.sdk import DAG, Param
from pendulum import datetime

from habeas.model.errors import Halted
from habeas.model.installation.exit_codes import EXIT_CODES, exit_code_table
from habeas.model.installation.steps import NIGHTLY

from habeas_tasks import DEFAULTS, INSTANT, MACROS, OWNER, TASK_CODES, in_order, purposes, submit

FINAL = ", ".join(str(row.number) for row in EXIT_CODES if row.final)

DOC = f"""
### nightly: archive → sealed embeddings

`{" >> ".join(step.name for step in NIGHTLY)}`; each task is one Spark job in `jobs/`. Nothing is published before
`publish`, and every task may be cleared and run again: same run id, same result, no duplicates. `report` then writes
the page of the run, `report/runs/<run>/index.html`, also where a step failed; without any record it is skipped.

**It is 3 a.m. and a task is red.** The task's log ends with one line that starts with `habeas <task>:` and says what
to do. `runs/<run>/<task>.json` in the installation's folder has the counts.

{exit_code_table(TASK_CODES)}

`sources` is red where a source's folder was missing, empty, a link, or another source's too: its files wait, nothing of
it counts as gone, and everything else was done. Bring the folder back; the next run goes on with it.

{FINAL} are never retried. {Halted.exit_code} is no failure: the task and those after it are skipped, and the last
task, `halted`, is green; on other nights it is skipped. When the halt is over the next run does what is left.
A withdrawn consent needs no action here: the next night closes its rows.
Skipping a night is safe: work that has no row in `work` waits for the next one.
"""

with DAG(
    dag_id="nightly",
    description=f"New and changed footage: {', '.join(step.name for step in NIGHTLY)}.",
    doc_md=DOC,
    schedule="0 2 * * *",
    start_date=datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    owner_links={OWNER: "mailto:data-engineering@example.org"},
    tags=["habeas", "faces", "nightly"],
    user_defined_macros=MACROS,
    params={
        "purposes": Param(
            [],
            type="array",
            items={"type": "string", "enum": purposes()},
            uniqueItems=True,
            description="What to embed for; empty = as the settings say.",
        ),
        "source": Param(
            "",
            type="string",
            pattern=r"^([A-Za-z0-9][A-Za-z0-9_.-]{0,63})?$",
            description="Only this source; empty = all.",
        ),
        "as_of": Param(
            None,
            type=["null", "string"],
            format="date-time",
            pattern=INSTANT,
            description="Decide as of this time; empty = when the run starts.",
        ),
    },
) as dag:
    arguments = {
        "purposes": "{{ params.purposes | join(',') }}",
        "source": "{{ params.source }}",
        "as-of": "{{ params.as_of or '' }}",
    }
    in_order([submit(step, arguments) for step in NIGHTLY])
