"""Spark's settings in two halves, for sessions made here and jobs submitted by a scheduler. Imports no pyspark.

`SAFETY` is the project's: it is always set, and a job that finds another value ends before it reads a table. Sizing
(cores, memory, partitions, the driver's address) belongs to the site: what `local_sizing` says holds on one machine,
and only for what the site leaves open.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from habeas.model.installation.resources import jars_folder as _jars_folder

# Names that a log of Spark's settings must not show the values of.
_REDACTED = "(?i)secret|password|passwd|credential|token|access[.]?key"

SAFETY: Mapping[str, str] = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.session.timeZone": "UTC",
    # Pages and files about running jobs show plans, and with them names of files and ids of people.
    "spark.ui.enabled": "false",
    "spark.eventLog.enabled": "false",
    "spark.log.level": "WARN",
    "spark.redaction.regex": _REDACTED,
}
"""What every session has, wherever it runs."""

NETWORK_SAFETY: Mapping[str, str] = {
    "spark.authenticate": "true",
    "spark.network.crypto.enabled": "true",
}
"""Also, where executors run on other machines: rows about people cross a network."""

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
    """Where the set-up leaves the classes of Spark's JVM (`habeas.pipeline.runtime.class_archive`)."""
    return (folder or _jars_folder()) / "classes.jsa"


def _java(folder: Path | None) -> str:
    archive = class_archive(folder)
    usable = archive.is_file() and not any(letter.isspace() for letter in str(archive))
    return f"{_JAVA} {_QUIET}" + (f" -XX:SharedArchiveFile={archive}" if usable else "")


def jars(folder: Path | None = None) -> list[Path]:
    """The jars that the set-up resolved and checked, sorted by name. Empty before it."""
    return sorted((folder or _jars_folder()).glob("*.jar"))


def is_local(master: str) -> bool:
    """Whether executors run in the driver's own JVM."""
    return master == "local" or master.startswith("local[")


def safety(master: str) -> dict[str, str]:
    """What must hold for a session on this master."""
    return {**SAFETY, **({} if is_local(master) else NETWORK_SAFETY)}


def submitted(jars_folder: Path | None = None) -> dict[str, str]:
    """What a scheduler submits with every job, whatever the master: the safe half, and Delta's jars.

    Without jars of ours Spark has to bring Delta itself.
    """
    paths = ",".join(str(jar) for jar in jars(jars_folder))
    return {**SAFETY, **({"spark.jars": paths} if paths else {})}


def scratch(home: Path) -> dict[str, str]:
    """Where Spark leaves files while it works: inside the installation, unless the site names another place."""
    return {
        "spark.sql.warehouse.dir": str(home / "tmp" / "spark-warehouse"),
        "spark.local.dir": str(home / "tmp" / "spark"),
    }


def local_sizing(jars_folder: Path | None = None) -> dict[str, str]:
    """For one small machine, without a network. A site's own values win."""
    return {
        "spark.driver.memory": "2g",
        "spark.driver.extraJavaOptions": _java(jars_folder),
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.showConsoleProgress": "false",
        # A run's plans need some hundred generated classes, and many come again: with a hundred places, Spark's
        # default, most of them were compiled anew each time.
        "spark.sql.codegen.cache.maxEntries": "2000",
        # Small tables: Spark's and Delta's defaults would make a commit of ten rows fifty tasks.
        "spark.sql.shuffle.partitions": "2",
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2",
        # Looking up two hundred files takes the driver less than a job of its own would.
        "spark.sql.sources.parallelPartitionDiscovery.threshold": "1000",
    }


def spark_conf(
    home: Path,
    master: str = "local[*]",
    given: Mapping[str, str] | None = None,
    jars_folder: Path | None = None,
) -> dict[str, str]:
    """Settings for a session of the installation at `home`.

    `given`: what the site said already (`spark-submit`). It wins over our sizing, and never over what is safe.
    """
    ours = submitted(jars_folder) | scratch(home) | (local_sizing(jars_folder) if is_local(master) else {})
    return {name: value for name, value in ours.items() if name not in (given or {})} | safety(master)
