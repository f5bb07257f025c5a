"""Any job may be killed at any point and run again: nothing lost, nothing twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from installations import Installed, Snapshot, contents, import_lists, install

from habeas.cli.bootstrap import JOBS, NEED_CUSTODY
from habeas.settings import PROJECT
from habeas.spark.tables import Tables

pytestmark = [pytest.mark.spark, pytest.mark.slow, pytest.mark.timeout(900)]
AS_OF = ("--as-of", "2026-11-23T12:00:00+00:00")

# The table whose lock a job holds while it does what it is there for. `check` writes none.
AT_WORK = {"catalog": "assets", "decide": "decisions", "embed": "staged", "publish": "row_status"}


@pytest.fixture(scope="module")
def imported(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Installed, Snapshot]:
    installed = install(tmp_path_factory.mktemp("killed") / "home", seed=11)
    import_lists(installed)
    return installed, Snapshot(installed, tmp_path_factory.mktemp("imported"))


@pytest.fixture(scope="module")
def undisturbed(imported: tuple[Installed, Snapshot]) -> dict[str, list[str]]:
    installed, snapshot = imported
    snapshot.restore()
    installed.night("night", *AS_OF)
    found = contents(installed)
    assert found["embeddings"]
    return found


def test_a_job_killed_at_work_and_run_again_leaves_the_same_tables(
    imported: tuple[Installed, Snapshot], undisturbed: dict[str, list[str]]
) -> None:
    """SIGKILL for each job's driver while it holds its table; its JVM may live on and still commit."""
    installed, snapshot = imported
    snapshot.restore()
    for step in JOBS:
        killed = start(installed, step)
        assert wait_until_at_work(installed, step, killed), f"{step} ended before it could be killed"
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        assert installed.step(step, "night", *AS_OF) == 0
    assert contents(installed) == undisturbed


def test_publishing_that_fails_at_any_write_ends_in_the_same_tables(
    imported: tuple[Installed, Snapshot],
    undisturbed: dict[str, list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The Nth write fails, for every N until none does."""
    installed, snapshot = imported
    snapshot.restore()
    for step in ("catalog", "decide", "embed", "check"):
        assert installed.step(step, "night", *AS_OF) == 0
    staged = Snapshot(installed, tmp_path)
    tried = 0
    for failing in range(1, 30):
        staged.restore()
        with monkeypatch.context() as patched:
            patched.setattr(Tables, "_writing", fail_at(failing, Tables._writing))
            code = installed.step("publish", "night", *AS_OF)
        if code == 0:
            break
        tried += 1
        assert installed.step("publish", "night", *AS_OF) == 0
        assert contents(installed) == undisturbed, f"write {failing}"
    assert tried >= 5


def fail_at(number: int, real: Any) -> Any:
    """`Tables._writing` that raises as its `number`th write begins."""
    from contextlib import contextmanager

    calls = iter(range(1, 1000))

    @contextmanager
    def writing(self: Tables, name: str) -> Iterator[None]:
        if next(calls) == number:
            raise OSError("disk gone")
        with real(self, name):
            yield

    return writing


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
        return _wait(
            process, lambda: (settings.report / "data_docs").exists() or time.monotonic() > begun + 12
        )
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
