"""The Spark session every job and test shares."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Mapping
from pathlib import Path

from pyspark.sql import SparkSession

from habeas.settings import Settings
from habeas.spark.conf import spark_conf


def open_session(
    name: str, settings: Settings, master: str | None = None, more: Mapping[str, str] | None = None
) -> SparkSession:
    """Session for one job. Under spark-submit what was submitted wins; alone it is `local[*]`."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # workers need what this process has
    builder = SparkSession.builder.appName(name)
    active = SparkSession.getActiveSession()
    if active is not None:
        return active
    for key, value in {**spark_conf(settings.home), **(more or {})}.items():
        builder = builder.config(key, value)
    if master:
        builder = builder.master(master)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def is_running() -> bool:
    """Whether this process has a session already: whoever started it ends it."""
    return SparkSession.getActiveSession() is not None


def jvm_pid(spark: SparkSession) -> int | None:
    """Process id of the session's JVM: it may outlive a killed driver for a moment, so locks name it."""
    gateway = getattr(spark.sparkContext, "_gateway", None)
    if gateway is None:
        return None
    return int(gateway.jvm.java.lang.ProcessHandle.current().pid())


def cpu_seconds(spark: SparkSession) -> float:
    """CPU seconds so far of this process and of the JVM with everything below it, those that ended included."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    total = own.ru_utime + own.ru_stime
    spent, children = _processes()
    waiting = [pid] if (pid := jvm_pid(spark)) else []
    while waiting:
        pid = waiting.pop()
        total += spent.get(pid, 0.0)
        waiting += children.get(pid, ())
    return total


def _processes() -> tuple[dict[int, float], dict[int, list[int]]]:
    """CPU seconds of every process, with those of children it waited for, and whose child each is.

    By each one's own word for its parent: a parent's list of children may leave some out while they run. Empty where
    the system has no /proc.
    """
    tick = os.sysconf("SC_CLK_TCK")
    spent: dict[int, float] = {}
    children: dict[int, list[int]] = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        pid = int(place.parent.name)
        spent[pid] = sum(int(fields[i]) for i in (11, 12, 13, 14)) / tick
        children.setdefault(int(fields[1]), []).append(pid)
    return spent, children
