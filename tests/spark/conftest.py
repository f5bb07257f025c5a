"""One Spark session for all Spark tests; each test gets a warehouse of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from habeas.model.installation.settings import Settings
from habeas.policy.rules.packs import Pack, load_packs
from habeas.warehouse.spark_tables import Tables

POLICIES = Path(__file__).resolve().parents[2] / "policies"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


@pytest.fixture
def tables(spark: SparkSession, settings: Settings) -> Tables:
    return Tables(spark, settings, run_id="test")


@pytest.fixture(scope="session")
def packs() -> tuple[Pack, ...]:
    names = [path.name for path in POLICIES.iterdir() if (path / "pack.yaml").exists()]
    return load_packs(POLICIES, sorted(names))


@pytest.fixture(scope="module")
def written(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The small archive of `spark_world`, in tables. In several partitions: people meet their words across them."""
    from spark_world import fill

    spark.conf.set("spark.sql.shuffle.partitions", "2")
    home = tmp_path_factory.mktemp("written")
    fill(Tables(spark, Settings(home=home), "r0"))
    yield home
    spark.conf.set("spark.sql.shuffle.partitions", "1")
