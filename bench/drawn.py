"""A drawn archive in which everybody said yes, decided and ready to be embedded again and again."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark import cloudpickle
from pyspark.sql import SparkSession

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT / "tests" / "lib" / "runs"))

from installations import (  # noqa: E402  # the path comes first
    AS_DRAWN,
    Installed,
    Snapshot,
    import_lists,
    install,
)

from habeas.faces.detection import insightface_models as insightface_pack  # noqa: E402
from habeas.faces.embed_asset import EmbedRules, embed_asset  # noqa: E402
from habeas.media.files.source_folders import usable  # noqa: E402
from habeas.media.source import ArchiveMedia  # noqa: E402
from habeas.model.installation.settings import Settings  # noqa: E402
from habeas.oversight.orders.folder import OrderFolder  # noqa: E402
from habeas.pipeline.embed import embed  # noqa: E402
from habeas.pipeline.embed import work_shares as shares  # noqa: E402
from habeas.pipeline.embed.worker import WorkerSetup, set_up  # noqa: E402
from habeas.pipeline.runtime.cpu_seconds import CpuClock  # noqa: E402
from habeas.policy.store import policy_in_force  # noqa: E402
from habeas.sealing import key_files  # noqa: E402
from habeas.synthetic.archives.archive_people import CONSENT_COLUMNS, SEARCH, residents, statements  # noqa: E402
from habeas.synthetic.archives.archive_plan import Size  # noqa: E402
from habeas.synthetic.archives.drawn_files import write_csv  # noqa: E402
from habeas.warehouse.spark_session import open_session  # noqa: E402

SEED = 77
os.environ.setdefault("HABEAS_PURPOSES", '["archive_search"]')  # settings read it
_VECTORS = "asset_id string, line_id string, vector binary"


class Archive:
    """`cores`: how many a session may use. Every run starts from the same tables, after both gates have decided."""

    def __init__(
        self,
        folder: Path,
        size: Size,
        cores: int,
        fill: Callable[[Path, Path], None] = lambda archive, lists: None,
    ) -> None:
        """`fill` puts more into the archive's folder, and into the lists, before those are imported."""
        self.folder = folder
        self.session(cores)
        self.installed: Installed = install(folder / "home", size, SEED)
        people = tuple(replace(each, standing="both") for each in residents(size.people, SEED))
        said = [row for row in statements(people, AS_DRAWN) if row["purpose"] == SEARCH]
        write_csv(self.installed.lists / "consents.csv", CONSENT_COLUMNS, said)
        (self.installed.lists / "leave_outs.csv").unlink(missing_ok=True)
        fill(self.installed.place.settings.archive, self.installed.lists)
        import_lists(self.installed)
        self.installed.steps("night", "catalog")
        self._catalogued = Snapshot(self.installed, folder / "catalogued")
        self.installed.steps("night", "decide")
        self._decided = Snapshot(self.installed, folder / "decided")

    @contextmanager
    def embedding_with(self, models: Path, pack: str) -> Iterator[None]:
        """With another model pack, for a while: the settings name it, and the decisions are about it."""
        file, decided = self.installed.place.config, self._decided
        before = file.read_text()
        kept = [
            line for line in before.splitlines() if line.partition(" ")[0] not in ("models", "model_pack")
        ]
        file.write_text("\n".join([*kept, f'models = "{models}"', f'model_pack = "{pack}"', ""]))
        self._catalogued.restore()
        self.installed.steps("night", "decide")
        self._decided = Snapshot(self.installed, self.folder / f"decided-{pack}")
        try:
            yield
        finally:
            file.write_text(before)
            self._decided = decided

    @property
    def settings(self) -> Settings:
        return Settings.read(self.installed.place.config)

    def session(self, cores: int) -> SparkSession:
        """One that has so many cores; the JVM stays."""
        active = SparkSession.getActiveSession()
        if active is not None and active.sparkContext.master == f"local[{cores}]":
            return active
        if active is not None:
            active.stop()
        return open_session("bench", Settings(home=self.folder / "spark"), f"local[{cores}]")

    def cost(self, step: str, run_id: str = "night") -> dict[str, Any]:
        """What a step's record says: CPU and wall seconds without its session's start, and counts."""
        found = self.installed.record(run_id, step)
        wall = found.seconds - found.counts["session_ms"] / 1000
        return {"cpu": round(found.cpu_seconds, 3), "wall": round(wall, 3), "counts": dict(found.counts)}

    def _from(self, cores: int, tables: Snapshot) -> SparkSession:
        spark = self.session(cores)
        tables.restore()
        gateway: Any = spark.sparkContext._jvm  # noqa: SLF001
        gateway.org.apache.spark.sql.delta.DeltaLog.clearCache()  # it knows tables of other days
        return spark

    def embed(self, cores: int) -> dict[str, Any]:
        self._from(cores, self._decided)
        self.installed.steps("night", "embed")
        return self.cost("embed")

    def night(self, cores: int) -> dict[str, Any]:
        """Both gates, embed and publish."""
        self._from(cores, self._catalogued)
        self.installed.steps("night", "decide", "embed", "publish")
        steps = {step: self.cost(step) for step in ("decide", "embed", "publish")}
        whole = {kind: round(sum(each[kind] for each in steps.values()), 3) for kind in ("cpu", "wall")}
        return {**whole, "steps": steps}

    def plain(self, cores: int) -> dict[str, Any]:
        """The embed job's own work, with what it makes written as plain vectors to plain Parquet."""
        spark = self._from(cores, self._decided)
        scratch = self.folder / "plain"
        shutil.rmtree(scratch, ignore_errors=True)
        with self.installed.place.tables("plain") as tables, CpuClock(spark) as cpu:
            wall = time.monotonic()
            settings = self.settings
            orders = OrderFolder(settings.orders, settings.registrar_public_key).book()
            folders, _ = usable(settings.archive, embed.source_folders(tables))
            setup = set_up(settings, policy_in_force(settings, orders), [SEARCH], folders)
            # workers don't find what lies beside the bench
            cloudpickle.register_pickle_by_value(sys.modules[_plain.__module__])
            planned = embed.plan(
                tables, [SEARCH], setup.identity, model_id=setup.model_id, pack=setup.pack_digest
            ).persist()
            counts, whole = embed.planned_counts(planned)
            partition_by_cost = shares.partition_by_cost(
                planned, counts["assets_planned"], whole, spark.sparkContext.defaultParallelism
            )
            partition_by_cost.mapInArrow(partial(_plain, setup), _VECTORS).write.parquet(str(scratch))
            planned.unpersist()
            wall = time.monotonic() - wall
        return {"cpu": round(cpu.seconds(), 3), "wall": round(wall, 3)}

    def photos(self) -> list[Path]:
        """Every photo that is embedded from, by its asset."""
        worked = {row["asset_id"] for row in self.installed.rows("staged")}
        return [self.place(row) for row in self._assets("photo") if row["asset_id"] in worked]

    def faces(self) -> list[tuple[int, int]]:
        """How many faces the last run saw in each of `photos`, and how many of them it embedded."""
        lines: dict[str, set[str]] = defaultdict(set)
        refused: Counter[str] = Counter()
        for row in self.installed.rows("staged"):
            if row["kind"] == "embedding":
                lines[row["asset_id"]].add(row["line_id"])
            if row["kind"] == "refusal":
                refused[row["asset_id"]] += row["count"]
        worked = {row["asset_id"] for row in self.installed.rows("staged")}
        ids = [row["asset_id"] for row in self._assets("photo") if row["asset_id"] in worked]
        return [(len(lines[each]) + refused[each], len(lines[each])) for each in ids]

    def place(self, row: dict[str, Any]) -> Path:
        return Path(self.settings.archive / row["source_id"] / row["location"])

    def _assets(self, media: str) -> list[dict[str, Any]]:
        rows = [row for row in self.installed.rows("assets") if row["media"] == media and row["present"]]
        return sorted(rows, key=lambda row: str(row["asset_id"]))


class _Open:
    """In place of a sealer: what would be sealed is let through."""

    def check(self, record: object) -> None: ...

    def seal(self, vector: Any, context: object, record: object) -> bytes:
        return bytes(vector.tobytes())


def _plain(setup: WorkerSetup, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    models = insightface_pack.load(setup.pack, setup.pack_folder, setup.faces.smallest_px)
    rules = EmbedRules(
        purposes=setup.purposes, model_id=setup.model_id, preprocessing=setup.pack.recogniser.preprocessing,
        installation_key=key_files.read_key(setup.installation_key, 32), binding=setup.binding, faces=setup.faces,
        max_gap_ms=setup.sampling.max_gap_ms,
    )  # fmt: skip
    media = ArchiveMedia(dict(setup.roots), setup.media, setup.sampling)
    for batch in batches:
        for row in batch.to_pylist():
            made = embed_asset(embed.asset_plan(row), media, models, _Open(), rules)
            kept = [(one.asset_id, one.line_id, one.sealed) for one in made if one.sealed]
            columns = list(zip(*kept, strict=True)) or [(), (), ()]
            types = (pa.string(), pa.string(), pa.binary())
            arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, names=["asset_id", "line_id", "vector"])
