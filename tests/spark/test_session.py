"""What a session may be told by a site, and what it may not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from habeas.model.errors import UsageError
from habeas.model.installation.settings import Settings
from habeas.warehouse.spark_conf import SAFETY
from habeas.warehouse.spark_session import open_session

pytestmark = pytest.mark.spark


def test_a_job_ends_where_a_running_session_is_not_as_safe_as_it_has_to_be(
    spark: Any, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path)
    assert spark is open_session("job", settings)
    spark.conf.set("spark.sql.session.timeZone", "Asia/Seoul")
    try:
        with pytest.raises(UsageError, match=r"spark\.sql\.session\.timeZone"):
            open_session("job", settings)
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")
    assert spark is open_session("job", settings)


def test_a_site_sizes_what_it_submits_and_makes_it_no_less_safe(tmp_path: Path) -> None:
    """Through spark-submit, as a scheduler does: its words and its spark-defaults.conf."""
    (tmp_path / "spark-defaults.conf").write_text(
        "spark.driver.memory 700m\nspark.eventLog.enabled true\nspark.databricks.delta.snapshotPartitions 3\n"
    )
    site = {"spark.sql.shuffle.partitions": "7", "spark.driver.host": "localhost"}
    weak = {
        "spark.sql.session.timeZone": "Asia/Seoul",
        "spark.ui.enabled": "true",
        "spark.redaction.regex": "x",
    }
    names = [*SAFETY, *site, "spark.driver.memory", "spark.databricks.delta.snapshotPartitions",
             "spark.driver.bindAddress"]  # fmt: skip
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("spark-submit")), "--master", "local[1]",
            "--properties-file", str(tmp_path / "spark-defaults.conf"),
            *(word for name, value in (site | weak).items() for word in ("--conf", f"{name}={value}")),
            str(Path(__file__).parents[1] / "lib" / "runs" / "submitted_session.py"), str(tmp_path), *names,
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert 0 == done.returncode, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert SAFETY.items() <= found.items()
    assert site.items() <= found.items()
    assert ("700m", "3") == (found["spark.driver.memory"], found["spark.databricks.delta.snapshotPartitions"])
    assert "127.0.0.1" == found["spark.driver.bindAddress"]  # what the site left open, on one machine
