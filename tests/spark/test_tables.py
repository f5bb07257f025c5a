"""Tables are what their contracts say, and refuse what they must not hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from habeas.cli.operate.tables import app
from habeas.model.errors import IntegrityError
from habeas.model.installation.resources import PROJECT
from habeas.model.installation.settings import Settings
from habeas.warehouse.contracts import read_contracts
from habeas.warehouse.spark_tables import Tables

pytestmark = pytest.mark.spark
NOW = datetime(2026, 11, 23, tzinfo=UTC)
WORK = {"asset_id": "a", "work_digest": "w", "state": "done", "run_id": "r", "recorded_at": NOW}


@pytest.mark.parametrize(
    "name",
    sorted(read_contracts(PROJECT / "schemas")),
)
def test_a_created_table_is_what_its_contract_says(tables: Tables, name: str) -> None:
    tables.append(name, tables.frame(name, []))
    assert tables.differences(name) == []


def test_a_table_is_never_there_without_its_checks(tables: Tables) -> None:
    """A job killed between two commits would leave a table that takes anything, for ever."""
    tables.append("staged", tables.frame("staged", []))
    first = DeltaTable(tables.path("staged"), version=0)
    assert "delta.constraints.contract" in first.metadata().configuration


def test_a_column_nobody_wrote_down_is_found(tables: Tables) -> None:
    tables.append("work", tables.frame("work", []))
    tables.spark.sql(f"ALTER TABLE delta.`{tables.path('work')}` ADD COLUMN name STRING")
    assert tables.differences("work") == ["name is not in the contract"]
    with pytest.raises(IntegrityError, match="name is not in the contract") as refused:
        tables.require_contracts()
    assert "habeas tables describe work" in refused.value.hint
    assert "describe" in {
        command.callback.__name__ for command in app.registered_commands if command.callback
    }


def test_a_table_that_differs_in_any_way_is_found(tables: Tables) -> None:
    for name in ("work", "sources", "keys", "staged"):
        tables.append(name, tables.frame(name, []))
    tables.require_contracts()
    change = "ALTER TABLE delta.`{}` {}"
    tables.spark.sql(change.format(tables.path("work"), "ALTER COLUMN run_id DROP NOT NULL"))
    tables.spark.sql(change.format(tables.path("staged"), "DROP CONSTRAINT contract"))
    assert ["run_id is nullable"] == tables.differences("work")
    assert ["its constraints differ"] == tables.differences("staged")


def test_a_table_of_an_older_version_without_an_optional_column_is_no_difference(
    tables: Tables, settings: Settings
) -> None:
    contract = tables.contracts["decisions"]
    columns = tuple(c for c in contract.columns if c.required or c.name == "line_id")
    of_then = Tables(tables.spark, settings, run_id="then")
    older = replace(contract, version="1.0.0", columns=columns, constraints=())
    of_then.contracts = dict(tables.contracts) | {"decisions": older}
    of_then.append("decisions", of_then.frame("decisions", []))
    assert [] == tables.differences("decisions")
    tables.append("decisions", tables.frame("decisions", []))  # which adds the columns
    assert [] == tables.differences("decisions")


@pytest.mark.parametrize("columns", ["", "asset_id,location"])
def test_a_table_whose_log_may_tell_of_paths_is_found(tables: Tables, columns: str) -> None:
    tables.append("assets", tables.frame("assets", []))
    name = "delta.dataSkippingStatsColumns"
    change = f"SET TBLPROPERTIES ('{name}' = '{columns}')" if columns else f"UNSET TBLPROPERTIES ('{name}')"
    tables.spark.sql(f"ALTER TABLE delta.`{tables.path('assets')}` {change}")
    assert ["its files may keep statistics of columns that must have none"] == tables.differences("assets")


def test_a_retry_inserts_nothing_and_makes_no_commit(tables: Tables) -> None:
    rows = tables.frame("work", [WORK])
    tables.insert_missing("work", rows)
    history = f"DESCRIBE HISTORY delta.`{tables.path('work')}`"
    before = tables.spark.sql(history).count()
    tables.insert_missing("work", rows)
    assert tables.read("work").count() == 1
    assert tables.spark.sql(history).count() == before


def test_rows_of_one_time_are_inserted_once(tables: Tables) -> None:
    """A time is finer than what the log tells of a file: a retry must not take its own rows for another time's."""
    now = NOW + timedelta(microseconds=123_456)
    later, work = now + timedelta(days=1), WORK | {"recorded_at": now}
    for rows in ([work], [work, work | {"asset_id": "b"}]):
        tables.insert_missing("work", tables.frame("work", rows), recorded_at=now)
    rows = [WORK | {"asset_id": "c", "recorded_at": later}]
    tables.insert_missing("work", tables.frame("work", rows), recorded_at=later, state="done")
    assert ["a", "b", "c"] == sorted(row["asset_id"] for row in tables.rows("work"))


def test_a_table_whose_creation_was_killed_is_made_by_the_next_try(tables: Tables) -> None:
    log = tables.warehouse / "work" / "_delta_log"
    (log / "_staged_commits").mkdir(parents=True)
    (log / ".00000000000000000000.json.5f0c.tmp").write_text("{")
    tables.append("work", tables.frame("work", [WORK]))
    assert [row["asset_id"] for row in tables.rows("work")] == [WORK["asset_id"]]


def test_files_without_a_log_are_left_to_a_person(tables: Tables) -> None:
    lost = tables.warehouse / "work" / "part-0.parquet"
    (lost.parent / "_delta_log").mkdir(parents=True)
    lost.write_text("rows of a table whose log is gone")
    with pytest.raises(Exception, match=r"DELTA_"):
        tables.append("work", tables.frame("work", [WORK]))
    assert lost.exists()


@pytest.mark.parametrize("others", [True, False])
def test_a_run_is_cleared_whole_and_no_other(tables: Tables, others: bool) -> None:
    tables.append("work", tables.frame("work", [WORK | {"run_id": "mine"}]))
    tables.append("work", tables.frame("work", [WORK | {"run_id": "mine", "asset_id": "b"}]))
    if others:
        tables.append("work", tables.frame("work", [WORK | {"run_id": "other's", "asset_id": "c"}]))
    log = tables.warehouse / "work" / "_delta_log"
    for _ in range(2):
        before = len(list(log.glob("*.json")))
        tables.clear_run("work", "mine")
        assert [row["run_id"] for row in tables.rows("work")] == (["other's"] if others else [])
    assert before == len(list(log.glob("*.json"))), "nothing to clear is no commit"


def test_a_retried_run_takes_the_place_of_its_first_try_alone(tables: Tables) -> None:
    for run, assets in (("mine", "ab"), ("other's", "c"), ("mine", "d")):
        rows = [WORK | {"run_id": run, "asset_id": asset} for asset in assets]
        tables.replace_run("work", tables.frame("work", rows), run)
    assert sorted((row["run_id"], row["asset_id"]) for row in tables.rows("work")) == [
        ("mine", "d"),
        ("other's", "c"),
    ]


def test_no_embedding_is_stored_without_a_sealed_value(tables: Tables) -> None:
    bare = dict.fromkeys(tables.contracts["staged"].names) | {
        "kind": "embedding", "run_id": "r", "asset_id": "a", "source_id": "s", "work_digest": "w",
    }  # fmt: skip
    with pytest.raises(Exception, match=r"CHECK constraint|DELTA_VIOLATE_CONSTRAINT"):
        tables.append("staged", tables.frame("staged", [bare]))


def test_sealed_bytes_and_paths_stay_out_of_file_statistics(tables: Tables) -> None:
    assert "sealed" not in tables.contracts["embeddings"].statistics
    assert "location" not in tables.contracts["assets"].statistics


@pytest.mark.parametrize("folder", ["plain", "with space", "odd[1]{a,b}*?"])
def test_spark_reads_of_a_table_what_delta_would(
    spark: SparkSession, tmp_path: Path, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After appends, a merge and a delete: old files lie beside the new ones, and none of their rows is read."""
    tables = Tables(spark, Settings(home=tmp_path / folder), run_id="test")
    kept = tables.read("work")
    for asset in ("a", "b", "c"):
        tables.append("work", tables.frame("work", [WORK | {"asset_id": asset}]))
    at_three = tables.read("work")
    tables.upsert("work", tables.frame("work", [WORK | {"state": "quarantined"}]))
    tables.delete_matching("work", tables.frame("work", [WORK | {"asset_id": "b"}]), ["asset_id"])
    found = tables.read("work")
    assert len(found.inputFiles()) < len(list((tables.warehouse / "work").glob("*.parquet")))
    assert (kept.count(), at_three.count()) == (0, 3), "what was read stays what it was"

    monkeypatch.setattr("habeas.warehouse.spark_tables.MANY", 0)
    by_delta = tables.read("work")
    assert found.dtypes == by_delta.dtypes
    assert sorted(found.collect()) == sorted(by_delta.collect())
    assert sorted(row["state"] for row in found.collect()) == ["done", "quarantined"]


def test_a_row_deleted_beside_its_file_is_not_read(tables: Tables) -> None:
    """Deletion vectors are switched off; should somebody switch them on, the files alone aren't the table."""
    tables.append("work", tables.frame("work", [WORK, WORK | {"asset_id": "b"}]).coalesce(1))
    work = f"delta.`{tables.path('work')}`"
    tables.spark.sql(f"ALTER TABLE {work} SET TBLPROPERTIES (delta.enableDeletionVectors = true)")
    tables.spark.sql(f"DELETE FROM {work} WHERE asset_id = 'b'")
    assert [row["asset_id"] for row in tables.read("work").collect()] == ["a"]


def test_deleting_leaves_no_value_in_the_delta_log(tables: Tables) -> None:
    tables.insert_missing("work", tables.frame("work", [WORK | {"asset_id": "canary-asset"}, WORK]))
    gone = tables.read("work").where("asset_id = 'canary-asset'").select("asset_id", "work_digest")
    tables.delete_matching("work", gone, ["asset_id", "work_digest"])
    newest = max((tables.warehouse / "work" / "_delta_log").glob("*.json"))
    assert [r["asset_id"] for r in tables.read("work").collect()] == ["a"]
    assert '"operation":"MERGE"' in newest.read_text()
    assert "canary-asset" not in newest.read_text().split('"add"')[0]
