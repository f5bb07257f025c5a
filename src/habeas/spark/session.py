"""The Spark session every job and test shares."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from pyspark.sql import SparkSession

from habeas.adapters.preflight import spells_utf8
from habeas.errors import UsageError
from habeas.settings import Settings
from habeas.spark.conf import spark_conf


def open_session(
    name: str, settings: Settings, master: str | None = None, more: Mapping[str, str] | None = None
) -> SparkSession:
    """Session for one job. Under spark-submit what was submitted wins; alone it is `local[*]`."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # workers need what this process has
    if not spells_utf8():  # the JVM takes names of files for what the locale says
        os.environ["LC_ALL"] = "C.UTF-8"
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
    if not (str(settings.home) + str(settings.warehouse)).isascii() and not _spells_utf8(session):
        session.stop()
        raise UsageError(
            "the path of the installation has letters that Spark's JVM can't spell",
            hint="Start it with LC_ALL=C.UTF-8 in the environment, or use a path of ASCII letters.",
        )
    return session


def _spells_utf8(session: SparkSession) -> bool:
    """Whether its JVM takes names of files for UTF-8: the locale it was started in says so."""
    gateway = getattr(session.sparkContext, "_gateway", None)
    if gateway is None:
        return True
    return str(gateway.jvm.java.lang.System.getProperty("sun.jnu.encoding")).upper() == "UTF-8"


def is_running() -> bool:
    """True if this process has a session already; then the code that started it also ends it."""
    return SparkSession.getActiveSession() is not None


def jvm_pid(spark: SparkSession) -> int | None:
    """Process id of the session's JVM: it may outlive a killed driver for a moment, so locks name it."""
    gateway = getattr(spark.sparkContext, "_gateway", None)
    if gateway is None:
        return None
    return int(gateway.jvm.java.lang.ProcessHandle.current().pid())
