"""The Spark session every job and test shares."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

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
