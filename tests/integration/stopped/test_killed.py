"""Any job may be killed at any point and run again: nothing lost, nothing twice."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

import pytest
from dying import die_until_done, noted
from installations import JOBS, NEED_CUSTODY, Installed, Snapshot, contents, import_lists, install

from habeas.faces.plan import AssetPlan, StagedRow
from habeas.model.errors import Unavailable
from habeas.model.installation.resources import PROJECT
from habeas.oversight.report.checks_page import PAGE
from habeas.oversight.report.write_report import page_of
from habeas.pipeline.embed import embed, worker

pytestmark = [pytest.mark.spark, pytest.mark.slow, pytest.mark.timeout(900)]
AS_OF = ("--as-of", "2026-11-23T12:00:00+00:00")

# The table whose lock a job holds while it does what it is there for. `check` writes none.
AT_WORK = {"catalog": "assets", "decide": "decisions", "embed": "staged", "publish": "row_status"}

IMPORTED = ("sources", "subjects", "keys", "consents", "rosters", "quarantine")
Left = tuple[list[str], dict[str, list[str]]]  # every write in order, every table's rows


@dataclass(frozen=True)
class Night:
    """A night that nothing disturbed: the warehouse before each step, and what each step made of it."""

    before: dict[str, Snapshot]
    writes: dict[str, list[str]]
    after: dict[str, dict[str, list[str]]]


@pytest.fixture(scope="module")
def installed(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    made = install(tmp_path_factory.mktemp("killed") / "home", seed=11)
    with (made.lists / "consents.csv").open("a") as lines:
        lines.write("half a li")  # something to set aside
    return made


@pytest.fixture(scope="module")
def imported(installed: Installed) -> tuple[Left, Left]:
    """What tries that each die one write further leave, while nobody has a key yet; then what one try leaves."""

    def imports() -> bool:
        try:
            import_lists(installed)
        except OSError:
            return False
        return True

    def tables() -> dict[str, list[str]]:
        return {table: sorted(map(str, installed.rows(table))) for table in IMPORTED}

    by_tries = (die_until_done(imports), tables())
    shutil.rmtree(installed.place.settings.warehouse)
    written: list[str] = []
    with noted(written):
        assert imports()
    return by_tries, (written, tables())


@pytest.fixture(scope="module")
def night(installed: Installed, imported: object, tmp_path_factory: pytest.TempPathFactory) -> Night:
    found = Night({}, {}, {})
    for step in JOBS:
        found.before[step] = Snapshot(installed, tmp_path_factory.mktemp(step))
        with noted(found.writes.setdefault(step, [])):
            assert installed.step(step, "night", *AS_OF) == 0
        found.after[step] = contents(installed)
    assert found.after["publish"]["embeddings"]
    return found


def test_an_import_that_dies_after_every_write_leaves_what_one_import_leaves(
    imported: tuple[Left, Left],
) -> None:
    by_tries, at_once = imported
    assert all(at_once[1].values())
    assert by_tries == at_once


@pytest.mark.parametrize(
    "step",
    [
        pytest.param("catalog", marks=pytest.mark.battery),
        pytest.param("decide", marks=pytest.mark.battery),
        "embed",
        "publish",
    ],
)
def test_a_step_that_dies_after_every_write_leaves_what_an_undisturbed_one_leaves(
    installed: Installed, night: Night, step: str
) -> None:
    night.before[step].restore()
    died = die_until_done(lambda: installed.step(step, "night", *AS_OF) == 0)
    assert died == night.writes[step]
    assert contents(installed) == night.after[step]


def test_a_worker_that_dies_halfway_leaves_nothing_and_is_run_again(
    installed: Installed, night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clip takes the job down, with photos beside it already sealed."""

    def dies_at_a_clip(setup: worker.WorkerSetup) -> embed.Worker:
        def work(plan: AssetPlan) -> list[StagedRow]:
            if plan.media == "clip":
                raise OSError("disk gone")
            return worker.make_worker(setup)(plan)

        return work

    night.before["embed"].restore()
    with monkeypatch.context() as patched:
        patched.setattr(worker, "make_worker", dies_at_a_clip)
        assert installed.step("embed", "night", *AS_OF) == Unavailable.exit_code
    assert installed.rows("staged") == []
    assert installed.step("embed", "night", *AS_OF) == 0
    assert contents(installed) == night.after["embed"]


@pytest.mark.parametrize(
    "first",
    ["publish", pytest.param("catalog", marks=pytest.mark.battery)],
    ids=lambda step: f"from-{step}-on",
)
def test_a_job_killed_at_work_and_run_again_leaves_the_same_tables(
    installed: Installed, night: Night, first: str
) -> None:
    """SIGKILL for each job's driver while it holds its table; its JVM may live on and still commit."""
    night.before[first].restore()
    for step in list(JOBS)[list(JOBS).index(first) :]:
        killed = start(installed, step)
        assert wait_until_at_work(installed, step, killed), f"{step} ended before it could be killed"
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        assert installed.step(step, "night", *AS_OF) == 0
    assert contents(installed) == night.after["publish"]


def start(installed: Installed, step: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(PROJECT / "jobs" / JOBS[step]), "--run-id", "night", *AS_OF]
    command += ["--config", str(installed.place.config)]
    if step in NEED_CUSTODY:
        command += ["--custody", str(installed.place.custody_file)]
    environment = os.environ | {"PYSPARK_PYTHON": sys.executable}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_until_at_work(installed: Installed, step: str, process: subprocess.Popen[bytes]) -> bool:
    settings = installed.place.settings
    if step == "check":
        page = page_of(settings.report, "night").with_name(PAGE)
        page.unlink(missing_ok=True)  # the undisturbed night left one
        return _wait(process, lambda: page.exists() or time.monotonic() > begun + 12)
    lock = settings.warehouse / ".locks" / f"{AT_WORK[step]}.lock"
    return _wait(process, lambda: str(process.pid) in (lock.read_text() if lock.exists() else ""))


begun = time.monotonic()


def _wait(process: subprocess.Popen[bytes], there: Any) -> bool:
    global begun  # noqa: PLW0603  # one job at a time
    begun = time.monotonic()
    while process.poll() is None:
        if there():
            return True
        time.sleep(0.02)
    return False
