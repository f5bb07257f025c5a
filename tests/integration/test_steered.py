"""What somebody can steer who writes the installation's folder, and holds neither its key nor its custody: nothing."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from installations import Installed, copy_of

from habeas.faces.model_packs.registry import read as read_pack
from habeas.model.installation.resources import PROJECT
from habeas.oversight.replay.replay import Replayer
from habeas.oversight.replay.selection import of_run
from habeas.oversight.runs.last_run import TABLES, Mark
from habeas.pipeline.record.imports import add_leave_outs
from habeas.synthetic.archives.archive_people import LEAVE_OUT_COLUMNS
from habeas.warehouse.authenticated.run_records import RunFolder
from habeas.warehouse.current.row_status import newest_statuses
from habeas.warehouse.delta.delta_reader import DeltaReader

pytestmark = [pytest.mark.spark, pytest.mark.timeout(900)]


def edited(installed: Installed, table: str, change: Callable[[dict[str, Any]], None]) -> int:
    """Rows of a table changed in its own files, as somebody with the folder can; how many changed."""
    changed = 0
    warehouse = installed.place.settings.warehouse
    for file in DeltaReader(warehouse).files(table)[1]:
        place = warehouse / table / file
        held = _in_utc(pq.read_table(place))
        rows = held.to_pylist()
        before = [dict(row) for row in rows]
        for row in rows:
            change(row)
        changed += sum(a != b for a, b in zip(before, rows, strict=True))
        pq.write_table(pa.Table.from_pylist(rows, schema=held.schema), place)
        place.with_name(f".{place.name}.crc").unlink(missing_ok=True)
        _sizes_fit(warehouse / table / "_delta_log", file, place.stat().st_size)
    return changed


def _in_utc(held: pa.Table) -> pa.Table:
    """Instants as Delta's writers may write them: Spark's own have a form that pyarrow reads without a zone."""
    for at, field in enumerate(held.schema):
        if pa.types.is_timestamp(field.type):
            micros = held.column(at).cast(pa.timestamp("us"), safe=False).cast(pa.timestamp("us", "UTC"))
            held = held.set_column(at, field.name, micros)
    return held


def _sizes_fit(log: Path, file: str, size: int) -> None:
    """The log says how large each file is; nobody signed it."""
    for commit in log.glob("*.json"):
        actions = [json.loads(line) for line in commit.read_text().splitlines()]
        for action in actions:
            if action.get("add", {}).get("path") == file:
                action["add"] |= {"size": size, "stats": "{}"}
        commit.write_text("\n".join(json.dumps(action) for action in actions))
        commit.with_name(f".{commit.name}.crc").unlink(missing_ok=True)


@pytest.fixture
def staged(staged_once: Installed, tmp_path: Path) -> Installed:
    """In the middle of its first night: embedded, not yet checked."""
    return copy_of(staged_once, tmp_path / "home")


@pytest.fixture(scope="module")
def staged_once(decided: Installed, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    made = copy_of(decided, tmp_path_factory.mktemp("staged") / "home")
    made.steps("first", "embed")
    return made


def other_ciphertext(row: dict[str, Any]) -> None:
    if row["sealed"]:
        row["sealed"] = bytes(row["sealed"][:-1]) + bytes([row["sealed"][-1] ^ 1])


def test_a_ciphertext_edited_before_the_check_is_never_published(staged: Installed, capfd: Any) -> None:
    assert edited(staged, "staged", other_ciphertext) > 0
    assert 5 == staged.step("check", "first")
    assert "are not those that its embed task left" in capfd.readouterr().err
    assert 3 == staged.step("publish", "first")
    assert [] == staged.rows("embeddings")


@pytest.mark.battery  # one more edit of the same kind
def test_a_row_edited_after_the_check_is_never_published_and_is_made_again(
    staged: Installed, capfd: Any
) -> None:
    """Publish takes the rows that the check passed, and no others."""
    staged.steps("first", "check")
    assert (
        edited(staged, "staged", lambda row: row.update(rank=7) if row["kind"] == "embedding" else None) > 0
    )
    assert 5 == staged.step("publish", "first")
    assert "are not those that its check passed" in capfd.readouterr().err
    assert [] == staged.rows("embeddings") == staged.rows("row_status") == staged.rows("work")
    staged.steps("first", "embed", "check", "publish")
    assert staged.rows("embeddings") and not staged.rows("staged")


@pytest.mark.battery  # one more edit of the same kind
def test_rows_that_no_check_looked_at_are_not_published(staged: Installed) -> None:
    """Also not with the record of another run's check in the place of its own."""
    assert 3 == staged.step("publish", "first")
    runs = staged.place.settings.runs
    other = RunFolder(runs, "first").read("embed")
    assert other is not None
    told = {"run_id": "first", "task": "check", "status": "done", "started_at": "", "finished_at": "", "seconds": 0.0,
            "cpu_seconds": 0.0, "counts": {}, "digests": dict(other.digests), "mac": other.mac}  # fmt: skip
    (runs / "first" / "check.json").write_text(json.dumps(told))
    assert 5 == staged.step("publish", "first")
    assert [] == staged.rows("embeddings")


def open_rows(installed: Installed) -> set[str]:
    newest = newest_statuses(installed.rows("row_status"))
    return {row for row, status in newest.items() if status["status"] == "open"}


@pytest.fixture
def night(first_night: Installed, tmp_path: Path) -> Installed:
    """After its first night."""
    return copy_of(first_night, tmp_path / "home")


def leave_out(installed: Installed, person: str = "", asset: str = "") -> None:
    """Somebody asks for this person, or this file, to be left out."""
    now = datetime.now(UTC)
    line = dict.fromkeys(LEAVE_OUT_COLUMNS, "") | {
        "kind": "leave_out", "since": now.isoformat(), "reason": "family_asked", "subject": person, "asset": asset,
    }  # fmt: skip
    text = io.StringIO()
    writer = csv.DictWriter(text, list(LEAVE_OUT_COLUMNS))
    writer.writeheader()
    writer.writerow(line)
    with installed.place.tables("left-out") as tables:
        add_leave_outs(
            tables,
            installed.place.registrar,
            io.BytesIO(text.getvalue().encode()),
            installed.place.purposes,
            now,
        )


def somebody_stored(installed: Installed) -> tuple[str, str]:
    """The real id of a person with open rows, and the random one."""
    opened = open_rows(installed)
    stored = {row["subject_id"] for row in installed.rows("embeddings") if row["row_id"] in opened}
    for person in installed.truth["people"]:
        known = installed.place.registrar.find_subject(person["badge"])
        if known in stored:
            return person["badge"], known
    raise AssertionError("nobody is stored")


def marks_edited(installed: Installed, run_id: str) -> None:
    """As if that run had seen the tables as they are now, with the code it left."""
    place = installed.place.settings.runs / run_id / "decide.json"
    held = json.loads(place.read_text())
    reader = installed.place.reader
    held["digests"] |= {f"saw_{table}": str(Mark.of(*reader.files(table))) for table in TABLES}
    place.write_text(json.dumps(held))


def test_edited_marks_do_not_keep_a_leave_out_from_the_next_night(night: Installed) -> None:
    person, subject = somebody_stored(night)
    leave_out(night, person)
    marks_edited(night, "first")
    night.steps("second", "catalog", "decide")
    mine = {row["row_id"] for row in night.rows("embeddings") if row["subject_id"] == subject}
    assert mine and not mine & open_rows(night)
    record = night.record("second", "decide")
    assert "no record of an earlier run verifies" == record.digests["whole"]
    assert 1 == record.counts["records_not_verified"]


def to_allow(row: dict[str, Any]) -> None:
    if row["action"] == "embed" and row["effect"] != "allow":
        row["effect"] = "allow"


def test_a_refusal_edited_into_an_allow_embeds_nobody_and_whole_repairs_it(
    decided: Installed, tmp_path: Path, capfd: Any
) -> None:
    """The verdict of the facts says no, and the code isn't the row's."""
    installed = copy_of(decided, tmp_path / "home")
    before = {row["decision_id"]: row["effect"] for row in installed.rows("decisions")}
    assert edited(installed, "decisions", to_allow) > 0
    assert 5 == installed.step("embed", "first")
    assert "decisions are not as they were made" in capfd.readouterr().err
    assert [] == installed.rows("staged")
    assert 0 == installed.step("decide", "anew", "--whole")
    newest = [row for row in installed.rows("decisions") if row["run_id"] == "anew"]
    assert {row["effect"] for row in newest if row["action"] == "embed"} <= {"deny", "gap"}
    assert len(newest) >= sum(effect != "allow" for effect in before.values()) // 2
    installed.steps("anew", "embed", "check", "publish")
    allowed = {row["line_id"] for row in installed.rows("decisions")
               if before.get(row["decision_id"]) == "allow" and row["line_id"]}  # fmt: skip
    assert {row["line_id"] for row in installed.rows("embeddings")} <= allowed


def test_an_allow_moved_to_a_refused_line_embeds_nobody(
    decided: Installed, tmp_path: Path, capfd: Any
) -> None:
    """With its facts, its rules and its own code: all of them allow, for somebody else."""
    installed = copy_of(decided, tmp_path / "home")
    rows = [row for row in installed.rows("decisions") if row["action"] == "embed"]
    given = next(row for row in rows if row["effect"] == "allow")
    # In a file that is scanned: others listed there are allowed.
    scanned = {
        row["asset_id"] for row in rows if (row["effect"], row["purpose"]) == ("allow", given["purpose"])
    }
    refused = next(
        row
        for row in rows
        if row["effect"] != "allow"
        and row["purpose"] == given["purpose"]
        and row["key_id"]
        and row["asset_id"] in scanned
    )

    def moved(row: dict[str, Any]) -> None:
        if row["decision_id"] == refused["decision_id"]:
            row |= given | {name: refused[name] for name in ("decision_id", "line_id", "asset_id", "key_id")}

    assert 1 == edited(installed, "decisions", moved)
    assert 5 == installed.step("embed", "first")
    assert "1 decisions are not as they were made" in capfd.readouterr().err


def test_a_closed_row_is_not_opened_by_an_edited_decision(night: Installed, capfd: Any) -> None:
    """Its file was left out; its key is open."""
    opened = open_rows(night)
    asset = next(row["asset_id"] for row in night.rows("embeddings") if row["row_id"] in opened)
    leave_out(night, asset=f"urn:habeas:asset:{asset}")
    night.steps("second", "catalog", "decide")
    mine = {row["row_id"] for row in night.rows("embeddings") if row["asset_id"] == asset}
    assert mine and not mine & open_rows(night)
    others = open_rows(night)
    edited(night, "decisions", lambda row: to_allow(row) if row["run_id"] == "second" else None)
    assert 5 == night.step("decide", "third")
    assert "are not as they were made" in capfd.readouterr().err
    assert others == open_rows(night)
    assert 0 == night.step("decide", "fourth", "--whole")
    assert others == open_rows(night)


@pytest.mark.battery  # one more edit of the same kind
def test_a_permission_that_was_made_longer_is_not_used(night: Installed, capfd: Any) -> None:
    def longer(row: dict[str, Any]) -> None:
        if row["action"] == "embed" and row["effect"] == "allow" and row["valid_until"]:
            row["valid_until"] = row["valid_until"].replace(year=row["valid_until"].year + 20)

    assert open_rows(night) and edited(night, "decisions", longer) > 0
    assert 5 == night.step("decide", "second")
    assert "are not as they were made" in capfd.readouterr().err
    changed = {row["decision_id"] for row in night.rows("decisions") if row["valid_until"] and
               row["valid_until"].year > 2040}  # fmt: skip
    status = newest_statuses(night.rows("row_status"))
    assert all(each["status"] == "closed" for each in status.values() if each["decision_id"] in changed)


@pytest.mark.battery  # one more edit of the same kind
def test_facts_edited_under_their_digest_are_not_decided_by(decided: Installed, tmp_path: Path) -> None:
    installed = copy_of(decided, tmp_path / "home")

    def better(row: dict[str, Any]) -> None:
        row["facts"] = row["facts"].replace("false", "true")

    assert edited(installed, "fact_sets", better) > 0
    assert 5 == installed.step("embed", "first")


def test_decisions_about_one_model_allow_no_other(decided: Installed, tmp_path: Path) -> None:
    """The model is part of the decision: another pack finds nothing that it may work on."""
    installed = copy_of(decided, tmp_path / "home")
    models = tmp_path / "models"
    shutil.copytree(PROJECT / "models" / "synthetic", models / "other")
    told = models / "other" / "pack.toml"
    told.write_text(told.read_text().replace('name = "synthetic"', 'name = "other"', 1))
    assert "other" == read_pack(models / "other").name
    config = installed.place.config
    config.write_text(f'{config.read_text()}models = "{models}"\n')
    assert 0 == installed.step("embed", "first", "--model", "other")
    assert 0 == installed.counts("first", "embed")["assets_planned"]


@pytest.mark.battery  # one more edit of the same kind
def test_a_tainted_model_embeds_nothing_also_where_it_was_decided_on_before(
    decided: Installed, tmp_path: Path, capfd: Any
) -> None:
    installed = copy_of(decided, tmp_path / "home")
    digest = read_pack(PROJECT / "models" / "synthetic").recogniser.sha256
    listed = f"models:\n  - digest: {digest}\n    reason: made from photos of travellers\n"
    (installed.place.settings.policies / "tainted.yaml").write_text(listed)
    assert 4 == installed.step("embed", "first")
    assert "list of tainted models: made from photos of travellers" in capfd.readouterr().err


def test_replay_names_an_edited_decision(night: Installed) -> None:
    edited(night, "decisions", to_allow)
    replayer: Replayer = night.place.replayer()
    told = [each for rows in of_run(night.place.reader, "first") for each in replayer.replay(rows)]
    assert any("effect" in each.differs for each in told)
