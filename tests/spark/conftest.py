"""One Spark session for all Spark tests; each test gets a warehouse of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from habeas.settings import Settings
from habeas.spark.tables import Tables


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


@pytest.fixture
def tables(spark: SparkSession, settings: Settings) -> Tables:
    return Tables(spark, settings, run_id="test")
