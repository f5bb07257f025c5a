"""A halted run shows as halted: not failed, not tried again, and never green where something did fail."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.exceptions import AirflowException, AirflowSkipException

from habeas.model.installation.exit_codes import error_with
from habeas.model.installation.resources import PROJECT
from habeas.model.installation.steps import NIGHTLY
from habeas.pipeline.local_airflow import Ended, airflow_environment, run_dag_once
from habeas.warehouse.authenticated.run_records import RunFolder, TaskRecord

pytestmark = pytest.mark.airflow
SAID = "halted by oversight-1 until resumed (everything): a complaint"
NIGHT = [step.name for step in NIGHTLY]

# Stands where spark-submit would: ends as it is told for the job it is given, with a record as a job leaves one, and
# counts its calls. What it prints is no answer: only its record and its exit code are.
SUBMIT = f"""#!{sys.executable}
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from habeas.model.installation.exit_codes import error_with
from habeas.model.installation.steps import NIGHTLY
from habeas.warehouse.authenticated.run_records import RunFolder, TaskRecord
words, at = sys.argv, datetime.now(UTC).isoformat()
job = next(Path(word) for word in words if word.endswith(".py"))
with open(os.environ["CALLS"], "a") as calls:
    calls.write(job.stem + "\\n")
if job.stem == os.environ["STOPS_AT"]:
    code, task = int(os.environ["STOPS_WITH"]), next(step.name for step in NIGHTLY if step.job == job.name)
    runs = Path(os.environ["HABEAS_CONFIG"]).parent / "runs"
    folder = RunFolder(runs, words[words.index("--run-id") + 1])
    status = "halted" if code == 7 else "failed"
    ended = TaskRecord(folder.run_id, task, status, at, at, 0.0, 0.0)
    folder.write(ended.ended_by(error_with(code, {SAID!r}, hint="Resume.")))
    print("habeas embed: halted by nobody at all")
    sys.exit(code)
"""


class Submitted:
    """A hook whose job ends with this code. Its text says another one: nothing may be read out of it."""

    def __init__(self, code: int, output: str = "") -> None:
        self._submit_sp = SimpleNamespace(returncode=code)
        self.message = (
            f"Cannot execute: spark-submit x. Error code is: 4.\nLast spark-submit output:\n{output}"
        )

    _should_track_driver_status = _is_yarn_cluster_mode = False

    def _should_track_driver_via_k8s_api(self) -> bool:
        return False

    def submit(self, application: str) -> None:
        raise AirflowException(self.message)


@pytest.fixture(scope="module")
def embed() -> Any:
    return DagBag(str(PROJECT / "dags")).dags["nightly"].get_task("embed")


def record(home: Path, run_id: str, code: int, message: str) -> None:
    ended = TaskRecord(run_id, "embed", "halted", "", "", 0.0, 0.0)
    RunFolder(home / "runs", run_id).write(ended.ended_by(error_with(code, message)))


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "habeas.toml").write_text(f'home = "{tmp_path}"\n')
    monkeypatch.setenv("HABEAS_CONFIG", str(tmp_path / "habeas.toml"))
    return tmp_path


def test_a_halted_job_leaves_its_task_skipped_with_who_said_so(embed: Any, installed: Path) -> None:
    embed._hook = Submitted(7, "habeas embed: halted by somebody-else")
    with pytest.raises(AirflowSkipException, match="embed: halted: somebody who may said stop"):
        embed.execute({"run_id": "r1"})
    record(installed, "r1", 7, SAID)
    with pytest.raises(AirflowSkipException, match="embed: halted by oversight-1 until resumed"):
        embed.execute({"run_id": "r1"})


@pytest.mark.parametrize("code", [1, 5, 70, 75, 77])
def test_no_other_end_of_a_job_is_taken_for_a_halt(embed: Any, installed: Path, code: int) -> None:
    """Not by what it printed, and not by what an earlier try of the same run left."""
    record(installed, "r1", 7, SAID)
    embed._hook = Submitted(code, f"habeas embed: {SAID}")
    with pytest.raises(AirflowException) as caught:
        embed.execute({"run_id": "r1"})
    assert code == caught.value.code
    assert not isinstance(caught.value, AirflowSkipException)
    assert SAID not in str(caught.value).split("Cannot execute")[0]


def test_a_task_that_failed_says_what_its_job_said(embed: Any, installed: Path) -> None:
    record(installed, "r1", 6, "the key is closed")
    embed._hook = Submitted(6)
    with pytest.raises(AirflowException, match=r"^embed: the key is closed") as caught:
        embed.execute({"run_id": "r1"})
    assert "fail" == embed.retry_policy.evaluate(caught.value, 1, 2).action.value


def test_the_last_task_waits_for_all_and_hides_no_failure() -> None:
    for dag_id in ("nightly", "backfill"):
        task = DagBag(str(PROJECT / "dags")).dags[dag_id].get_task("halted")
        assert ("none_failed", {"publish", "report"}, set()) == (
            str(task.trigger_rule.value), task.upstream_task_ids, task.downstream_task_ids
        )  # fmt: skip


Night = Callable[[str, int], tuple[Ended, dict[str, str], list[str]]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("shown")
    submit = home / "bin" / "spark-submit"
    submit.parent.mkdir()
    submit.write_text(SUBMIT)
    submit.chmod(0o755)
    (home / "habeas.toml").write_text(f'home = "{home}"\n')
    return home


@pytest.fixture
def night(home: Path, tmp_path: Path) -> Night:
    """One nightly run whose jobs end at once: all well, but the one named, which ends with the code given."""

    def run(stops_at: str, code: int) -> tuple[Ended, dict[str, str], list[str]]:
        environment = airflow_environment(home)
        environment |= {
            "PATH": os.pathsep.join([str(home / "bin"), environment["PATH"]]), "CALLS": str(tmp_path / "calls"),
            "HABEAS_CONFIG": str(home / "habeas.toml"), "STOPS_AT": stops_at, "STOPS_WITH": str(code),
        }  # fmt: skip
        at = datetime.now(UTC)
        ended = run_dag_once(home, "nightly", {}, at, environment=environment)
        with closing(sqlite3.connect(home / "airflow" / "airflow.db")) as database:
            ((run_id,),) = database.execute("SELECT run_id FROM dag_run ORDER BY id DESC LIMIT 1").fetchall()
            states = database.execute("SELECT task_id, state FROM task_instance WHERE run_id = ?", (run_id,))
            return ended, dict(states.fetchall()), (tmp_path / "calls").read_text().split()

    return run


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_grid_says_halted_where_a_halt_stopped_a_night(night: Night) -> None:
    ended, states, calls = night("embed_faces", 7)
    assert ended.ok, ended.log.read_text()[-3000:]
    assert {"catalog": "success", "decide": "success", "embed": "skipped", "check": "skipped", "publish": "skipped",
            "report": "success", "sources": "skipped", "halted": "success"} == states  # fmt: skip
    assert ["catalog_assets", "decide", "embed_faces"] == calls, "a halted job is not tried again"
    assert SAID in ended.log.read_text()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_night_queued_during_a_halt_starts_nothing_else(night: Night) -> None:
    ended, states, calls = night("catalog_assets", 7)
    assert ended.ok
    last = {
        "report": "success",
        "sources": "skipped",
        "halted": "success",
    }  # the halted job left a record to show
    assert dict.fromkeys(NIGHT, "skipped") | last == states
    assert ["catalog_assets"] == calls


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_night_without_a_halt_shows_none(night: Night) -> None:
    ended, states, _ = night("nothing", 0)
    assert ended.ok, ended.log.read_text()[-3000:]
    last = {"report": "skipped", "sources": "success", "halted": "skipped"}
    assert dict.fromkeys(NIGHT, "success") | last == states


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_night_that_fails_is_not_shown_as_halted(night: Night) -> None:
    ended, states, _ = night("embed_faces", 5)
    assert not ended.ok
    assert "failed" == states["embed"]
    assert {"upstream_failed"} == {states[task] for task in ("check", "publish", "halted")}
