"""Runs a DAG of an installation to its end, and turns how it ended into the error that says why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from habeas.model.errors import HabeasError, Halted
from habeas.model.installation.steps import CATALOG, PUBLISH

if TYPE_CHECKING:
    from pathlib import Path

    from habeas.model.installation.settings import Settings
    from habeas.model.orders import OrderBook
    from habeas.pipeline.local_airflow import Ended


class Installation(Protocol):
    """What running a DAG needs of `installation.Installation`."""

    @property
    def config(self) -> Path:
        """The installation's settings file."""
        ...

    @property
    def custody_file(self) -> Path:
        """The settings file of its keys."""
        ...

    @property
    def settings(self) -> Settings:
        """Its settings."""
        ...

    @property
    def book(self) -> OrderBook:
        """Every order that was given."""
        ...

    def require_no_halt(self, now: datetime) -> None:
        """Raise Halted where a halt stops everything."""
        ...


def run_dag(
    place: Installation,
    dag: str,
    parameters: Mapping[str, object],
    at: datetime,
    progress: Callable[[Mapping[str, Any]], None],
) -> str:
    """The run's id. Raises what the failed task ended with, and Halted when a halt stopped it or lets none begin."""
    from habeas.pipeline.local_airflow import airflow_environment, run_dag_once

    place.require_no_halt(at)  # before Airflow is woken for nothing
    home = place.config.parent
    environment = airflow_environment(home) | {
        "HABEAS_CONFIG": str(place.config),
        "HABEAS_CUSTODY": str(place.custody_file),
    }
    runs = place.settings.runs
    ended = run_dag_once(home, dag, parameters, at, progress=progress, environment=environment, runs=runs)
    if ended.run_id is None or not (ended.ok or left_out(place, ended.run_id)):
        raise _what_failed(place, dag, ended)
    _require_not_halted(place, dag, ended.run_id)
    return ended.run_id


def left_out(place: Installation, run_id: str) -> dict[str, str]:
    """Sources that were left out of a run which else came to its end, and why."""
    from habeas.oversight.runs.left_out_sources import sources_left_out
    from habeas.warehouse.authenticated.run_records import RunFolder

    folder = RunFolder(place.settings.runs, run_id)
    published = folder.read(PUBLISH.name)
    ended = published is not None and published.status == "done"
    return sources_left_out(folder.read(CATALOG.name)) if ended else {}


def _require_not_halted(place: Installation, dag: str, run_id: str) -> None:
    """A halted run is none that failed: its DAG ends well, and its records say where it stopped."""
    from habeas.oversight.orders.book import stop
    from habeas.warehouse.authenticated.run_records import RunFolder

    records = RunFolder(place.settings.runs, run_id).records()
    record = next((each for each in records if each.status == "halted"), None)
    if record is None:
        return
    halts = {each.halt_id: each for each in place.book.every_halt}
    if halt := halts.get(record.digests.get("halt", "")):
        raise stop(halt)
    raise Halted(f"the {dag} run was halted at {record.task}", hint="See: habeas halts")


def _what_failed(place: Installation, dag: str, ended: Ended) -> HabeasError:
    """The error a DAG ended with, from the run record of the task that failed."""
    from habeas.warehouse.authenticated.run_records import RunFolder

    log = f"Airflow's words are in {ended.log}."
    records = RunFolder(place.settings.runs, ended.run_id).records() if ended.run_id else []
    failed = [record for record in records if record.status in ("failed", "refused")]
    if not failed:
        return HabeasError(f"the {dag} run stopped: a task ended badly", hint=log)
    last = max(failed, key=lambda record: record.finished_at)
    return last.raised(f"the {dag} run stopped: ", log)
