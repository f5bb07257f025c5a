"""Delta tables made from contracts: created, checked, read and written in one place, one writer at a time."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from delta.tables import DeltaMergeBuilder, DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from habeas.model.errors import IntegrityError, Unavailable
from habeas.model.installation.settings import Settings
from habeas.warehouse.authenticated.trust import Trust
from habeas.warehouse.contracts import STATISTICS, VERSION, Contract, read_contracts
from habeas.warehouse.delta.delta_reader import DeltaReader
from habeas.warehouse.delta.table_lock import table_lock
from habeas.warehouse.spark_frames import local, struct_of
from habeas.warehouse.spark_session import jvm_pid

Thing = TypeVar("Thing")
_GLOBBED = re.compile(r"[\\*?\[\]{}]")  # Spark would look for a pattern's files
MANY = 200  # files: from here on, skipping some is worth more than a read's jobs


class Tables:
    """The warehouse: every table by its contract's name. `run_id` and `policy_digest` go into each commit.

    `guard` is called before every write and raises when nothing may be written: while everything is halted. `trust`:
    by what decisions are signed and verified before they are acted on; every job has one, an import needs none.
    """

    def __init__(
        self,
        spark: SparkSession,
        settings: Settings,
        run_id: str,
        policy_digest: str = "",
        guard: Callable[[], None] = lambda: None,
        trust: Trust | None = None,
    ) -> None:
        self.spark = spark
        self.trust = trust
        self.guard = guard
        self.warehouse: Path = settings.warehouse
        self._reader = DeltaReader(self.warehouse)
        self.contracts: Mapping[str, Contract] = read_contracts(settings.schemas)
        self._metadata = json.dumps({"run_id": run_id, "policy_digest": policy_digest})

    def guarded(self, things: Iterable[Thing]) -> Iterator[Thing]:
        """The same things, for long work beside Spark: the guard may end it at each."""
        for thing in things:
            self.guard()
            yield thing

    def path(self, name: str) -> str:
        """Folder of a table."""
        return str(self.warehouse / name)

    def schema(self, name: str) -> StructType:
        """Spark schema of a table, from its contract."""
        return struct_of(self.contracts[name].ddl)

    def exists(self, name: str) -> bool:
        """True if the table has a first commit."""
        return self._reader.exists(name)

    def read(self, name: str) -> DataFrame:
        """The table as it is now, or an empty frame of its shape when nothing was ever written to it.

        Which files a commit has is read from the log by `deltalake`: Delta's own way costs some Spark jobs a read,
        most of what a run of few changes does. Tables of many files go that way: Delta skips files by their
        statistics (decision 0013).
        """
        if not self.exists(name):
            return local(self.spark, [], self.schema(name))
        files = self._reader.plain_files(name)
        if files is None or len(files) > MANY:
            return self._with_new_columns(name, self.spark.read.format("delta").load(self.path(name)))
        return self.of_files(name, files)

    def _with_new_columns(self, name: str, rows: DataFrame) -> DataFrame:
        """A table of an older version, in the shape of its contract: an optional column that it lacks is null."""
        missing = {
            c.name: F.lit(None).cast(c.type)
            for c in self.contracts[name].columns
            if c.name not in rows.columns and not c.required
        }
        return rows.withColumns(missing) if missing else rows

    def of_files(self, name: str, files: Collection[str]) -> DataFrame:
        """Rows of some of a table's files, named as in its log."""
        if not files:
            return local(self.spark, [], self.schema(name))
        paths = [_GLOBBED.sub(r"\\\g<0>", str(self.warehouse / name / file)) for file in sorted(files)]
        return self.spark.read.schema(self.schema(name)).parquet(*paths)

    def rows(
        self,
        name: str,
        column: str = "",
        values: Collection[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> list[dict[str, Any]]:
        """Few rows, read without a plan: all of a small table, or those whose `column` holds one of `values`.

        What is looked for goes into no plan and no log.
        """
        return self._reader.few(name, column, values, columns)

    def frame(self, name: str, rows: list[dict[str, object]]) -> DataFrame:
        """Rows as a frame of the table's shape; a missing column is null."""
        names = self.contracts[name].names
        return self.spark.createDataFrame([tuple(r.get(n) for n in names) for r in rows], self.schema(name))

    def append(self, name: str, rows: DataFrame) -> None:
        """Append rows under the table's lock; the table is created first if it isn't there. Raises Halted."""
        with self._writing(name):
            self._append(name, rows)

    def replace_run(self, name: str, rows: DataFrame, run_id: str) -> None:
        """Put `rows` in place of what an earlier try of the same run left, in one commit."""
        with self._writing(name):
            if not self.holds_run(name, run_id):  # the first try: nothing to look through
                self._append(name, rows)
                return
            writer = self._shaped(name, rows).write.format("delta").mode("overwrite")
            writer.option("replaceWhere", f"run_id = '{run_id}'").save(self.path(name))

    def clear_run(self, name: str, run_id: str) -> None:
        """Take a run's rows out, in one commit; without any there is none.

        Where the table holds nothing else, as it mostly does, its files are dropped unread: Delta's search for rows to
        keep costs more than all that a small run writes.
        """
        if not self.holds_run(name, run_id):
            return
        with self._writing(name):
            others = self._reader.holds(name, [("run_id", "!=", run_id)])
            target = DeltaTable.forPath(self.spark, self.path(name))
            target.delete(F.col("run_id") == F.lit(run_id)) if others else target.delete()

    def holds_run(self, name: str, run_id: str) -> bool:
        """Whether rows of the run are in the table."""
        return self.exists(name) and self._reader.holds(name, [("run_id", "=", run_id)])

    def insert_missing(self, name: str, rows: DataFrame, **alike: str | datetime) -> None:
        """Insert the rows whose key is not there yet; a retry inserts nothing and makes no commit.

        `alike`: columns and the value that each has in all `rows`, of which there are some. Only files that may hold
        those values are looked into; where none does, nothing has to be compared.
        """
        with self._writing(name):
            same = [(column, "=", value) for column, value in alike.items()]
            if self._empty(name) or (same and not self._reader.holds(name, same)):
                self._append(name, rows)
            else:
                self._merge(name, rows, **alike).whenNotMatchedInsertAll().execute()

    def insert_rows(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """As `insert_missing`, for rows that are few: what is there already is looked up, the rest appended."""
        if not rows:
            return
        key = self.contracts[name].key
        with self._writing(name):
            stored = self._stored_keys(name, key, {row[key[0]] for row in rows})
            fresh = {tuple(row[c] for c in key): dict(row) for row in rows}
            if missing := [row for named, row in fresh.items() if named not in stored]:
                self._append(name, self.frame(name, missing).coalesce(1))

    def _stored_keys(self, name: str, key: Sequence[str], firsts: Collection[Any]) -> set[tuple[Any, ...]]:
        """Keys that are there, of those that begin with one of `firsts`; the rest of a row may be long."""
        if not self._reader.exists(name):
            return set()
        there = self._reader.read(name, key, [(key[0], "in", sorted(firsts))])
        return set(zip(*(there.column(column).to_pylist() for column in key), strict=True))

    def upsert(self, name: str, rows: DataFrame, when: str | None = None) -> None:
        """Insert new keys; update known ones where `when` (over `t` and `s`) holds."""
        with self._writing(name):
            if self._empty(name):
                self._append(name, rows)
            else:
                self._merge(name, rows).whenMatchedUpdateAll(when).whenNotMatchedInsertAll().execute()

    def upsert_rows(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """As `upsert`, for rows that are few."""
        if rows:
            self.upsert(name, self.frame(name, [dict(row) for row in rows]))

    def delete_matching(self, name: str, keys: DataFrame, on: list[str]) -> None:
        """Delete by join: a predicate's literals would stay in the Delta log for ever."""
        with self._writing(name):
            condition = " AND ".join(f"t.`{c}` = s.`{c}`" for c in on)
            target = DeltaTable.forPath(self.spark, self.path(name)).alias("t")
            target.merge(keys.select(*on).distinct().alias("s"), condition).whenMatchedDelete().execute()

    def _merge(self, name: str, rows: DataFrame, **alike: str | datetime) -> DeltaMergeBuilder:
        condition = F.expr(" AND ".join(f"t.`{c}` = s.`{c}`" for c in self.contracts[name].key))
        for column, value in alike.items():
            condition &= F.col(f"t.{column}") == F.lit(value)
        target = DeltaTable.forPath(self.spark, self.path(name)).alias("t")
        return target.merge(self._shaped(name, rows).alias("s"), condition)

    def _append(self, name: str, rows: DataFrame) -> None:
        self._shaped(name, rows).write.format("delta").mode("append").save(self.path(name))

    def _empty(self, name: str) -> bool:
        """True if the table has no rows. Call it under the table's lock, so that no writer adds some meanwhile."""
        return not self._reader.files(name)[1]

    def _shaped(self, name: str, rows: DataFrame) -> DataFrame:
        return rows.select(*self.contracts[name].names)

    @contextmanager
    def _writing(self, name: str) -> Iterator[None]:
        with table_lock(self.warehouse, name, jvm_pid(self.spark), while_waiting=self.guard):
            self.guard()
            if not self.exists(name):
                _clear_begun(self.warehouse / name)
                self._create(self.contracts[name])
            self._add_columns(name)
            self.spark.conf.set("spark.databricks.delta.commitInfo.userMetadata", self._metadata)
            yield

    def _create(self, contract: Contract) -> None:
        try:
            builder = DeltaTable.createIfNotExists(self.spark).location(self.path(contract.name))
            builder = builder.addColumns(self.schema(contract.name)).comment(contract.description)
            for key, value in contract.properties.items():
                builder = builder.property(key, value)
            if contract.constraints:  # in the same commit: a table is never there without its checks
                check = " AND ".join(f"({c})" for c in contract.constraints)
                builder = builder.property("delta.constraints.contract", check)
            builder.execute()
        except Exception as error:
            if "ermission" in str(error) or "Read-only" in str(error):
                raise Unavailable(
                    "the warehouse can't be written", hint="Check its owner and free space."
                ) from None
            raise

    def _add_columns(self, name: str) -> None:
        """Give a table of an older version the optional columns that its contract gained; its rows have null there."""
        there = self._reader.columns(name)
        columns = self.contracts[name].columns
        new = [c.ddl for c in columns if c.name not in there and not c.required]
        if new:
            self.spark.sql(f"ALTER TABLE delta.`{self.path(name)}` ADD COLUMNS ({', '.join(new)})")

    def differences(self, name: str) -> list[str]:
        """Where the table on disk differs from its contract; empty when they agree.

        Read from the log, without a Spark job. A table that another version of the contract made may lack optional
        columns, which it gets when it is next written, and keeps the checks and statistics of then: of no more columns
        than the contract allows.
        """
        contract, shape = self.contracts[name], self.schema(name)
        written, properties = self._reader.shape(name)
        actual = {field.name: field for field in StructType.fromJson(written).fields}
        same_version = properties.get(VERSION) == contract.properties[VERSION]
        differences = [f"{c} is not in the contract" for c in actual if c not in contract.names]
        for column in contract.columns:
            field = actual.get(column.name)
            if field is None:
                differences += [f"{column.name} is missing"] if column.required or same_version else []
            elif field.dataType.simpleString() != shape[column.name].dataType.simpleString():
                differences.append(f"{column.name} is {field.dataType.simpleString()}, not {column.type}")
            elif same_version and field.nullable == column.required:
                differences.append(f"{column.name} is {'nullable' if field.nullable else 'required'}")
        if same_version:
            differences += [
                f"{k} is {properties.get(k)}"
                for k, v in contract.properties.items()
                if properties.get(k) != v and k != STATISTICS
            ]
            if bool(contract.constraints) != ("delta.constraints.contract" in properties):
                differences.append("its constraints differ")
        kept = set(filter(None, properties.get(STATISTICS, "").split(",")))
        if STATISTICS not in properties or kept - set(contract.statistics):
            differences.append("its files may keep statistics of columns that must have none")
        return differences

    def require(self, name: str) -> None:
        """Raise IntegrityError when table and contract differ."""
        if differences := self.differences(name):
            raise IntegrityError(
                f"table {name} differs from its contract: {'; '.join(differences)}",
                hint=f"Nothing was done. Its contract: habeas tables describe {name}. Find out who changed the table, "
                "and put it back from a backup.",
            )

    def require_contracts(self) -> None:
        """Raise IntegrityError when a table that is there differs from its contract."""
        for name in sorted(self.contracts):
            if self.exists(name):
                self.require(name)


def _clear_begun(folder: Path) -> None:
    """Remove what a creation left that was killed before its first commit: Delta makes no table where something lies.

    Called under the table's lock, so no writer is at work. A folder with a file that isn't hidden is left to a person.
    """
    files = [path for path in folder.rglob("*") if not path.is_dir()]
    if folder.is_dir() and all(path.name.startswith(".") for path in files):
        shutil.rmtree(folder)
