"""Partitions work by estimated cost, largest first, so that no core is left with a long clip at the end."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

SHARES_A_CORE = range(4, 33)
_SHARE_S = 30
"""At the end a core is idle for half a share, on average; and each costs a twentieth of a second, whatever it holds."""
_MB = 1e6
_PHOTO_S, _PHOTO_S_A_MB = 0.03, 0.015
_CLIP_S_A_MB = 0.15
"""Rough seconds of one core: a detection takes 30 ms, a JPEG decodes at 70 MB/s, and a clip of 3 Mbit/s has two frames
a second that are looked at. Only the order and the proportions matter.
"""


def seconds() -> Column:
    """What an asset (`media`, `bytes`) may take, from what its file says about itself."""
    size = F.col("bytes") / _MB
    return F.when(F.col("media") == "clip", size * _CLIP_S_A_MB).otherwise(_PHOTO_S + size * _PHOTO_S_A_MB)


def partition_by_cost(planned: DataFrame, assets: int, whole: float, cores: int) -> DataFrame:
    """The same rows in partitions that cost about the same, or hold one asset; Spark begins with the first ones.

    `assets`, `whole`: how many rows, and what they may take together, in seconds.
    """
    shares = cores * min(max(SHARES_A_CORE), max(min(SHARES_A_CORE), round(whole / cores / _SHARE_S)))
    if assets == 0:
        return planned
    dear = seconds() > whole / shares / 2
    alone = planned.where(dear).count()
    mixed = min(shares, assets - alone)  # a partition that holds nothing would cost as much as one that does
    share = F.pmod(F.xxhash64("asset_id"), F.lit(max(1, mixed))).cast("int") + alone
    if not alone:  # and nothing is looked through, so nothing can fall between two filters
        return planned.withColumn("share", share).repartitionById(mixed, "share").drop("share")
    place = F.row_number().over(Window.orderBy(F.desc(seconds()), "asset_id")) - 1
    first = planned.where(dear).withColumn("share", place)
    rest = planned.where(~dear).withColumn("share", share)
    return first.unionByName(rest).repartitionById(alone + mixed, "share").drop("share")
