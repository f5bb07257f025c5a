"""The Spark session every job and test shares."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

from habeas.model.errors import UsageError
from habeas.model.installation.locales import spells_utf8
from habeas.model.installation.settings import Settings
from habeas.warehouse.spark_conf import safety, spark_conf


def open_session(
    name: str, settings: Settings, master: str | None = None, more: Mapping[str, str] | None = None
) -> SparkSession:
    """Session for one job. Under spark-submit the site's sizing wins; alone it is `local[*]`, sized for one machine.

    Raises UsageError when the session isn't as safe as it has to be (`habeas.warehouse.spark_conf.SAFETY`).
    """
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # workers need what this process has
    if not spells_utf8():  # the JVM takes names of files for what the locale says
        os.environ["LC_ALL"] = "C.UTF-8"
    builder = SparkSession.builder.appName(name)
    active = SparkSession.getActiveSession()
    if active is not None:
        _require_safe(active)
        return active
    given = _submitted()
    chosen = master or given.get("spark.master", "local[*]")
    for key, value in {**spark_conf(settings.home, chosen, given), **(more or {})}.items():
        builder = builder.config(key, value)
    if master:
        builder = builder.master(master)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    try:
        _require_safe(session)
    except UsageError:
        session.stop()
        raise
    if not (str(settings.home) + str(settings.warehouse)).isascii() and not _spells_utf8(session):
        session.stop()
        raise UsageError(
            "the path of the installation has letters that Spark's JVM can't spell",
            hint="Start it with LC_ALL=C.UTF-8 in the environment, or use a path of ASCII letters.",
        )
    return session


def _submitted() -> dict[str, str]:
    """The settings given to spark-submit, in files or words; empty where this process wasn't started by it."""
    if "PYSPARK_GATEWAY_PORT" not in os.environ:
        return {}
    SparkContext._ensure_initialized()  # noqa: SLF001 - joins the JVM that spark-submit started, which knows
    return dict(SparkConf().getAll())


def _require_safe(session: SparkSession) -> None:
    """Raise UsageError where a setting that keeps data safe has another value."""
    wanted = safety(str(session.sparkContext.master))
    if wrong := [name for name, value in wanted.items() if session.conf.get(name, "") != value]:
        raise UsageError(
            f"Spark doesn't run with the settings that keep data safe: {', '.join(wrong)}",
            hint="Take them out of spark-defaults.conf, of the connection, and of the session that runs already.",
        )


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
