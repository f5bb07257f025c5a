"""A real Airflow for a test: api-server, scheduler and DAG processor as processes of their own, on free ports."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from habeas.pipeline.local_airflow import airflow_environment, prepare

_PARTS = ("api-server", "dag-processor", "scheduler")


def environment(home: Path, **more: str) -> dict[str, str]:
    """An installation's Airflow, awake at once and quick to notice what died."""
    port, logs = _free_port(), _free_port()
    return airflow_environment(home, master="local[2]") | {
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__WORKERS": "1",
        # On a port that isn't the default each part must be told, or every task fails with: connection refused.
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(logs),
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "600",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",
        "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "10",
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
        **more,
    }


@dataclass
class Airflow:
    """The running parts. `with running(home, …) as airflow:` starts and ends them."""

    home: Path
    env: dict[str, str]
    parts: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, part: str) -> None:
        with (self.home / "airflow" / f"{part}.log").open("ab") as log:
            self.parts[part] = subprocess.Popen(
                [sys.executable, "-m", "airflow", part],
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self, part: str) -> None:
        """SIGKILL to a part and to everything it started, jobs and their JVMs included."""
        process = self.parts.pop(part)
        for pid in [*_descendants(process.pid), process.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        process.wait()

    def command(self, *words: str) -> None:
        """An `airflow` command beside the running parts."""
        command = [sys.executable, "-m", "airflow", *words]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]

    def wait_for(self, what: str, seen: Callable[[], bool], seconds: float) -> None:
        """Until `seen()`; fails with the ends of the logs when a part died or time is up."""
        deadline = time.monotonic() + seconds
        while not seen():
            died = [part for part, process in self.parts.items() if process.poll() is not None]
            if died or time.monotonic() > deadline:
                raise AssertionError(f"{what}: {f'{died} died' if died else 'not in time'}\n{self._logs()}")
            time.sleep(0.3)

    def listens(self) -> bool:
        with closing(socket.socket()) as probe:
            return not probe.connect_ex(("127.0.0.1", int(self.env["AIRFLOW__API__PORT"])))

    def runs(self, dag_id: str) -> dict[str, str]:
        """Run id -> state, from Airflow's database."""
        return dict(self._ask("SELECT run_id, state FROM dag_run WHERE dag_id = ?", dag_id))

    def tries(self, run_id: str) -> dict[str, tuple[str, int]]:
        """Task -> (state, number of the last try)."""
        rows = self._ask("SELECT task_id, state, try_number FROM task_instance WHERE run_id = ?", run_id)
        return {task: (state, number) for task, state, number in rows}

    def _ask(self, sql: str, *values: str) -> list[tuple[str, ...]]:
        with closing(sqlite3.connect(self.home / "airflow" / "airflow.db", timeout=30)) as database:
            return database.execute(sql, values).fetchall()

    def _logs(self) -> str:
        places = sorted((self.home / "airflow").glob("*.log")) + sorted(self.home.rglob("attempt=*.log"))
        return "\n".join(f"== {place}\n{place.read_text(errors='replace')[-1500:]}" for place in places)


@contextmanager
def running(home: Path, **more: str) -> Iterator[Airflow]:
    """Airflow's three parts over the installation at `home`; all of them are gone afterwards."""
    airflow = Airflow(home, environment(home, **more))
    prepare(home, airflow.env)
    try:
        for part in _PARTS:
            if part == "scheduler":
                airflow.wait_for("the api-server listens", airflow.listens, 300)
            airflow.start(part)
        yield airflow
    finally:
        for part in list(airflow.parts):
            airflow.kill(part)


def _descendants(pid: int) -> list[int]:
    """Children first to last, whatever session they put themselves into."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    found: list[int] = []
    try:
        for child in map(int, children.read_text().split()):
            found += [child, *_descendants(child)]
    except OSError:
        pass
    return found


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
