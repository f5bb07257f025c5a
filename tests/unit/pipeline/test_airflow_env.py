"""Whoever stops a run has stopped it: nothing that it started goes on by itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

# An "Airflow" that submits a "job", tells the ids of both, and waits.
_AIRFLOW = """
import os, signal, subprocess, sys, time
if os.environ["DEAF"]:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
job = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
with open(os.environ["TOLD"] + ".part", "w") as file:
    file.write(f"{os.getpid()} {job.pid}")
os.rename(os.environ["TOLD"] + ".part", os.environ["TOLD"])
time.sleep(float(os.environ["SECONDS"]))
sys.exit(3)
"""
_RUN = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from habeas.pipeline import local_airflow as airflow_env
airflow_env.GRACE = float(os.environ["GRACE"])
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):  # whoever started the tests may have shut them off
    signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
for name in sys.argv[2:]:
    signal.signal(getattr(signal, name), signal.SIG_IGN)
ended = airflow_env.run_dag_once(Path(sys.argv[1]), "nightly", {}, datetime.now(UTC), environment=dict(os.environ))
print("ended", ended.ok)
"""


class Started:
    """A run in a process of its own, and the two processes that it started."""

    def __init__(
        self, home: Path, *ignored: str, seconds: float = 60, deaf: bool = False, grace: float = 1.0
    ) -> None:
        (home / "airflow").mkdir()
        (home / "airflow" / ".prepared").touch()
        (home / "fake" / "airflow").mkdir(parents=True)
        (home / "fake" / "airflow" / "__init__.py").touch()
        (home / "fake" / "airflow" / "__main__.py").write_text(_AIRFLOW)
        path = os.pathsep.join([str(home / "fake"), *sys.path])
        told = home / "told"
        self.said = home / "said"
        self.run = subprocess.Popen(
            [sys.executable, "-c", _RUN, str(home), *ignored],
            env=os.environ
            | {
                "PYTHONPATH": path,
                "TOLD": str(told),
                "SECONDS": str(seconds),
                "DEAF": "1" * deaf,
                "GRACE": str(grace),
            },
            stdout=subprocess.PIPE,
            stderr=self.said.open("wb"),
            text=True,
        )
        wait_for(told.exists)
        self.pids = [int(word) for word in told.read_text().split()]

    def end(self) -> None:
        for pid in filter(lives, self.pids):
            os.kill(pid, signal.SIGKILL)
        self.run.kill()
        self.run.communicate()


def wait_for(happened: Callable[[], bool]) -> None:
    patience = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < patience
        time.sleep(0.05)


def lives(pid: int) -> bool:
    """A process that ended and that nobody asked about (a zombie) does nothing any more."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (signal.SIGTERM, 143),
        pytest.param(signal.SIGHUP, 129, marks=pytest.mark.battery),
        pytest.param(signal.SIGINT, -signal.SIGINT, marks=pytest.mark.battery),
    ],
)
@pytest.mark.parametrize("deaf", [False, pytest.param(True, marks=pytest.mark.battery)])
def test_a_run_that_is_told_to_end_leaves_nothing_running(
    tmp_path: Path, sent: signal.Signals, code: int, deaf: bool
) -> None:
    started = Started(tmp_path, deaf=deaf)
    try:
        assert all(map(lives, started.pids))
        started.run.send_signal(sent)
        assert code == started.run.wait(20)
        assert [] == list(filter(lives, started.pids))
    finally:
        started.end()


def test_a_signal_is_answered_at_once_and_a_second_one_waits_for_nothing(tmp_path: Path) -> None:
    started = Started(tmp_path, deaf=True, grace=60)
    try:
        started.run.send_signal(signal.SIGTERM)
        wait_for(lambda: b"stopping; the running jobs have" in started.said.read_bytes())
        assert all(map(lives, started.pids[:1]))
        started.run.send_signal(signal.SIGTERM)
        assert 143 == started.run.wait(20)
        assert [] == list(filter(lives, started.pids))
    finally:
        started.end()


def test_what_is_ignored_stays_ignored(tmp_path: Path) -> None:
    """As with `nohup`: the night outlives the terminal it was started from."""
    started = Started(tmp_path, "SIGHUP", seconds=1)
    try:
        started.run.send_signal(signal.SIGHUP)
        assert "ended False\n" == started.run.communicate(timeout=20)[0]
        assert 0 == started.run.returncode
    finally:
        started.end()
