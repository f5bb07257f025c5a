"""The nightly replay: one command after the night, whose alarm is never tried away."""

from __future__ import annotations

import copy
import importlib
import os
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk.exceptions import AirflowException

from habeas.model.installation.resources import PROJECT

pytestmark = pytest.mark.airflow


@pytest.fixture(scope="module")
def dag() -> Any:
    return DagBag(str(PROJECT / "dags")).dags["replay"]


def rendered(dag: Any, **context: Any) -> BashOperator:
    task = dag.get_task("replay").prepare_for_execution()
    given = {
        "run_id": "manual__x",
        "params": dict(copy.deepcopy(dag.params).validate()),
        "dag": dag,
        "task": task,
    }
    task.render_template_fields(given | context)
    return task


def test_it_runs_once_a_night_after_the_night(dag: Any) -> None:
    assert ["replay"] == dag.task_ids
    assert ("0 5 * * *", False, 1) == (dag.schedule, dag.catchup, dag.max_active_runs)
    assert "exit code" in dag.doc_md.lower()
    assert {"habeas", "replay"} <= dag.tags


def test_the_sample_is_seeded_by_the_day_so_that_clearing_asks_the_same(dag: Any) -> None:
    assert "2026-11-23" == rendered(dag, ds="2026-11-23").env["SEED"]
    assert "manual__x" == rendered(dag).env["SEED"]
    assert "500" == rendered(dag).env["SAMPLE"]


def test_nothing_that_is_filled_in_is_read_as_a_command(dag: Any) -> None:
    command = dag.get_task("replay").bash_command
    assert "{{" not in command
    assert '"$HABEAS" replay --new --sample "$SAMPLE" --seed "$SEED"' == command
    with pytest.raises((AirflowException, ValueError)):
        copy.deepcopy(dag.params).update({"sample": "5; rm -rf /"})


def test_it_finds_the_command_and_the_installation(dag: Any) -> None:
    told = rendered(dag).env
    assert os.access(told["HABEAS"], os.X_OK)
    assert told["HABEAS_CONFIG"] == os.environ["HABEAS_CONFIG"]
    assert Path(told["HABEAS_CUSTODY"]).name == "custody.toml"


def test_an_alarm_of_the_command_is_an_alarm_of_the_task(dag: Any, tmp_path: Path) -> None:
    command = tmp_path / "habeas"
    command.write_text("#!/bin/sh\necho altered; exit 5\n")
    command.chmod(0o700)
    task = rendered(dag)
    task.env["HABEAS"] = str(command)
    with pytest.raises(AirflowException) as said:
        task.execute({})
    assert task.retry_policy.evaluate(said.value, 1, 2).reason.startswith("exit code 5")


@pytest.mark.parametrize(("code", "final"), [(1, False), (2, True), (5, True), (75, False)])
def test_an_alarm_is_never_tried_again(dag: Any, code: int, final: bool) -> None:
    policy = dag.get_task("replay").retry_policy
    said = importlib.import_module("habeas_tasks").JobEnded(code, "non-zero exit code 4")
    assert final == (policy.evaluate(said, 1, 2).action.value == "fail")


def test_an_exit_code_of_any_number_is_a_failure_and_never_a_skip(dag: Any) -> None:
    assert [] == dag.get_task("replay").skip_on_exit_code
