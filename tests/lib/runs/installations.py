"""A small installation with a drawn archive, and its night, for tests that need the real thing."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from habeas.cli.installation import Installation
from habeas.cli.operate.setup import make
from habeas.model.installation.resources import PROJECT
from habeas.model.installation.steps import NIGHTLY
from habeas.synthetic.archives.archive import draw_archive
from habeas.synthetic.archives.archive_plan import Size
from habeas.warehouse.authenticated.run_records import RunFolder, TaskRecord

JOBS = {step.name: step.job for step in NIGHTLY}
NEED_CUSTODY = frozenset(step.name for step in NIGHTLY if step.reads_keys)
TINY = Size(people=10, portraits=10, groups=2, street=2, unregistered=1, clips=1, clip_ms=5_000, fps=8)
PURPOSES = ["archive_search", "access_verification"]
AS_DRAWN = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass
class Installed:
    """An installation and what was drawn for it. `truth` says who is really where."""

    place: Installation
    lists: Path
    truth_file: Path
    when: tuple[str, ...] = ()  # --as-of of every night, where it isn't now

    @cached_property
    def truth(self) -> Any:
        return json.loads(self.truth_file.read_text())

    def step(self, step: str, run_id: str, *more: str) -> int:
        """Run one job in this process and its session; its exit code."""
        words = ["--run-id", run_id, "--config", str(self.place.config), *self.when, *more]
        if step in NEED_CUSTODY:
            words += ["--custody", str(self.place.custody_file)]
        return int(job_module(JOBS[step]).run(words))

    def steps(self, run_id: str, *steps: str) -> None:
        """Some steps in this order; each must end well."""
        assert {step: self.step(step, run_id) for step in steps} == dict.fromkeys(steps, 0)

    def night(self, run_id: str, *more: str) -> None:
        """All steps in their order; each must end well."""
        assert {step: self.step(step, run_id, *more) for step in JOBS} == dict.fromkeys(JOBS, 0)

    def go_on_from(self, other: Installed) -> None:
        """Warehouse and runs as they are in another copy of this installation."""
        for mine, theirs in (
            (self.place.settings.warehouse, other.place.settings.warehouse),
            (self.place.settings.runs, other.place.settings.runs),
        ):
            shutil.rmtree(mine, ignore_errors=True)
            shutil.copytree(theirs, mine)

    def as_of(self, run_id: str) -> tuple[str, str]:
        """Words by which another night decides as of the same moment."""
        return "--as-of", json.loads((self.place.settings.runs / run_id / "run.json").read_text())["as_of"]

    def record(self, run_id: str, step: str) -> TaskRecord:
        """What a task of a run left."""
        found = RunFolder(self.place.settings.runs, run_id).read(step)
        assert found is not None
        return found

    def counts(self, run_id: str, step: str) -> dict[str, int]:
        return dict(self.record(run_id, step).counts)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """A table's rows, read without Spark."""
        return self.place.reader.read(table).to_pylist() if self.place.reader.exists(table) else []


def job_module(file: str) -> ModuleType:
    """A job's file as a module. Jobs are scripts and lie outside the package."""
    spec = importlib.util.spec_from_file_location(f"job_{file.removesuffix('.py')}", PROJECT / "jobs" / file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def install(home: Path, size: Size = TINY, seed: int = 5) -> Installed:
    """Keys, settings and a drawn archive; nothing imported yet. Needs no JVM."""
    place: Installation = make(home, None, PURPOSES, "synthetic")[0]
    lists, truth = home / "lists", home / "truth.json"
    draw_archive(place.settings.archive, lists, truth, seed=seed, now=AS_DRAWN, size=size, workers=2)
    shutil.copyfile(lists / "activities.yaml", place.settings.policies / "activities.yaml")
    return Installed(place, lists, truth)


def installed_at(home: Path) -> Installed:
    """What is installed there already."""
    place = Installation(home / "habeas.toml", home / "custody" / "custody.toml")
    return Installed(place, home / "lists", home / "truth.json")


def copy_of(installed: Installed, home: Path) -> Installed:
    """The same installation at another place, to be changed: its settings name the new home."""
    old = installed.place.settings.home
    # cp knows what is no file: archives hold pipes and links on purpose.
    subprocess.run(["cp", "-a", str(old), str(home)], check=True)  # noqa: S607
    copy = installed_at(home)
    for file in (copy.place.config, copy.place.custody_file):
        file.write_text(file.read_text().replace(str(old), str(home)))
    return copy


def import_lists(installed: Installed, now: datetime = AS_DRAWN) -> None:
    """Every list, through the session that is there. Occasions and leave-outs where there are any."""
    from habeas.pipeline.record import imports

    place, lists = installed.place, installed.lists
    key = place.settings.installation_key.read_bytes()
    with place.tables("import-test") as tables:
        imports.add_sources(tables, lists / "sources.csv", place.purposes, now, place.settings.archive)
        places = imports.places_of(tables, place.settings.archive, key)
        people = (tables, place.registrar)
        if _lines(lists / "occasions.csv"):
            imports.add_occasions(tables, lists / "occasions.csv", now, places)
        imports.add_consents(*people, lists / "consents.csv", place.purposes, now, places)
        if _lines(lists / "leave_outs.csv"):
            imports.add_leave_outs(*people, lists / "leave_outs.csv", place.purposes, now, places)
        imports.add_rosters(*people, lists / "rosters.csv", place.settings.archive, key, now)


def _lines(file: Path) -> int:
    """Lines below the header; 0 where there is no file."""
    return len(file.read_text().splitlines()) - 1 if file.exists() else 0


NOT_COMPARED = {"sealed", "run_id", "recorded_at", "sealed_at", "catalogued_at", "started_at", "finished_at"}
NOT_COMPARED |= {"erase_by", "known_at", "mac"}
NOT_COMPARED |= {"changed_ns", "copies"}  # a copied archive has inodes of its own
COMPARED = (
    "assets",
    "fact_sets",
    "decisions",
    "embeddings",
    "row_status",
    "refusals",
    "quarantine",
    "work",
    "staged",
)


def contents(installed: Installed) -> dict[str, list[str]]:
    """Every table as sorted rows, without ciphertext, run ids and times: what two equal nights must share."""
    undated = {row["asset_id"] for row in installed.rows("assets") if row["captured_at"] is None}
    asset_of = {row["row_id"]: row["asset_id"] for row in installed.rows("embeddings")}

    def compared(row: dict[str, Any]) -> str:
        asset = row.get("asset_id") or asset_of.get(row.get("row_id", ""))
        # What is kept of a file without a date counts from when it was catalogued, which is the real time.
        left_out = NOT_COMPARED | ({"valid_until", "expires_at"} if asset in undated else set())
        return json.dumps({k: v for k, v in row.items() if k not in left_out}, default=str, sort_keys=True)

    return {table: sorted(map(compared, installed.rows(table))) for table in COMPARED}


class Snapshot:
    """Warehouse and run folders as they are now, to go back to: the same installation, a second time."""

    def __init__(self, installed: Installed, aside: Path) -> None:
        settings = installed.place.settings
        self._pairs = [(settings.warehouse, aside / "warehouse"), (settings.runs, aside / "runs")]
        for place, copy in self._pairs:
            if place.exists():
                shutil.copytree(place, copy)

    def restore(self) -> None:
        for place, copy in self._pairs:
            shutil.rmtree(place, ignore_errors=True)
            if copy.exists():
                shutil.copytree(copy, place)
