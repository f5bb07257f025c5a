"""Work is dealt out by cost: the dearest alone and first, the rest evenly, nothing lost."""

from __future__ import annotations

from collections import defaultdict

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from habeas.pipeline.embed.work_shares import SHARES_A_CORE, partition_by_cost, seconds

CORES = 2


def shared(spark: SparkSession, assets: list[tuple[str, str, int]]) -> DataFrame:
    """Assets (id, media, bytes) as they are dealt out."""
    planned = spark.createDataFrame(assets, "asset_id string, media string, bytes long")
    whole = planned.agg(F.sum(seconds())).collect()[0][0]
    return partition_by_cost(planned, len(assets), whole, CORES)


def dealt_out(spark: SparkSession, assets: list[tuple[str, str, int]]) -> list[list[Row]]:
    """Assets by partition, in the order in which they are begun; of partitions that hold any."""
    found: dict[int, list[Row]] = defaultdict(list)
    for row in shared(spark, assets).withColumn("at", F.spark_partition_id()).collect():
        found[row["at"]].append(row)
    return [found[at] for at in sorted(found)]


def partitions(spark: SparkSession, assets: list[tuple[str, str, int]]) -> int:
    """How many there are, with those that hold nothing."""
    return shared(spark, assets).rdd.getNumPartitions()


def test_a_long_clip_is_begun_first_and_stands_in_nobodys_way(spark: SparkSession) -> None:
    thumbnails = [(f"photo-{n}", "photo", 20_000) for n in range(500)]
    parts = dealt_out(spark, [*thumbnails[:250], ("clip", "clip", 90_000_000), *thumbnails[250:]])
    assert ["clip"] == [row["asset_id"] for row in parts[0]]
    rest = [len(part) for part in parts[1:]]
    assert min(SHARES_A_CORE) * CORES == len(rest)
    assert max(rest) < 2 * 500 / len(rest)


def test_a_long_night_is_dealt_out_in_smaller_shares(spark: SparkSession) -> None:
    """Else a core is idle for an eighth of it when the other works through the last share."""
    hours = [(f"{n}", "photo", 60_000_000) for n in range(1500)]
    assert max(SHARES_A_CORE) < len(parts := dealt_out(spark, hours)) <= max(SHARES_A_CORE) * CORES
    assert max(map(len, parts)) < 1500 / CORES / max(SHARES_A_CORE) * 2.5


def test_every_asset_is_dealt_out_once(spark: SparkSession) -> None:
    mixed = [(f"{n}", "clip" if n % 7 == 0 else "photo", 1000 * n * n) for n in range(200)]
    photos = [(f"{n}", "photo", 1_000_000) for n in range(200)]
    for assets in (mixed[:1], mixed[:3], mixed, photos[:3], photos):
        parts = dealt_out(spark, assets)
        assert sorted(name for name, *_ in assets) == sorted(
            row["asset_id"] for part in parts for row in part
        )


def test_few_assets_get_a_share_each(spark: SparkSession) -> None:
    few = [(f"{n}", "photo", 1_000_000) for n in range(5)]
    assert [1] * 5 == [len(part) for part in dealt_out(spark, few)]
    assert partitions(spark, few) == 5


def test_no_core_is_kept_busy_by_shares_that_hold_nothing(spark: SparkSession) -> None:
    """Each costs a twentieth of a second; photos alone used to get twice as many of those as of others."""
    photos = [(f"{n}", "photo", 1_000_000) for n in range(500)]
    assert partitions(spark, photos) == len(dealt_out(spark, photos)) == min(SHARES_A_CORE) * CORES
    clips = [*photos, ("long", "clip", 9_000_000_000), ("short", "clip", 2_000_000_000)]
    assert partitions(spark, clips) == len(dealt_out(spark, clips))
