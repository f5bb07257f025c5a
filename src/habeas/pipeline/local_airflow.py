"""A small Airflow of its own inside an installation: SQLite, this project's DAGs, no other connections.

For trying things out, the demo and the tests. A site that has Airflow already points it at the folder that
`habeas dags path` prints instead (docs/how-to/your-own-airflow.md).
"""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from habeas.model.errors import Unavailable, UsageError
from habeas.model.installation import resources
from habeas.model.installation.durable_files import replace_file
from habeas.model.installation.locales import spells_utf8
from habeas.pipeline.runtime.java import find_java
from habeas.warehouse.spark_conf import local_sizing

POOL = "habeas_backfill"
GRACE = 30.0
"""Seconds that Airflow and its jobs have to end by themselves when they are told to."""
_STOPPING = (
    f"\nhabeas: stopping; the running jobs have {GRACE:.0f} seconds to end. Once more ends them now.\n"
)
_FORCING = "habeas: ending the running jobs now.\n"
_HERE = "127.0.0.1"
_USER = "habeas"
_PASSWORDS = "passwords.json"
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

Progress = Callable[[Mapping[str, object]], None]
"""Called with each `runs/<run>/<task>.json` as it appears."""


def airflow_environment(
    home: Path,
    *,
    master: str = "local[*]",
    dags: Path | None = None,
    inherited: Mapping[str, str] = os.environ,
) -> dict[str, str]:
    """The whole environment of an Airflow process (and so of the jobs it submits) for the installation at `home`.

    Raises UsageError when there is no Java for Spark.
    """
    require_airflow()
    java = find_java(inherited)
    if java is None or not java.usable:
        raise UsageError("no Java for Spark", hint="habeas doctor says how to get it.")
    airflow, sizing = home / "airflow", local_sizing()
    # Settings of another Airflow on this machine, and of other tools' Spark, would lead to other files than ours.
    kept = {k: v for k, v in inherited.items() if not k.startswith(("AIRFLOW_", "SPARK_", "PYSPARK_"))}
    binaries = str(Path(sys.executable).parent)
    if not spells_utf8(kept):  # the JVM takes names of files for what the locale says
        kept["LC_ALL"] = "C.UTF-8"
    if not resources.INSTALLED:
        kept["PYTHONPATH"] = str(resources.PACKAGE.parent)
    return kept | {
        "PATH": os.pathsep.join([binaries, str(java.home / "bin"), kept.get("PATH", os.defpath)]),
        "JAVA_HOME": str(java.home),
        "HABEAS_CONFIG": str(home / "habeas.toml"),
        "HABEAS_CUSTODY": str(home / "custody" / "custody.toml"),
        "SPARK_HOME": str(spark_home()),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        # One thread a worker: Spark runs a worker a core already.
        "OMP_NUM_THREADS": "1",
        "GX_ANALYTICS_ENABLED": "false",
        "AIRFLOW_HOME": str(airflow),
        "AIRFLOW_CONN_SPARK_DEFAULT": json.dumps(
            {"conn_type": "spark", "host": master, "extra": {"deploy-mode": "client", "conf": sizing}}
        ),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags or resources.DAGS),
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{airflow / 'airflow.db'}",
        # Its pages are for this machine; to reach them from elsewhere, put a proxy with a login before them.
        "AIRFLOW__API__HOST": _HERE,
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_HOST": _HERE,
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{_USER}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(airflow / _PASSWORDS),
        # A small busy machine answers late, and the default of five seconds would fail a task.
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        # spark-submit's own lines come through these two at INFO.
        "AIRFLOW__LOGGING__NAMESPACE_LEVELS": "airflow.task=INFO, airflow.providers.apache.spark=INFO",
    }


def prepare(home: Path, environment: Mapping[str, str]) -> None:
    """Make Airflow's database and the backfill's pool, once. Raises Unavailable when it can't."""
    folder = home / "airflow"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)  # of an earlier version: it holds connections, a password and logs
    _make_password(folder / _PASSWORDS)
    done = folder / ".prepared"
    if not done.exists():
        for words in (["db", "migrate"], ["pools", "set", POOL, "1", "one backfill at a time"]):
            _airflow(words, environment)
        done.touch()
    _close_settings(folder / "airflow.cfg")


def _make_password(place: Path) -> None:
    """A random password of the one user of Airflow's pages; Airflow itself would print it and leave it readable."""
    with suppress(FileExistsError):
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump({_USER: secrets.token_urlsafe(24)}, file)


def _close_settings(place: Path) -> None:
    """Put into the settings file that Airflow generated what the environment says: it may be started without that."""
    if not place.is_file():
        return
    text = place.read_text(encoding="utf-8")
    closed = re.sub(
        r"(?m)^((?:scheduler_health_check_server_)?host) = (?:0\.0\.0\.0|::)$", rf"\1 = {_HERE}", text
    )
    line = f"simple_auth_manager_passwords_file = {place.with_name(_PASSWORDS)}"
    closed = re.sub(r"(?m)^# simple_auth_manager_passwords_file =.*$", line, closed)
    closed = re.sub(r"(?m)^(simple_auth_manager_users) = .*$", rf"\1 = {_USER}:admin", closed)
    if closed != text:
        replace_file(place, closed, 0o600)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a DAG run ended: its folder under `runs/` (None if no task got that far) and where its log is."""

    ok: bool
    run_id: str | None
    log: Path


def run_dag_once(
    home: Path,
    dag_id: str,
    parameters: Mapping[str, object],
    at: datetime,
    *,
    progress: Progress = lambda _: None,
    environment: Mapping[str, str] | None = None,
    runs: Path | None = None,
) -> Ended:
    """Run a DAG to its end in one process, without a scheduler: `airflow dags test`.

    `at` becomes the logical date; `runs` is where tasks leave their records, by default under `home`. Raises
    Unavailable when Airflow's database can't be made. A signal that ends this process ends the run and its jobs first.
    """
    environment = environment or airflow_environment(home)
    prepare(home, environment)
    log = home / "airflow" / f"{dag_id}-{at:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}.log"
    watched = _Watched(runs or home / "runs", progress)
    command = ["dags", "test", dag_id, at.isoformat(), "--conf", json.dumps(parameters)]
    with log.open("wb") as output:
        code = _run(command, environment, output, watched.look)
    watched.look()
    return Ended(code == 0, watched.run_id, log)


class _Watched:
    """New records under `runs/`, each reported once. The run is the one folder that wasn't there before."""

    def __init__(self, runs: Path, progress: Progress) -> None:
        self._runs, self._progress = runs, progress
        self._before = {path.name for path in runs.glob("*")}
        self._seen: set[Path] = set()
        self.run_id: str | None = None

    def look(self) -> None:
        for folder in self._runs.glob("*"):
            if folder.name in self._before:
                continue
            self.run_id = folder.name
            for record in sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime):
                if record.name != "run.json" and record not in self._seen:
                    self._seen.add(record)
                    self._progress(json.loads(record.read_text()))


def require_airflow() -> None:
    """Raise UsageError where Airflow isn't installed."""
    _found("airflow", "airflow")


def spark_home() -> Path:
    """The Spark that came with this Python. Raises UsageError when there is none."""
    spec = _found("pyspark", "jobs")
    return Path(str(spec.origin)).parent


def _found(package: str, part: str) -> ModuleSpec:
    """Raises UsageError where a package isn't installed; `part` of habeas brings it."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise UsageError(f"{package} is not installed", hint=f"Run: {resources.how_to_get_packages(part)}")
    return spec


def _run(
    words: list[str],
    environment: Mapping[str, str],
    output: IO[bytes],
    look: Callable[[], None] = lambda: None,
) -> int:
    """Run Airflow to its end, looking on; its exit code.

    A signal that would end this process is handed on and waited for: Airflow and the jobs it submitted would go on
    by themselves, and seal although the user who stopped the run believes it stopped.
    """
    command = [sys.executable, "-m", "airflow", *words]
    with _noted() as signals:
        process = subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a group of its own, that a signal reaches whole
        )
        try:
            while process.poll() is None and not signals:
                look()
                time.sleep(0.2)
        finally:
            if process.poll() is None:
                _end(process, signals)
    if signals:
        # An exception, not the signal itself: a progress bar on the way up gives the terminal back.
        raise KeyboardInterrupt if signals[0] == signal.SIGINT else SystemExit(128 + signals[0])
    return process.returncode


@contextmanager
def _noted() -> Iterator[list[int]]:
    """Signals that would end this process, noted instead. What is ignored (`nohup`) stays ignored."""
    noted: list[int] = []
    before = {}
    if (
        threading.current_thread() is threading.main_thread()
    ):  # no other thread may set handlers, or gets signals
        for each in _ENDING:
            if signal.getsignal(each) is not signal.SIG_IGN:
                before[each] = signal.signal(each, lambda number, _: _note(noted, number))
    try:
        yield noted
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _note(noted: list[int], number: int) -> None:
    """Answer at once: what follows may take as long as the running jobs need to end."""
    text = _FORCING if noted else _STOPPING
    noted.append(number)
    with suppress(OSError):
        os.write(2, text.encode())


def _end(process: subprocess.Popen[bytes], signals: list[int]) -> None:
    """Send a signal to everything in the child's group and wait until all of it is gone; then force it.

    A second signal to this process forces it at once.
    """
    for sent in (signals[0] if signals else signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sent)
        patience = time.monotonic() + GRACE
        while time.monotonic() < patience:
            if sent != signal.SIGKILL and len(signals) > 1:
                break
            process.poll()
            with suppress(ChildProcessError):  # in a container this process may inherit its orphans
                os.waitpid(-process.pid, os.WNOHANG)
            try:
                os.killpg(process.pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.1)


def _airflow(words: list[str], environment: Mapping[str, str]) -> None:
    log = Path(environment["AIRFLOW_HOME"]) / "prepare.log"
    with log.open("ab") as output:
        if _run(words, environment, output):
            raise Unavailable(f"airflow {' '.join(words[:2])} failed", hint=f"Its words are in {log}.")
