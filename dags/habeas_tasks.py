"""What the DAGs are made of: a list of steps, and where an installation's files lie. No step's logic is here.

A step is one file in `jobs/`, named and never imported. Where things lie is looked up when a task starts:
the environment (`HABEAS_CONFIG`, `HABEAS_CUSTODY`) before the Airflow Variables `habeas_config`, `habeas_custody`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import Asset, BaseHook, BaseOperator, Context, RetryPolicy, TriggerRule, Variable, chain
from airflow.sdk.definitions.retry_policy import RetryDecision
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from habeas.model.errors import Halted, UsageError
from habeas.model.installation import resources
from habeas.model.installation.exit_codes import EXIT_CODES, exit_code
from habeas.model.installation.runs import run_slug
from habeas.model.installation.steps import Step
from habeas.pipeline.dag_facts import left_out_of, policies_of, why_it_ended
from habeas.warehouse.spark_conf import SAFETY, submitted

JOBS = Path(os.environ.get("HABEAS_JOBS", resources.JOBS))

# The command beside the Python that Airflow runs on: a worker's PATH may not name it.
HABEAS = Path(sys.executable).with_name("habeas")

REPORT = "report"

OWNER = "data-engineering"

ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "PYSPARK_DRIVER_PYTHON": os.environ.get("PYSPARK_DRIVER_PYTHON", sys.executable),
}
"""Of every job: this Python, which has habeas, unless the site names one; and a locale that spells any name of a file,
for Java takes names for what the locale says."""

# `format: date-time` alone is a hint to the form: nothing checks it unless an optional package is there.
INSTANT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)$"


TASK_CODES = [row.number for row in EXIT_CODES if row.action]
"""What a task may end with; see the pages of the DAGs."""


class JobEnded(AirflowException):
    """A job or command that failed, with its exit code where that is known."""

    def __init__(self, code: int | None, text: str) -> None:
        super().__init__(text)
        self.code = code


class ByExitCode(RetryPolicy):
    """Retry what may work later, and never what a rule or a check decided."""

    def evaluate(self, exception: BaseException, *_: Any, **__: Any) -> RetryDecision:
        row = exit_code(exception.code) if isinstance(exception, JobEnded) and exception.code else None
        if row is None or not row.final:
            return RetryDecision.default()
        return RetryDecision.fail(f"exit code {row.number}: {row.means}")


class SubmitUnlessHalted(SparkSubmitOperator):
    """spark-submit. A job that was halted leaves its task skipped: never failed, never tried again.

    The connection's extra may hold `conf`: the site's own settings of Spark. They win, but over what keeps data safe.
    The exit code is that of the process, which in client mode is the job's; why it ended so stands in its run record.
    """

    def execute(self, context: Context) -> None:
        site = BaseHook.get_connection(self._conn_id).extra_dejson.get("conf", {})
        self.conf = {**(self.conf or {}), **{name: str(value) for name, value in site.items()}, **SAFETY}
        try:
            super().execute(context)
        except AirflowException as error:
            code, why = why_it_ended(
                Path(config()), run_slug(str(context["run_id"])), self.task_id, _returned(self._hook)
            )
            if code == Halted.exit_code:
                self.log.info(why)
                raise AirflowSkipException(why) from None
            raise JobEnded(code, f"{why} {error}") from error


class Command(BashOperator):
    """A command of habeas, whose exit code decides whether it is tried again."""

    def execute(self, context: Context) -> Any:
        try:
            return super().execute(context)
        except AirflowSkipException:
            raise
        except AirflowException as error:
            process = self.subprocess_hook.sub_process
            raise JobEnded(process.returncode if process else None, str(error)) from error


def _returned(hook: Any) -> int | None:
    """What spark-submit returned; None where this version of the provider doesn't say."""
    code = getattr(getattr(hook, "_submit_sp", None), "returncode", None)
    return code if isinstance(code, int) else None


class HaltedRun(BaseOperator):
    """The last task of a run: green where a halt stopped it and skipped where nothing did, so that the grid says so."""

    def execute(self, context: Context) -> None:
        run = str(context["run_id"])
        states = context["ti"].get_task_states(dag_id=self.dag_id, run_ids=[run])[run]
        stopped = sorted(task for task, state in states.items() if state == "skipped" and task != REPORT)
        if not stopped:
            raise AirflowSkipException("nothing was halted")
        self.log.info("halted: %s didn't run; see: habeas halts", ", ".join(stopped))


class Sources(BaseOperator):
    """Red where a source was left out of the run because its folder couldn't be used: everything else is published."""

    def execute(self, context: Context) -> None:
        if left_out := left_out_of(Path(config()), run_slug(str(context["run_id"]))):
            raise AirflowFailException(f"{left_out}. Everything else was done.")
        self.log.info("no source was left out")


DEFAULTS: dict[str, Any] = {
    "owner": OWNER,
    "retries": 2,
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=15),
    "retry_policy": ByExitCode(),
    "execution_timeout": timedelta(hours=12),
}


def config() -> str:
    """Path of the settings file."""
    path = os.environ.get("HABEAS_CONFIG") or Variable.get("habeas_config", default="")
    return str(path or resources.default_home() / "habeas.toml")


def custody() -> str:
    """Path of the custody file, for the two steps that read which keys are open."""
    path = os.environ.get("HABEAS_CUSTODY") or Variable.get("habeas_custody", default="")
    return str(path or Path(config()).parent / "custody" / "custody.toml")


MACROS = {"habeas_config": config, "habeas_custody": custody, "run_slug": run_slug}


def policies() -> Path:
    """The installation's rules and lists, or the shipped ones.

    Read whenever Airflow parses this folder: so the environment says where the settings lie, and no Variable, which is
    a table.
    """
    settings = Path(os.environ.get("HABEAS_CONFIG") or resources.default_home() / "habeas.toml")
    return policies_of(settings)


def purposes() -> list[str]:
    """The closed list that a trigger form offers."""
    listed = yaml.safe_load((policies() / "purposes.yaml").read_text(encoding="utf-8"))["purposes"]
    return [purpose["id"] for purpose in listed]


def submit(step: Step, arguments: dict[str, str], **operator: Any) -> SparkSubmitOperator:
    """The task of a step: spark-submit through `spark_default`, with the run's id and these arguments."""
    given = {"run-id": "{{ run_slug(run_id) }}", "config": "{{ habeas_config() }}", **arguments}
    if step.reads_keys:
        given["custody"] = "{{ habeas_custody() }}"
    return SubmitUnlessHalted(
        task_id=step.name,
        application=str(JOBS / step.job),
        name=f"habeas.{step.name}",
        conn_id="spark_default",
        conf=submitted(),
        application_args=[word for name, value in given.items() for word in (f"--{name}", value)],
        env_vars=_told_nothing() if not step.reads_keys else dict(ENVIRONMENT),
        outlets=[Asset(f"habeas_{table}") for table in step.writes],
        **operator,
    )


def report() -> Command:
    """The page of the run, whatever became of it. Skipped for a run that left no record to tell of."""
    return Command(
        task_id=REPORT,
        # Values travel in the environment: nothing of them is read by the shell as its own words.
        bash_command='"$HABEAS" report --run "$RUN"',
        env=_told_nothing()
        | {"HABEAS": str(HABEAS), "HABEAS_CONFIG": "{{ habeas_config() }}", "RUN": "{{ run_slug(run_id) }}"},
        append_env=True,
        do_xcom_push=False,
        skip_on_exit_code=UsageError.exit_code,
        trigger_rule=TriggerRule.ALL_DONE,
    )


def in_order(steps: Sequence[BaseOperator]) -> None:
    """The steps in a row, then the page, then `halted`; a step that failed makes the run fail, page or no page.

    `sources` stands beside the page: everything else goes on whatever was left out.
    """
    last = halted()
    chain(*steps, report(), last)
    steps[-1] >> [last, sources()]


def halted() -> HaltedRun:
    """The last task. It waits for none to have failed: it must not hide one that did."""
    return HaltedRun(task_id="halted", trigger_rule=TriggerRule.NONE_FAILED)


def sources() -> Sources:
    """The task that tells of sources that were left out."""
    return Sources(task_id="sources")


def _told_nothing() -> dict[str, str]:
    """Environment of a step without custody: whatever this process knows about it is blanked for the job."""
    named = {name for name in os.environ if name.startswith("HABEAS_CUSTODY")} | {"HABEAS_CUSTODY"}
    return ENVIRONMENT | dict.fromkeys(sorted(named), "")
