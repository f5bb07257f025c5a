"""The nightly DAG under a real scheduler: it runs by its schedule, survives a kill, and never retries a refusal."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from airflow_processes import running
from stand_in_job import TASKS

pytestmark = [pytest.mark.airflow, pytest.mark.spark, pytest.mark.slow, pytest.mark.timeout(900)]

NIGHT = ["catalog", "decide", "embed", "check", "publish"]


@pytest.fixture
def stand_ins(tmp_path: Path) -> Path:
    """A folder that looks like `jobs/`."""
    folder = tmp_path / "jobs"
    folder.mkdir()
    for name in TASKS:
        shutil.copy(Path(__file__).with_name("stand_in_job.py"), folder / f"{name}.py")
    return folder


def calls(home: Path) -> list[str]:
    place = home / "calls"
    return place.read_text().split() if place.exists() else []


def test_a_night_killed_with_its_scheduler_is_finished_by_the_next_one(
    tmp_path: Path, stand_ins: Path
) -> None:
    home = tmp_path / "home"
    with running(home, HABEAS_JOBS=str(stand_ins), STAND_IN_SLOW="embed") as airflow:
        airflow.wait_for("the embed job starts", lambda: (home / "slowed").exists(), 300)
        airflow.kill("scheduler")
        assert {"running"} == set(airflow.runs("nightly").values())
        airflow.start("scheduler")
        airflow.wait_for("the night ends", lambda: "running" not in airflow.runs("nightly").values(), 300)
        assert ["success"] == list(airflow.runs("nightly").values())
    (run,) = (home / "runs").iterdir()
    assert run.name.startswith("scheduled__")
    assert {f"{task}.json" for task in NIGHT} == {path.name for path in run.iterdir()}
    assert ["catalog", "decide", "embed", "embed", "check", "publish"] == calls(home)


def test_a_refusal_ends_the_night_at_its_first_try(tmp_path: Path, stand_ins: Path) -> None:
    home = tmp_path / "home"
    with running(home, HABEAS_JOBS=str(stand_ins), STAND_IN_EMBED="4") as airflow:
        airflow.wait_for("the night ends", lambda: "failed" in airflow.runs("nightly").values(), 300)
        tries = airflow.tries("nightly")
    assert ("failed", 1) == tries["embed"]
    assert {"upstream_failed"} == {tries["check"][0], tries["publish"][0]}
    assert ["catalog", "decide", "embed"] == calls(home)
