"""The DAG folder as a whole: what every DAG must have, and what each may say to its jobs."""

from __future__ import annotations

import ast
import copy
import importlib
import json
import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from airflow.dag_processing.dagbag import DagBag
from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from habeas.model.installation.exit_codes import EXIT_CODES
from habeas.model.installation.resources import PROJECT
from habeas.model.installation.steps import NIGHTLY
from habeas.oversight.runs.left_out_sources import note_left_out
from habeas.warehouse.authenticated.run_records import RunFolder, TaskRecord
from habeas.warehouse.spark_conf import SAFETY, local_sizing, submitted

pytestmark = pytest.mark.airflow

DAGS = PROJECT / "dags"
FILES = sorted(path for path in DAGS.glob("*.py") if path.stem != "habeas_tasks")
NIGHT = [step.name for step in NIGHTLY]
GIVEN = {
    "nightly": {},
    "backfill": {
        "source": "studio",
        "captured_from": "2025-01-01T00:00:00+00:00",
        "captured_to": "2026-01-01T00:00:00+00:00",
    },
}


@pytest.fixture(scope="module")
def bag() -> DagBag:
    return DagBag(str(DAGS))


def params(dag: Any, given: dict[str, Any]) -> dict[str, Any]:
    """What a run gets: the defaults, what was given, validated."""
    chosen = copy.deepcopy(dag.params)
    for name, value in given.items():
        chosen[name] = value
    return dict(chosen.validate())


def rendered(bag: DagBag, dag_id: str, task_id: str, given: dict[str, Any]) -> SparkSubmitOperator:
    dag = bag.dags[dag_id]
    task = dag.get_task(task_id).prepare_for_execution()
    context = {
        "run_id": "manual__2026-11-23T02:00:00+00:00",
        "params": params(dag, given),
        "dag": dag,
        "task": task,
    }
    task.render_template_fields(context)
    return task


def test_every_file_is_one_dag_of_its_name_without_errors(bag: DagBag) -> None:
    assert {} == bag.import_errors
    assert [path.stem for path in FILES] == sorted(bag.dags)


def test_parsing_takes_no_time(bag: DagBag) -> None:
    started = time.process_time()
    DagBag(str(DAGS))
    assert time.process_time() - started < 2


@pytest.mark.parametrize("path", [*FILES, DAGS / "habeas_tasks.py"], ids=lambda path: path.stem)
def test_a_dag_imports_no_job_and_no_engine(path: Path) -> None:
    """Configuration only: of the project it knows where files lie, the steps, Spark's settings, and words."""
    tree = ast.parse(path.read_text())
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    ours = {name for name in names if name.startswith(("habeas.", "jobs"))}
    known = {"habeas.pipeline.dag_facts", "habeas.model.errors", "habeas.warehouse.spark_conf"}
    words = ("", ".exit_codes", ".runs", ".steps")
    assert ours <= known | {f"habeas.model.installation{name}" for name in words}
    assert not {
        name for name in names if name.split(".")[0] in ("pyspark", "delta", "insightface", "onnxruntime")
    }


@pytest.mark.parametrize("dag_id", list(GIVEN))
def test_a_dag_says_whose_it_is_and_helps_at_night(bag: DagBag, dag_id: str) -> None:
    dag = bag.dags[dag_id]
    assert "data-engineering" == dag.owner
    assert {"habeas", dag_id} <= dag.tags
    assert "exit code" in (dag.doc_md or "").lower()
    assert dag.start_date.tzinfo is not None
    assert (False, 1) == (dag.catchup, dag.max_active_runs)


def test_the_page_of_the_night_tells_every_exit_code_that_a_task_may_end_with(bag: DagBag) -> None:
    page = bag.dags["nightly"].doc_md or ""
    for row in EXIT_CODES:
        assert bool(row.action) == (f"| {row.number} | {row.means} | {row.action} |" in page), row.number
    assert "2, 3, 4, 5, 6 are never retried. 7 is no failure" in page
    assert "`catalog >> decide >> embed >> check >> publish`" in page


@pytest.mark.parametrize("dag_id", list(GIVEN))
def test_every_task_is_a_submitted_job_that_retries_with_growing_pauses(bag: DagBag, dag_id: str) -> None:
    for task in bag.dags[dag_id].tasks:
        if task.task_id in ("report", "halted", "sources"):
            continue
        assert isinstance(task, SparkSubmitOperator)
        assert "spark_default" == task._conn_id
        assert Path(task.application).is_file()
        assert task.retries >= 2
        assert task.retry_exponential_backoff > 1
        assert task.max_retry_delay <= timedelta(hours=1)
        assert task.execution_timeout is not None


def test_the_night_is_five_steps_in_a_row(bag: DagBag) -> None:
    assert [*NIGHT, "report", "halted"] == [
        task.task_id for task in bag.dags["nightly"].topological_sort() if task.task_id != "sources"
    ]
    assert {"report", "halted", "sources"} == bag.dags["nightly"].get_task("publish").downstream_task_ids
    assert "0 2 * * *" == bag.dags["nightly"].schedule


def test_a_backfill_is_the_night_after_a_plan_in_a_pool_of_its_own(bag: DagBag) -> None:
    dag = bag.dags["backfill"]
    assert ["plan", *NIGHT, "report", "halted"] == [
        task.task_id for task in dag.topological_sort() if task.task_id != "sources"
    ]
    assert {"habeas_backfill"} == {task.pool for task in dag.tasks}
    assert dag.schedule is None


def test_tables_are_outlets_of_the_step_that_writes_them(bag: DagBag) -> None:
    outlets = {t.task_id: {asset.name for asset in t.outlets} for t in bag.dags["nightly"].tasks}
    assert {"habeas_staged"} == outlets["embed"]
    assert "habeas_embeddings" in outlets["publish"]
    assert set() == outlets["check"]


@pytest.mark.parametrize("dag_id", list(GIVEN))
@pytest.mark.parametrize("task_id", ["catalog", "embed", "check"])
def test_the_embed_task_is_told_nothing_of_custody(bag: DagBag, dag_id: str, task_id: str) -> None:
    task = rendered(bag, dag_id, task_id, GIVEN[dag_id])
    words = " ".join([*task.application_args, *map(str, task.conf.values()), task.application])
    assert "custody" not in words
    told = os.environ | task.env_vars  # what the hook gives to spark-submit
    assert not [name for name, value in told.items() if "custody" in name.lower() and value]
    told.pop("PYTEST_CURRENT_TEST")  # this test's own name
    assert not [name for name, value in told.items() if "custody" in value.lower()]


@pytest.mark.parametrize("task_id", ["decide", "publish"])
def test_steps_that_read_which_keys_are_open_are_told_where(bag: DagBag, task_id: str) -> None:
    words = rendered(bag, "nightly", task_id, {}).application_args
    assert words[words.index("--custody") + 1].endswith("custody/custody.toml")


def test_a_task_gets_a_run_id_that_can_name_a_folder(bag: DagBag) -> None:
    words = rendered(bag, "nightly", "catalog", {}).application_args
    run_id = words[words.index("--run-id") + 1]
    assert run_id.startswith("manual__2026-11-23T02-00-00-00-00.")


def test_what_nobody_gave_arrives_empty(bag: DagBag) -> None:
    words = rendered(bag, "nightly", "catalog", {}).application_args
    given = dict(zip(words[::2], words[1::2], strict=True))
    assert ("", "", "") == (given["--purposes"], given["--source"], given["--as-of"])


def test_parameters_reach_the_job(bag: DagBag) -> None:
    wanted = {"purposes": ["archive_search", "access_verification"], "source": "studio"}
    words = rendered(bag, "nightly", "embed", wanted).application_args
    given = dict(zip(words[::2], words[1::2], strict=True))
    assert ("archive_search,access_verification", "studio") == (given["--purposes"], given["--source"])


def submitted_with(
    bag: DagBag, monkeypatch: pytest.MonkeyPatch, conf: dict[str, object] | None = None
) -> dict[str, str]:
    """The settings of Spark that spark-submit is given, when the connection's extra holds `conf`."""
    if conf is not None:
        told = {"conn_type": "spark", "host": "yarn", "extra": {"conf": conf}}
        monkeypatch.setenv("AIRFLOW_CONN_SPARK_DEFAULT", json.dumps(told))
    task = rendered(bag, "nightly", "embed", {})
    given: dict[str, str] = {}
    monkeypatch.setattr(SparkSubmitOperator, "execute", lambda self, _: given.update(self.conf))
    task.execute({})
    return given


def test_our_own_airflow_is_a_site_for_one_machine(bag: DagBag, monkeypatch: pytest.MonkeyPatch) -> None:
    assert submitted() | local_sizing() == submitted_with(bag, monkeypatch)


def test_the_connection_sizes_a_job(bag: DagBag, monkeypatch: pytest.MonkeyPatch) -> None:
    site = {"spark.driver.host": "driver.example.org", "spark.executor.instances": 8}
    given = submitted_with(bag, monkeypatch, site)
    assert {
        "spark.driver.host": "driver.example.org",
        "spark.executor.instances": "8",
    }.items() <= given.items()
    assert not (local_sizing().keys() - site.keys()) & given.keys()


def test_the_connection_changes_nothing_that_keeps_data_safe(
    bag: DagBag, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert SAFETY.items() <= submitted_with(bag, monkeypatch, dict.fromkeys(SAFETY, "of the site")).items()


def test_a_job_is_given_no_address_by_its_dag(bag: DagBag) -> None:
    """A driver that names 127.0.0.1 is found by no executor of another machine."""
    task = rendered(bag, "nightly", "embed", {})
    assert not [value for value in [*task.env_vars.values(), *task.conf.values()] if "127.0.0.1" in value]


@pytest.mark.parametrize(
    ("dag_id", "wrong"),
    [
        ("nightly", {"purposes": ["marketing"]}),
        ("nightly", {"purposes": ["archive_search "]}),
        ("nightly", {"purposes": ["archive_search", "archive_search"]}),
        ("nightly", {"source": "--conf"}),
        ("nightly", {"source": "a b"}),
        ("nightly", {"as_of": "yesterday"}),
        ("backfill", {}),
        ("backfill", GIVEN["backfill"] | {"source": ""}),
        ("backfill", GIVEN["backfill"] | {"captured_from": "2025"}),
        ("backfill", GIVEN["backfill"] | {"model": "../../etc"}),
    ],
    ids=str,
)
def test_a_parameter_that_cannot_be_meant_is_refused(bag: DagBag, dag_id: str, wrong: dict[str, Any]) -> None:
    with pytest.raises((AirflowException, ValueError)):
        params(bag.dags[dag_id], wrong)


def test_the_form_offers_the_purposes_of_the_policy(bag: DagBag) -> None:
    listed = yaml.safe_load((PROJECT / "policies" / "purposes.yaml").read_text())["purposes"]
    offered = bag.dags["nightly"].params.get_param("purposes").schema["items"]["enum"]
    assert [purpose["id"] for purpose in listed] == offered


def test_the_form_offers_the_purposes_of_this_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A purpose of its own must be runnable, and one that it struck out must not be offered."""
    tasks = importlib.import_module("habeas_tasks")
    config, own = tmp_path / "habeas.toml", tmp_path / "policies"
    monkeypatch.setenv("HABEAS_CONFIG", str(config))
    assert PROJECT / "policies" == tasks.policies()
    config.write_text(f"policies = {json.dumps(str(own))}\n")
    own.mkdir()
    (own / "purposes.yaml").write_text("purposes:\n  - id: training_vendor_c\n")
    assert ["training_vendor_c"] == tasks.purposes()
    monkeypatch.setenv("HABEAS_POLICIES", str(PROJECT / "policies"))  # which the jobs would refuse
    assert ["training_vendor_c"] == tasks.purposes()
    for named in ("policies", own.as_uri()):
        config.write_text(f"policies = {json.dumps(named)}\n")
        assert ["training_vendor_c"] == tasks.purposes(), named


@pytest.mark.parametrize(
    ("code", "final"), [(1, False), (2, True), (3, True), (4, True), (5, True), (75, False)]
)
def test_a_refusal_is_never_tried_again(bag: DagBag, code: int, final: bool) -> None:
    policy = bag.dags["nightly"].get_task("embed").retry_policy
    said = importlib.import_module("habeas_tasks").JobEnded(code, "Error code is: 4.")
    assert final == (policy.evaluate(said, 1, 2).action.value == "fail")


@pytest.mark.parametrize("dag_id", list(GIVEN))
def test_every_run_ends_with_its_page_whatever_became_of_it(bag: DagBag, dag_id: str) -> None:
    task = bag.dags[dag_id].get_task("report").prepare_for_execution()
    assert ("all_done", {"publish"}, {"halted"}) == (
        str(task.trigger_rule.value), task.upstream_task_ids, task.downstream_task_ids
    )  # fmt: skip
    task.render_template_fields({"run_id": "manual__2026-11-23T02:00:00+00:00", "dag": bag.dags[dag_id]})
    assert task.env["RUN"].startswith("manual__2026-11-23T02-00-00")
    assert not [name for name, value in task.env.items() if name.startswith("HABEAS_CUSTODY") and value]
    assert task.env["RUN"] not in task.bash_command


@pytest.mark.parametrize(("left_out", "red"), [({}, False), ({"street": "source_away"}, True)])
def test_a_run_that_left_a_source_out_shows_red_and_names_it(
    bag: DagBag, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left_out: dict[str, str], red: bool
) -> None:
    (tmp_path / "habeas.toml").write_text(f'home = "{tmp_path}"\n')
    monkeypatch.setenv("HABEAS_CONFIG", str(tmp_path / "habeas.toml"))
    RunFolder(tmp_path / "runs", "r1").write(
        TaskRecord("r1", "catalog", "done", "", "", 0.0, 0.0, {}, note_left_out(left_out))
    )
    task = bag.dags["nightly"].get_task("sources")
    if red:
        with pytest.raises(AirflowFailException, match=r"street: its source's folder is not there"):
            task.execute({"run_id": "r1"})
    else:
        task.execute({"run_id": "r1"})
