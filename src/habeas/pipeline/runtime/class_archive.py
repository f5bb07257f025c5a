"""Let Spark's JVM write down the classes it loads, so that the next ones start with them. The set-up runs this.

A job lives for half a minute, and a third of that goes into finding and checking the same twenty thousand classes.
Java's class data sharing (JEP 350) keeps them in one file beside the jars. It is a cache: another Java or other jars
leave it unused, and without it everything works, slower.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from habeas.model.installation.settings import Settings
from habeas.warehouse.spark_conf import class_archive, spark_conf
from habeas.warehouse.spark_session import open_session
from habeas.warehouse.spark_tables import Tables

_SECONDS = 120


def main() -> int:
    """Write the JVM's class archive after some ordinary work. Returns an exit code."""
    archive = class_archive()
    archive.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home))
        java = spark_conf(settings.home)["spark.driver.extraJavaOptions"]
        more = {"spark.driver.extraJavaOptions": f"{java} -XX:ArchiveClassesAtExit={archive}"}
        spark = open_session("warm-up", settings, "local[1]", more)
        with suppress(Exception):  # whatever it got to is remembered
            _ordinary_work(Tables(spark, settings, "warm-up"))
        gateway: Any = spark.sparkContext._gateway  # noqa: SLF001 - pyspark ends its JVM at exit; we wait for that
        spark.stop()
        gateway.shutdown()
        gateway.proc.stdin.close()  # the JVM ends with its input, and writes the file as its last act
        with suppress(subprocess.TimeoutExpired):
            gateway.proc.wait(_SECONDS)
    return 0 if archive.is_file() else 1


def _ordinary_work(tables: Tables) -> None:
    """What every job does: rows in, a merge, a join, a worker in Python, rows out."""
    now = datetime.now(UTC)
    rows = [{"facts_digest": str(n), "action": "scan", "facts": "{}", "recorded_at": now} for n in range(9)]
    tables.insert_missing("fact_sets", tables.frame("fact_sets", rows))
    tables.upsert("fact_sets", tables.frame("fact_sets", rows))

    def same(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield from batches

    kept = tables.read("fact_sets").mapInArrow(same, tables.schema("fact_sets")).persist()
    kept.join(tables.read("fact_sets"), "facts_digest").groupBy("facts_digest").count().collect()
    tables.delete_matching("fact_sets", kept, ["facts_digest"])
    kept.unpersist()


if __name__ == "__main__":
    sys.exit(main())
