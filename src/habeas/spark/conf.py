"""Spark settings that sessions made in a test and jobs submitted by a scheduler share. Imports no pyspark."""

from __future__ import annotations

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
JARS = PROJECT / ".jars"

# Names that a log of Spark's settings must not show the values of.
_REDACTED = "(?i)secret|password|passwd|credential|token|access[.]?key"

# The simple collector starts sooner and leaves a core to the workers. Both compilers, for the quick one alone leaves
# millions of rows slow; but what a job of half a minute runs a few thousand times isn't worth the slow one's work, so
# that begins six times later than by default (a seventh of a small job's CPU). What the quick one made stays longer
# then, and needs room: without it the JVM drops code and compiles it again. Classes come by the ten thousand: with
# the default, three collections of everything make room for them.
_JAVA = (
    "-XX:+UseSerialGC -XX:MetaspaceSize=256m -XX:ReservedCodeCacheSize=512m "
    "-XX:Tier4InvocationThreshold=30000 -XX:Tier4MinInvocationThreshold=3600 -XX:Tier4CompileThreshold=90000 "
    "-XX:Tier4BackEdgeThreshold=240000 -Duser.timezone=UTC -Djava.awt.headless=true"
)


# Java's messages go to standard error: standard output is for the job's own.
_QUIET = "-Xlog:disable -Xlog:all=error:stderr"


def class_archive(folder: Path | None = None) -> Path:
    """Where the set-up leaves the classes of Spark's JVM (`habeas.spark.warm_up`)."""
    return (folder or _jars_folder()) / "classes.jsa"


def _java(folder: Path | None) -> str:
    archive = class_archive(folder)
    usable = archive.is_file() and not any(letter.isspace() for letter in str(archive))
    return f"{_JAVA} {_QUIET}" + (f" -XX:SharedArchiveFile={archive}" if usable else "")


def jars(folder: Path | None = None) -> list[Path]:
    """The jars that `make` resolved and checked, sorted by name. Empty before the set-up."""
    return sorted((folder or _jars_folder()).glob("*.jar"))


def spark_conf(home: Path, jars_folder: Path | None = None) -> dict[str, str]:
    """Settings for a session of the installation at `home`: Delta, UTC, scratch files inside `home`, no network.

    The master isn't among them: it comes with the connection (`spark_default`) or from the session's maker.
    """
    scratch = home / "tmp"
    return {
        "spark.jars": ",".join(str(jar) for jar in jars(jars_folder)),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": str(scratch / "spark-warehouse"),
        "spark.local.dir": str(scratch / "spark"),
        "spark.driver.memory": "2g",
        "spark.driver.extraJavaOptions": _java(jars_folder),
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "WARN",
        "spark.redaction.regex": _REDACTED,
        # A night's plans need some hundred classes made for them, and many come again: with a hundred places, Spark's
        # default, most of them were compiled anew each time.
        "spark.sql.codegen.cache.maxEntries": "2000",
        # Small tables: Spark's and Delta's defaults would make a commit of ten rows fifty tasks.
        "spark.sql.shuffle.partitions": "2",
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2",
        # Looking up two hundred files takes the driver less than a job of its own would.
        "spark.sql.sources.parallelPartitionDiscovery.threshold": "1000",
    }


def _jars_folder() -> Path:
    chosen = os.environ.get("HABEAS_JARS")
    return Path(chosen) if chosen else JARS
