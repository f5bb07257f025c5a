"""What every job does around its one call: parse, open, time, record, and turn errors into exit codes."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import structlog
from pyspark.sql import SparkSession

from habeas.model.errors import HabeasError, Halted, RefusedByPolicy, UsageError
from habeas.model.installation.permissions import require_closed, steering
from habeas.model.installation.settings import Custody, Settings
from habeas.model.installation.steps import DECIDE, Step
from habeas.model.orders import Halt
from habeas.oversight.orders.book import recipients_of, stop
from habeas.oversight.orders.folder import HaltWatch, OrderFolder
from habeas.oversight.orders.orders_seen import order_words, require_all_there
from habeas.pipeline.runtime import preflight
from habeas.pipeline.runtime.cpu_seconds import CpuClock
from habeas.pipeline.runtime.halt_watcher import Stop, stopping
from habeas.pipeline.runtime.os_errors import from_os_error, full_disk
from habeas.pipeline.runtime.private_process import keep_private
from habeas.policy.policy_set import PolicySet
from habeas.policy.store import policy_in_force, store_of
from habeas.sealing import key_files
from habeas.warehouse.authenticated.mac import KEY_BYTES, MacKey, Use
from habeas.warehouse.authenticated.run_records import RunFolder, TaskRecord, done
from habeas.warehouse.authenticated.trust import Trust
from habeas.warehouse.spark_session import open_session
from habeas.warehouse.spark_tables import Tables

log = structlog.get_logger()


@dataclass
class Job:
    """What a job's body works with. `counts` and `digests` end in `runs/<run>/<task>.json`."""

    args: argparse.Namespace
    settings: Settings
    spark: SparkSession
    folder: RunFolder
    as_of: datetime
    orders: OrderFolder
    halts: HaltWatch  # of everything; see scoped_halts
    cpu: CpuClock
    record_key: MacKey  # under which records of runs are written and verified
    policies: PolicySet  # the rules in force, read once a job
    counts: dict[str, int] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)

    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    clock: float = field(default_factory=time.monotonic)

    def record(self, task: str, status: str) -> TaskRecord:
        """How the task stands now."""
        return TaskRecord(
            self.folder.run_id, task, status, self.started_at.isoformat(), datetime.now(UTC).isoformat(),
            round(time.monotonic() - self.clock, 3), round(self.cpu.seconds(), 3),
            dict(self.counts), dict(self.digests),
        )  # fmt: skip

    @property
    def purposes(self) -> list[str]:
        """Purposes of this run: the arguments', else the settings'."""
        return list(self.args.purposes) or list(self.settings.purposes)

    @cached_property
    def recipients(self) -> dict[str, str]:
        """Purpose -> who gets its templates."""
        return recipients_of(self.policies.activities)

    @cached_property
    def custody(self) -> Custody:
        """Where keys are kept, for the steps that are told. Raises UsageError where every user may write there."""
        custody = Custody.read(self.args.custody)
        require_closed([self.args.custody, custody.home])
        return custody

    @cached_property
    def scoped_halts(self) -> HaltWatch:
        """Halts of sources, purposes and recipients too."""
        return HaltWatch(self.orders, self.recipients)

    def tables(self, policy_digest: str = "") -> Tables:
        """The tables, each as its contract says. Raises IntegrityError where one isn't: nothing was done by then."""
        trust = Trust(self.settings.installation_key, self.rules)
        tables = Tables(
            self.spark, self.settings, self.folder.run_id, policy_digest, self.halts.require, trust
        )
        tables.require_contracts()
        return tables

    def rules(self, digest: str) -> PolicySet:
        """The rules that a decision names. Raises IntegrityError, UsageError."""
        in_force = self.policies
        return in_force if digest == in_force.digest else store_of(self.settings).load(digest)


def mac_key(settings: Settings, use: Use) -> MacKey:
    """The key of one use, from the installation key. Raises KeyUnavailable, IntegrityError."""
    return MacKey.of(key_files.read_key(settings.installation_key, KEY_BYTES), use)


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
    keep_private()  # before Spark starts: its JVM inherits that there are no core dumps
    started, clock = datetime.now(UTC), time.monotonic()
    folder: RunFolder | None = None
    try:
        settings = Settings.read(args.config)
        if args.model:
            settings.model_pack = args.model
        preflight.require_installation(settings)
        require_closed([*steering(settings), *filter(None, [args.config])])
        folder = RunFolder(settings.runs, args.run_id)
        orders = OrderFolder(settings.orders, settings.registrar_public_key)
        halts = HaltWatch(orders, {})
        if halt := halts.stopped().everything:  # nothing is started, and the run's time isn't fixed yet
            with suppress(HabeasError):  # a halt speaks, also where there is no key
                folder = RunFolder(settings.runs, args.run_id, mac_key(settings, Use.RUN_RECORD))
            return _not_begun(task, folder, halt, started)
        record_key = mac_key(settings, Use.RUN_RECORD)
        folder = RunFolder(settings.runs, args.run_id, record_key)
        book = orders.book()
        require_all_there(book, done(settings.runs, DECIDE.name, record_key))
        policies = policy_in_force(settings, book)
        wanted = list(args.purposes) or settings.purposes
        preflight.require(settings, wanted, lambda: policies.purposes, args.source)
        as_of = folder.as_of(args.as_of, started, timedelta(hours=settings.run_max_age_hours))
        folder.forget_failed(task)
        # Several jobs may share a session; whichever made it stops it.
        shared = SparkSession.getActiveSession() is not None
        spark = open_session(f"habeas.{task}", settings)
    except HabeasError as error:
        return _never_began(task, folder, error, started)
    except OSError as error:
        return _never_began(task, folder, from_os_error(error), started)
    job = Job(args, settings, spark, folder, as_of, orders, halts, CpuClock(spark), record_key, policies,
              digests=dict(order_words(book)), started_at=started, clock=clock)  # fmt: skip
    job.counts["session_ms"] = int((time.monotonic() - clock) * 1000)
    with job.cpu, stopping(spark, halts) as stopped:
        ended = _ended(job, body, stopped)
    status = _status(ended) if ended else "done"
    code = _say(task, ended) if ended else 0
    if status == "halted":
        job.digests |= _halt_digest(halts)
    record = job.record(task, status)
    try:
        folder.write(record.ended_by(ended) if ended else record)
    except OSError as error:
        code = code or _say(task, from_os_error(error))
    log.info("task_ended", task=task, status=status, **_shown(job.counts))
    if not shared:
        spark.stop()
    return code


def _ended(job: Job, body: Callable[[Job], None], stopped: Stop) -> HabeasError | None:
    """Run the body; what it ended with, None where it came to its end."""
    try:
        body(job)
    except HabeasError as error:
        return error
    except Exception as error:  # the last line of defence: no text that may hold rows leaves it
        if cause := stopped.why or _inside(error) or full_disk(error):
            return cause
        if _debugging():
            raise
        return _unknown(error)
    return None


def main(step: Step, description: str, body: Callable[[Job], None], argv: Sequence[str],
         more: Callable[[argparse.ArgumentParser], object] = lambda _: None) -> int:  # fmt: skip
    """Entry of a job file: shared arguments, those that `more` adds, then the body."""
    made = parser(step.name, description)
    more(made)
    return run_job(step.name, made.parse_args(argv), body)


def _say(task: str, error: HabeasError) -> int:
    sys.stderr.write(f"habeas {task}: {error}\n")
    return error.exit_code


def _not_begun(task: str, folder: RunFolder, halt: Halt, at: datetime) -> int:
    """A job that was queued while everything is halted: a record says so, and nothing was touched."""
    times = (at.isoformat(), datetime.now(UTC).isoformat())
    record = TaskRecord(folder.run_id, task, "halted", *times, 0.0, 0.0, {}, {"halt": halt.halt_id})
    folder.write(record.ended_by(stop(halt)))
    log.info("task_ended", task=task, status="halted")
    return _say(task, stop(halt))


def _never_began(task: str, folder: RunFolder | None, error: HabeasError, at: datetime) -> int:
    """A job that ended before its body. Its record says why, unless the call can't be used: that writes nothing.

    What an earlier try of the same run came to its end with is kept.
    """
    if folder is not None and not isinstance(error, UsageError):
        with suppress(HabeasError, OSError, ValueError, TypeError):
            earlier = folder.read(task)
            if earlier is None or earlier.status != "done":
                times = (at.isoformat(), datetime.now(UTC).isoformat())
                record = TaskRecord(folder.run_id, task, _status(error), *times, 0.0, 0.0)
                folder.write(record.ended_by(error))
    return _say(task, error)


def _halt_digest(halts: HaltWatch) -> dict[str, str]:
    """Which halt a record speaks of; nothing when it was lifted in the same moment."""
    with suppress(HabeasError):
        if halt := halts.stopped().everything:
            return {"halt": halt.halt_id}
    return {}


def _status(error: HabeasError) -> str:
    """How a task ended that ended with an error."""
    if isinstance(error, Halted):
        return "halted"
    return "refused" if isinstance(error, RefusedByPolicy) else "failed"


def _unknown(error: Exception) -> HabeasError:
    """What may be told of an unexpected error: its kind alone, as its text may hold a value of a row."""
    return HabeasError(f"{type(error).__name__}; details are kept out of logs")


def _inside(error: Exception) -> HabeasError | None:
    """A habeas error raised in a Python worker arrives as text inside Spark's; find which kind it was."""
    text = str(error)
    for kind in _kinds(HabeasError):
        marker = f"habeas.model.errors.{kind.__name__}: "
        if marker in text:
            return kind(text.split(marker, 1)[1].splitlines()[0])
    return None


def _kinds(kind: type[HabeasError]) -> list[type[HabeasError]]:
    return [k for sub in kind.__subclasses__() for k in [*_kinds(sub), sub]]


def _debugging() -> bool:
    return os.environ.get("HABEAS_DEBUG") == "1"


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
