"""What every job does around its one call: parse, open, time, record, and turn errors into exit codes."""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import structlog
from pyspark.sql import SparkSession

from habeas.errors import HabeasError, RefusedByPolicy
from habeas.settings import Settings
from habeas.spark.session import jvm_pid, open_session
from habeas.spark.tables import Tables
from habeas.steps.runs import RunFolder, TaskRecord

log = structlog.get_logger()


@dataclass
class Job:
    """What a job's body works with. `counts` and `digests` end in `runs/<run>/<task>.json`."""

    args: argparse.Namespace
    settings: Settings
    spark: SparkSession
    folder: RunFolder
    as_of: datetime
    counts: dict[str, int] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)

    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    clock: float = field(default_factory=time.monotonic)
    cpu: float = 0.0

    def record(self, task: str, status: str) -> TaskRecord:
        """How the task stands now."""
        return TaskRecord(
            self.folder.run_id, task, status, self.started_at.isoformat(), datetime.now(UTC).isoformat(),
            round(time.monotonic() - self.clock, 3), round(_cpu_seconds(self.spark) - self.cpu, 3),
            dict(self.counts), dict(self.digests),
        )  # fmt: skip

    @property
    def purposes(self) -> list[str]:
        return list(self.args.purposes) or list(self.settings.purposes)

    def tables(self, policy_digest: str = "") -> Tables:
        return Tables(self.spark, self.settings, self.folder.run_id, policy_digest)


def parser(task: str, description: str) -> argparse.ArgumentParser:
    """Arguments all jobs share. An empty value means: not given (a scheduler renders empty parameters so)."""
    made = argparse.ArgumentParser(task, description=description)
    made.add_argument("--run-id", required=True, help="the same id finds what an earlier try left")
    made.add_argument("--config", type=_path, help="settings file (habeas.toml)")
    made.add_argument(
        "--purposes", type=_words, default=[], help="comma-separated; default: from the settings"
    )
    made.add_argument("--source", type=_word, help="only this source")
    made.add_argument("--captured-from", type=_instant, help="only assets captured since (ISO 8601)")
    made.add_argument("--captured-to", type=_instant, help="only assets captured before (ISO 8601)")
    made.add_argument("--model", type=_word, help="model pack; default: from the settings")
    made.add_argument("--as-of", type=_instant, help="decide as of this time; default: when the run started")
    return made


def run_job(task: str, args: argparse.Namespace, body: Callable[[Job], None]) -> int:
    """Run `body` and record how it ended; returns the process exit code."""
    started, clock = datetime.now(UTC), time.monotonic()
    try:
        settings = Settings.read(args.config)
        if args.model:
            settings.pack = args.model
        folder = RunFolder(settings.runs, args.run_id)
        as_of = folder.as_of(args.as_of, started)
    except HabeasError as error:
        return _say(task, error)
    shared = SparkSession.getActiveSession() is not None  # several jobs in a session: who made it stops it
    spark = open_session(f"habeas.{task}", settings)
    job = Job(args, settings, spark, folder, as_of, started_at=started, clock=clock, cpu=_cpu_seconds(spark))
    job.counts["session_ms"] = int((time.monotonic() - clock) * 1000)
    status, code = "done", 0
    try:
        body(job)
    except HabeasError as error:
        status, code = ("refused" if isinstance(error, RefusedByPolicy) else "failed"), _say(task, error)
    except Exception as error:  # noqa: BLE001  # the last line of defence: a type name only, a message may hold rows
        status, code = "failed", _say_unknown(task, error)
    folder.write(job.record(task, status))
    log.info("task_ended", task=task, status=status, **_shown(job.counts))
    if not shared:
        spark.stop()
    return code


def main(task: str, description: str, body: Callable[[Job], None], argv: Sequence[str],
         more: Callable[[argparse.ArgumentParser], object] = lambda _: None) -> int:  # fmt: skip
    """Entry of a job file: shared arguments, those that `more` adds, then the body."""
    made = parser(task, description)
    more(made)
    return run_job(task, made.parse_args(argv), body)


def _say(task: str, error: HabeasError) -> int:
    sys.stderr.write(f"habeas {task}: {error}\n")
    return error.exit_code


def _say_unknown(task: str, error: Exception) -> int:
    found = _inside(error)
    if found is not None:
        return _say(task, found)
    sys.stderr.write(f"habeas {task}: {type(error).__name__}; details are kept out of logs\n")
    if _debugging():
        raise error
    return 1


def _inside(error: Exception) -> HabeasError | None:
    """A habeas error raised in a Python worker arrives as text inside Spark's; find which kind it was."""
    text = str(error)
    for kind in _kinds(HabeasError):
        marker = f"habeas.errors.{kind.__name__}: "
        if marker in text:
            return kind(text.split(marker, 1)[1].splitlines()[0])
    return None


def _kinds(kind: type[HabeasError]) -> list[type[HabeasError]]:
    return [k for sub in kind.__subclasses__() for k in [*_kinds(sub), sub]]


def _debugging() -> bool:
    return os.environ.get("HABEAS_DEBUG") == "1"


def _cpu_seconds(spark: SparkSession) -> float:
    """CPU seconds so far of this process and everything below it: JVM, Python workers, those that ended."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    total = own.ru_utime + own.ru_stime
    waiting = [pid] if (pid := jvm_pid(spark)) else []
    tick = os.sysconf("SC_CLK_TCK")
    while waiting:
        place = Path(f"/proc/{waiting.pop()}")
        try:
            fields = (place / "stat").read_text().rpartition(")")[2].split()
            for task in (place / "task").iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue  # it ended meanwhile, or this system has no /proc
        total += sum(int(fields[i]) for i in (11, 12, 13, 14)) / tick  # own, and of children waited for
    return total


def _shown(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items()))


def _path(text: str) -> Path | None:
    return Path(text) if text else None


def _word(text: str) -> str | None:
    return text or None


def _words(text: str) -> list[str]:
    return [word for word in text.split(",") if word]


def _instant(text: str) -> datetime | None:
    if not text:
        return None
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} has no time zone; write it like 2026-01-31T00:00:00+00:00"
        )
    return value
