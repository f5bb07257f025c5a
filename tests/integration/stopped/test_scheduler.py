"""The nightly DAG under a real scheduler: it runs by its schedule, survives a kill, never retries a refusal, and
shows a halt as a halt.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow_processes import Airflow, running
from installations import Installed, Snapshot, contents, copy_of
from watched_job import JOBS

from habeas.model.installation.resources import PROJECT

# Seconds to wait for anything; a machine that does much else may need more.
PATIENCE = float(os.environ.get("HABEAS_TEST_PATIENCE", "400"))

pytestmark = [pytest.mark.airflow, pytest.mark.spark, pytest.mark.slow, pytest.mark.timeout(4 * PATIENCE)]


@pytest.fixture(scope="module")
def ready(imported: Installed, tmp_path_factory: pytest.TempPathFactory) -> tuple[Installed, Snapshot]:
    installed = copy_of(imported, tmp_path_factory.mktemp("scheduled") / "home")
    return installed, Snapshot(installed, tmp_path_factory.mktemp("before"))


@pytest.fixture(scope="module")
def airflow(ready: tuple[Installed, Snapshot], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    jobs = tmp_path_factory.mktemp("jobs")
    for file in JOBS.values():
        shutil.copy(PROJECT / "tests" / "lib" / "runs" / "watched_job.py", jobs / file)
    home = ready[0].place.config.parent
    with running(home, HABEAS_JOBS=str(jobs), WATCHED_JOBS=str(PROJECT / "jobs")) as started:
        yield started


def calls(home: Path) -> list[str]:
    place = home / "calls"
    return place.read_text().split() if place.exists() else []


def test_a_night_killed_with_its_scheduler_is_finished_by_the_next_one(
    airflow: Airflow, ready: tuple[Installed, Snapshot]
) -> None:
    installed, before = ready
    runs = installed.place.settings.runs
    airflow.wait_for("the embed job starts", lambda: "embed" in calls(airflow.home), PATIENCE)
    time.sleep(3)
    airflow.kill("scheduler")
    assert not list(runs.glob("*/embed.json")), "the embed job was over before it could be killed"
    assert ["running"] == list(airflow.runs("nightly").values())

    airflow.start("scheduler")
    airflow.wait_for("the night ends", lambda: "running" not in airflow.runs("nightly").values(), PATIENCE)

    ((run_id, state),) = airflow.runs("nightly").items()
    assert ("scheduled", "success") == (run_id.split("__")[0], state)
    assert ["catalog", "decide", "embed", "embed", "check", "publish"] == calls(airflow.home)
    (run,) = runs.glob("scheduled__*")
    found, as_of = contents(installed), json.loads((run / "run.json").read_text())["as_of"]
    assert found["embeddings"]
    before.restore()
    installed.night("undisturbed", "--as-of", as_of)
    assert contents(installed) == found


def test_a_refusal_ends_the_night_at_its_first_try(airflow: Airflow) -> None:
    (airflow.home / "calls").unlink(missing_ok=True)
    (airflow.home / "catalog.exit").write_text("4")
    airflow.command("dags", "trigger", "nightly", "--run-id", "refused")
    airflow.wait_for("the night ends", lambda: airflow.runs("nightly").get("refused") == "failed", PATIENCE)
    tries = airflow.tries("refused")
    assert ("failed", 1) == tries["catalog"]
    assert "skipped" == tries.pop("report")[0]  # the job was ended before it left a record to tell of
    assert {"upstream_failed"} == {state for task, (state, _) in tries.items() if task != "catalog"}
    assert ["catalog"] == calls(airflow.home)


def test_a_halted_night_is_skipped_and_says_so(airflow: Airflow) -> None:
    (airflow.home / "calls").unlink(missing_ok=True)
    (airflow.home / "catalog.exit").write_text("7")
    airflow.command("dags", "trigger", "nightly", "--run-id", "halted")
    airflow.wait_for("the night ends", lambda: airflow.runs("nightly").get("halted") == "success", PATIENCE)
    tries = airflow.tries("halted")
    assert ("success", 1) == tries.pop("halted")
    assert {"skipped"} == {state for state, _ in tries.values()}
    assert ["catalog"] == calls(airflow.home)
