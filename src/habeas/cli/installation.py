"""The one place where use cases meet adapters. Everything heavy is imported when it is needed, not before."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from habeas.model.errors import UsageError

if TYPE_CHECKING:
    from habeas.model.installation.settings import Custody, Settings
    from habeas.model.installation.steps import Step
    from habeas.model.orders import OrderBook, Stopped
    from habeas.model.purposes import Purposes
    from habeas.oversight.explain.evidence import KeyStatus
    from habeas.oversight.orders.folder import OrderFolder
    from habeas.oversight.replay.replay import Replayer
    from habeas.oversight.replay.replay_since import SinceTheLast
    from habeas.policy.derivation.derive_rows import DecisionRequest
    from habeas.policy.policy_set import PolicySet
    from habeas.policy.rulebook import Rulebook
    from habeas.policy.store import PolicyStore
    from habeas.records.imports.store import Store
    from habeas.sealing.keys.custodian import Custodian
    from habeas.sealing.keys.registrar import Registrar
    from habeas.sealing.keys.store import KeyStore
    from habeas.warehouse.authenticated.mac import MacKey, Use
    from habeas.warehouse.delta.delta_reader import DeltaReader
    from habeas.warehouse.spark_tables import Tables


@dataclass(frozen=True)
class Installation:
    """One installation: a settings file, maybe a custody file, and what is built from them."""

    config: Path
    custody_file: Path

    @cached_property
    def settings(self) -> Settings:
        """Settings, read once. Raises UsageError."""
        from habeas.model.installation.settings import Settings

        return Settings.read(self.config)

    @cached_property
    def custody(self) -> Custody:
        """Custody settings, read once. Raises UsageError."""
        from habeas.model.installation.settings import Custody

        return Custody.read(self.custody_file)

    @cached_property
    def reader(self) -> DeltaReader:
        """Reader of the warehouse, without a JVM."""
        from habeas.warehouse.delta.delta_reader import DeltaReader

        return DeltaReader(self.settings.warehouse)

    @cached_property
    def orders(self) -> OrderFolder:
        """Folder of signed orders."""
        from habeas.oversight.orders.folder import OrderFolder

        return OrderFolder(self.settings.orders, self.settings.registrar_public_key)

    @property
    def book(self) -> OrderBook:
        """Every order there is now, verified. Raises IntegrityError when one isn't valid."""
        return self.orders.book()

    @cached_property
    def policy_store(self) -> PolicyStore:
        """Every set of rules that was ever used."""
        from habeas.policy.store import store_of

        return store_of(self.settings)

    @cached_property
    def policy(self) -> PolicySet:
        """The rules in force now."""
        from habeas.policy.store import policy_in_force

        return policy_in_force(self.settings, self.book)

    def require_no_halt(self, now: datetime) -> None:
        """Raise Halted while everything is halted."""
        from habeas.oversight.orders.book import stop, stopped

        if halt := stopped(self.book, now, {}).everything:
            raise stop(halt)

    def stopped(self, now: datetime) -> Stopped:
        """Sources and purposes that are halted now. Raises Halted while everything is."""
        from habeas.model.orders import HaltScope
        from habeas.oversight.orders.book import recipients_of, stopped

        self.require_no_halt(now)
        named = any(halt.scope is HaltScope.RECIPIENT for halt in self.book.halts(now))
        return stopped(self.book, now, recipients_of(self.policy.activities) if named else {})

    def question(self, purposes: Sequence[str], at: datetime) -> DecisionRequest:
        """What a run at `at` would ask, by the rules in force."""
        from habeas.faces.model_packs import registry as packs
        from habeas.policy.derivation.derive_rows import DecisionRequest

        model = packs.read(self.settings.pack_folder())
        return DecisionRequest(
            wanted=tuple(purposes or self.settings.purposes),
            lists=self.policy.lists,
            policy=self.policy.digest,
            model=packs.digests(model),
            as_of=at,
            known_at=at,
            run_id="",
            pack=packs.pack_digest(model),
        )

    def replayer(self) -> Replayer:
        """Makes recorded decisions again; without the key store where this caller may not read it."""
        from habeas.faces.model_packs import registry as packs
        from habeas.oversight.replay.rederive_facts import RederiveFacts
        from habeas.oversight.replay.replay import Replayer
        from habeas.oversight.replay.run_times import run_times
        from habeas.warehouse.authenticated.mac import Use

        readable = [
            pack for _, pack in packs.listed(*self.settings.pack_folders) if not isinstance(pack, UsageError)
        ]
        models = {packs.pack_digest(pack): packs.digests(pack) for pack in readable}
        ends = self.watcher.ends if self.has_custody else None
        again = RederiveFacts(self.reader, run_times(self.settings.runs, models), ends)
        key = self._mac_key(Use.DECISION) if self._holds_key else None
        return Replayer(self.reader, self.policy_store.load, again, key)

    def replay_since(self) -> SinceTheLast:
        """The decisions that no replay looked at yet. Raises KeyUnavailable without the installation key."""
        from habeas.oversight.replay.replay_since import SinceTheLast
        from habeas.warehouse.authenticated.mac import Use

        return SinceTheLast(self.reader, self.settings.runs, self._mac_key(Use.RUN_RECORD))

    @property
    def record_key(self) -> MacKey | None:
        """By which records of runs are verified; None for a caller who may not read the installation key."""
        from habeas.warehouse.authenticated.mac import Use

        return self._mac_key(Use.RUN_RECORD) if self._holds_key else None

    @property
    def _holds_key(self) -> bool:
        return os.access(self.settings.installation_key, os.R_OK)

    def _mac_key(self, use: Use) -> MacKey:
        """The key of one use, from the installation key. Raises KeyUnavailable, IntegrityError."""
        from habeas.sealing import key_files
        from habeas.warehouse.authenticated.mac import KEY_BYTES, MacKey

        return MacKey.of(key_files.read_key(self.settings.installation_key, KEY_BYTES), use)

    @property
    def purposes(self) -> Purposes:
        """The purposes there are, by the rules in force."""
        return self.policy.purposes

    @cached_property
    def rules(self) -> Rulebook:
        """The rules in force now, in sentences; older ones where they are pinned."""
        from habeas.model.errors import HabeasError
        from habeas.policy.rulebook import Rulebook

        def older(digest: str) -> Rulebook | None:
            try:
                return Rulebook.of(self.policy_store.load(digest))
            except HabeasError:
                return None  # not kept here: its rules are told by name

        return Rulebook.of(self.policy, cache(older))

    @property
    def has_custody(self) -> bool:
        """Whether this caller may read the custody file. An auditor need not."""
        return os.access(self.custody_file, os.R_OK)

    @cached_property
    def watcher(self) -> KeyStore:
        """Key store, for reading which keys are open. Raises UsageError if the custody settings can't be read."""
        from habeas.sealing.keys.roles import watcher

        return watcher(self.custody)

    @cached_property
    def registrar(self) -> Registrar:
        """Key store for enrolling people and closing keys. Raises UsageError, KeyUnavailable, IntegrityError."""
        from habeas.sealing.keys.roles import registrar

        return registrar(self.custody)

    @cached_property
    def custodian(self) -> Custodian:
        """Key store and KMS, for opening. Raises UsageError if the custody settings can't be read."""
        from habeas.sealing.keys.roles import custodian

        return custodian(self.custody)

    def key_status(self) -> KeyStatus | None:
        """Returns the state of a key by its id; None for a caller without access to the key store."""
        if not self.has_custody:
            return None
        opened, closed = self.watcher.open_keys(), self.watcher.closed_keys()
        return lambda key: "open" if key in opened else "closed" if key in closed else "unknown, so closed"

    def subject_of(self, real_id: str) -> str:
        """The random id behind a real id. Never enrols. Raises UsageError for an unknown id."""
        subject_id = self.registrar.find_subject(real_id)
        if subject_id is None:
            raise UsageError("nobody with that real id is known here", hint="Check its spelling in the file.")
        return subject_id

    def set_up(self, now: datetime) -> bool:
        """Keys, epoch and key store; True if anything was made."""
        from habeas.sealing.keys.roles import set_up

        return set_up(self.custody, self.settings, now)

    @contextmanager
    def tables(self, run_id: str) -> Iterator[Tables]:
        """The tables for writing: starts Spark where none runs yet, and ends what it started."""
        from habeas.warehouse.spark_session import is_running, open_session
        from habeas.warehouse.spark_tables import Tables

        shared = is_running()
        with _quiet(self.settings.home / "tmp" / "spark.log"):
            spark = open_session("habeas.import", self.settings, master="local[*]")
            try:
                yield Tables(spark, self.settings, run_id)
            finally:
                if not shared:
                    spark.stop()

    @contextmanager
    def lists(self, run_id: str) -> Iterator[Store]:
        """The tables for what people say, without a JVM; Spark is started where a table has to be made."""
        from habeas.warehouse.contracts import contract_of
        from habeas.warehouse.delta.delta_writer import DeltaWriter

        with ExitStack() as open_things:
            engine = cache(lambda: open_things.enter_context(self.tables(run_id)))
            contract = partial(contract_of, self.settings.schemas)
            yield DeltaWriter(self.settings.warehouse, contract, run_id, engine)

    def run_step(self, step: Step, run_id: str, more: Sequence[str] = ()) -> int:
        """Run one job as a process of its own; its exit code."""
        from habeas.model.installation import resources

        command = [sys.executable, str(resources.JOBS / step.job), "--run-id", run_id,
                   "--config", str(self.config), *more]  # fmt: skip
        if step.reads_keys:
            command += ["--custody", str(self.custody_file)]
        return subprocess.run(command, check=False).returncode

    def run_dag(
        self,
        dag: str,
        parameters: Mapping[str, object],
        at: datetime,
        progress: Callable[[Mapping[str, Any]], None],
    ) -> str:
        """Run a DAG to its end on the installation's own Airflow; the run's id.

        `progress` gets each task's record as it ends. Raises the error the failed task ended with, and Halted when a
        halt stopped the run or lets none begin.
        """
        from habeas.cli.dag_runs import run_dag

        return run_dag(self, dag, parameters, at, progress)

    def table_paths(self) -> dict[str, str]:
        """Every table's folder, by name."""
        from habeas.warehouse.contracts import read_contracts

        names = sorted(read_contracts(self.settings.schemas))
        return {name: str(self.reader.path(name)) for name in names}

    def left_by(self, run_id: str) -> list[dict[str, Any]]:
        """What the tasks of a run left, as rows of `runs`; nothing when no run has that id."""
        from habeas.model.installation.runs import run_named
        from habeas.warehouse.authenticated.run_records import RunFolder, as_row

        try:
            folder = RunFolder(self.settings.runs, run_named(run_id))
        except UsageError:
            return []
        tasks = []
        for place in sorted(folder.path.glob("*.json")):
            with suppress(OSError, ValueError, TypeError, KeyError):  # an unreadable record is left out
                record = folder.read(place.stem) if place.stem != "run" else None
                tasks += [as_row(record)] if record else []
        return tasks

    def report(self, run_id: str) -> dict[str, Any]:
        """Write the page of a run and the index of all; the summary that the page shows."""
        from habeas.cli.options import now
        from habeas.oversight.report.write_report import make_report

        drawn = (self.settings.home / "demo.json").is_file()
        return make_report(
            self.reader,
            self.rules,
            run_id,
            self.settings.report,
            self.table_paths(),
            now=now(),
            left=self.left_by(run_id),
            drawn=drawn,
        )


@contextmanager
def _quiet(log: Path) -> Iterator[None]:
    """Send the output of a starting JVM into a file: it would write across the progress bar."""
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with log.open("ab") as file:
            os.dup2(file.fileno(), 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)


def installation(config: Path | None, custody: Path | None = None) -> Installation:
    """The installation a settings file describes.

    Without `config`: see `default_config`. Raises UsageError when a file that is named isn't there.
    """
    settings_file = config or default_config()
    if settings_file is None or not settings_file.is_file():
        where = "there is no settings file at the place named" if config else "there is no installation here"
        raise UsageError(where, hint="Make one with: habeas init --home FOLDER")
    settings_file = settings_file.resolve()
    usual = default_custody(settings_file).resolve()
    place = usual if custody is None else custody.resolve()
    if place != usual and _missing(place):
        # Where the default place is empty, this user keeps no keys. A missing place that was named is probably a typo.
        raise UsageError(
            "there is no custody file at the place named",
            hint=f"Leave --custody out for {usual}; an auditor needs none.",
        )
    return Installation(settings_file, place)


def default_config() -> Path | None:
    """./habeas.toml, else the settings file that `habeas init` makes by default; None where there is neither."""
    from habeas.model.installation.resources import default_home

    places = (Path("habeas.toml"), default_home() / "habeas.toml")
    return next((place for place in places if place.is_file()), None)


def default_custody(config: Path) -> Path:
    """Where the custody file of an installation lies, unless another is named."""
    return config.parent / "custody" / "custody.toml"


def _missing(place: Path) -> bool:
    """Whether nothing is there. A folder that is closed to this user is another thing."""
    try:
        place.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False
