"""A halt while a night runs: it stops within seconds, the tables are whole, and after it they are the same."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from installations import JOBS, Installed, Snapshot, contents, copy_of
from offices import Offices

from habeas.model.orders import HaltScope
from habeas.warehouse.authenticated.run_records import RunFolder

pytestmark = [pytest.mark.spark, pytest.mark.slow, pytest.mark.timeout(900)]
HALTED = 7
SECONDS = 30
"""Within which everything must have stopped."""


@pytest.fixture(scope="module")
def begun(
    imported: Installed, first_night: Installed, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Installed, Snapshot]:
    installed = copy_of(imported, tmp_path_factory.mktemp("halted") / "home")
    installed.when = first_night.as_of("first")
    return installed, Snapshot(installed, tmp_path_factory.mktemp("before"))


@pytest.fixture(scope="module")
def undisturbed(first_night: Installed) -> dict[str, list[str]]:
    found = contents(first_night)
    assert found["embeddings"]
    return found


@pytest.fixture
def night(begun: tuple[Installed, Snapshot]) -> tuple[Installed, Offices]:
    """An installation whose lists are imported and whose night has not begun; nothing is halted."""
    installed, snapshot = begun
    snapshot.restore()
    return installed, OFFICES.setdefault(str(installed.place.config), Offices(installed.place))


OFFICES: dict[str, Offices] = {}


def slow_embed(
    installed: Installed, pause: float, begun: Path, run_id: str = "night"
) -> subprocess.Popen[bytes]:
    """The embed job as a process of its own, and a worker of it at an asset."""
    begun.mkdir()
    script = Path(__file__).parents[2] / "lib" / "runs" / "slow_embed.py"
    command = [sys.executable, str(script), str(pause), "--run-id", run_id, *installed.when]
    command += ["--config", str(installed.place.config)]
    paths = [str(script.parent), str(script.parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "PYSPARK_PYTHON": sys.executable, "BEGUN": str(begun), "PYTHONPATH": os.pathsep.join(paths),
    }  # fmt: skip
    with (begun.parent / "embed.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    deadline = time.monotonic() + 300
    while not any(begun.iterdir()):
        assert process.poll() is None, (begun.parent / "embed.log").read_text()[-3000:]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process


@pytest.mark.parametrize(
    "pause",
    [
        pytest.param(1.0, id="between-assets"),
        pytest.param(900.0, id="in-an-asset-that-never-ends", marks=pytest.mark.battery),
    ],
)
def test_a_halt_of_everything_stops_a_running_embed_and_leaves_no_trace(
    night: tuple[Installed, Offices],
    decided: Installed,
    undisturbed: dict[str, list[str]],
    tmp_path: Path,
    pause: float,
    record_property: Any,
) -> None:
    installed, offices = night
    installed.go_on_from(decided)
    before = contents(installed)
    process = slow_embed(installed, pause, tmp_path / "begun", "first")
    halt, began = offices.halt(), time.monotonic()
    code = process.wait(timeout=120)
    took = time.monotonic() - began
    record_property("stopped_after_s", round(took, 1))
    said = (tmp_path / "embed.log").read_text()
    assert (HALTED, True) == (code, "habeas embed: halted by oversight-1" in said), said[-3000:]
    assert took < SECONDS
    assert contents(installed) == before, "a commit is whole or not there"
    assert "halted" == installed.record("first", "embed").status
    assert halt == installed.record("first", "embed").digests["halt"]
    offices.resume(halt)
    if pause < SECONDS:
        installed.night("after")
        assert contents(installed) == undisturbed


def test_a_job_queued_while_everything_is_halted_does_not_begin(night: tuple[Installed, Offices]) -> None:
    installed, offices = night
    before, halt = contents(installed), offices.halt()
    assert dict.fromkeys(JOBS, HALTED) == {step: installed.step(step, "queued") for step in JOBS}
    assert contents(installed) == before
    assert not (installed.place.settings.runs / "queued" / "run.json").exists(), "nor is its time fixed"
    offices.resume(halt)
    assert [0, 0] == [installed.step(step, "queued") for step in ("catalog", "publish")]
    found = {row["task"]: row["status"] for row in installed.rows("runs") if row["run_id"] == "queued"}
    assert dict.fromkeys(JOBS, "halted") | {"catalog": "done", "publish": "done"} == found


@pytest.mark.parametrize(
    ("scope", "name"),
    [
        (HaltScope.SOURCE, "studio_portraits"),
        pytest.param(HaltScope.PURPOSE, "access_verification", marks=pytest.mark.battery),
    ],
)
def test_a_halt_of_one_thing_lets_the_rest_go_on_and_is_made_up_for_afterwards(
    night: tuple[Installed, Offices], undisturbed: dict[str, list[str]], scope: HaltScope, name: str
) -> None:
    installed, offices = night
    halt = offices.halt(scope, name)
    installed.night("during")
    column = "source_id" if scope is HaltScope.SOURCE else "purpose"
    stored = Counter(row[column] for row in installed.rows("embeddings"))
    assert stored
    assert name not in stored
    found = contents(installed)
    for table in ("assets", "fact_sets", "decisions"):
        assert undisturbed[table] == found[table], "what is decided is decided all the same"
    offices.resume(halt)
    installed.night("after")
    assert contents(installed) == undisturbed


@pytest.mark.battery
def test_a_halt_of_one_source_reaches_an_embed_that_runs_and_a_publish_after_it(
    night: tuple[Installed, Offices], undisturbed: dict[str, list[str]], tmp_path: Path
) -> None:
    installed, offices = night
    for step in ("catalog", "decide"):
        assert 0 == installed.step(step, "night")
    process = slow_embed(installed, 2.0, tmp_path / "begun")
    halts = [offices.halt(HaltScope.SOURCE, "studio_portraits")]
    assert 0 == process.wait(timeout=300), (tmp_path / "embed.log").read_text()[-3000:]
    staged = Counter(row["source_id"] for row in installed.rows("staged"))
    assert staged
    assert "studio_portraits" not in staged
    assert installed.counts("night", "embed")["assets_halted"] > 0
    other = min(staged)
    halts.append(offices.halt(HaltScope.SOURCE, other))
    for step in ("check", "publish"):
        assert 0 == installed.step(step, "night")
    sources = {asset["asset_id"]: asset["source_id"] for asset in installed.rows("assets")}
    assert {"studio_portraits", other}.isdisjoint(sources[row["asset_id"]] for row in installed.rows("work"))
    for halt in halts:
        offices.resume(halt)
    installed.night("after")
    assert contents(installed) == undisturbed


def test_a_halt_that_ended_by_itself_stops_nothing(night: tuple[Installed, Offices]) -> None:
    installed, offices = night
    offices.halt(until=datetime.now(UTC) + timedelta(seconds=2))
    assert HALTED == installed.step("catalog", "early")
    time.sleep(2.5)
    assert 0 == installed.step("catalog", "early")


def test_an_order_that_is_not_valid_stops_a_night_before_it_begins(night: tuple[Installed, Offices]) -> None:
    installed, offices = night
    offices.resume(offices.halt())
    junk = installed.place.settings.orders / f"{'0' * 64}.json"
    junk.write_text("{}")
    before, folder = contents(installed), RunFolder(installed.place.settings.runs, "broken")
    try:
        assert dict.fromkeys(JOBS, 5) == {step: installed.step(step, "broken") for step in JOBS}
        assert contents(installed) == before
        ends = [(record.status, record.exit_code, dict(record.counts)) for record in folder.records()]
        assert [("failed", 5, {})] * len(JOBS) == ends, "why nothing ran is all that was recorded"
        assert not (installed.place.settings.runs / "broken" / "run.json").exists(), "nor is its time fixed"
    finally:
        junk.unlink()
