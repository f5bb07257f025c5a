"""A withdrawal is durable within a second or two, without Spark: key closed, ledger written, stored rows shut."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest
import small_warehouse as story
import sqlalchemy as sa
from deltalake import DeltaTable, write_deltalake
from import_files import CONSENT, csv_bytes
from ordinary import a_place
from small_warehouse import at, fill, write
from typer.testing import CliRunner

from habeas.cli.installation import Installation
from habeas.cli.main import app
from habeas.cli.operate.setup import make
from habeas.cli.options import now
from habeas.records.consent_ledger import standing
from habeas.records.table_rows import statement_of
from habeas.sealing.keys.tables import identity, keys

BADGE = "B-1000"
Desk = Callable[..., Any]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """Ana consented and has one open template; nothing here may start Spark."""
    made: Installation = make(tmp_path / "home", None, ["archive_search"], "synthetic")[0]
    fill(made.settings.warehouse)
    registrar = made.registrar
    registrar.subject_for(BADGE, at(1))
    registrar.enrol(story.ANA, "archive_search", at(1))
    with registrar._transaction(writes=True) as connection:
        connection.execute(sa.update(identity).values(subject_id=story.ANA))
        connection.execute(sa.update(keys).values(key_id=story.KEY_ANA))

    def no_spark(*_: object) -> None:
        raise AssertionError("Spark was started")

    monkeypatch.setattr(Installation, "tables", no_spark)
    return made


@pytest.fixture
def desk(place: Installation) -> Desk:
    def call(*words: str, stdin: str | bytes | None = None, code: int = 0) -> Any:
        runner = CliRunner(env={"HABEAS_CONFIG": str(place.config), "NO_COLOR": "1", "HABEAS_DEBUG": "1"})
        told = runner.invoke(app, ["consent", *words, "--json"], input=stdin)
        assert code == told.exit_code, (told.output, told.exception)
        assert BADGE.lower() not in told.output.lower(), "a real id is never repeated"
        return json.loads(told.stdout) if told.stdout else told.stderr

    return call


def statuses(place: Installation) -> list[tuple[str, str]]:
    found = place.reader.read("row_status", filter=[("row_id", "=", story.ROW_ANA)]).to_pylist()
    return [(row["status"], row["reason"]) for row in sorted(found, key=lambda row: row["recorded_at"])]


def ledger(place: Installation) -> list[str]:
    found = place.reader.read("consents", filter=[("subject_id", "=", story.ANA)]).to_pylist()
    return [row["status"] for row in sorted(found, key=lambda row: row["recorded_at"])]


def closed(place: Installation) -> bool:
    return (
        place.registrar.open_keys() == frozenset()
        and ledger(place)[-1] == "ConsentWithdrawn"
        and statuses(place) == [("open", "published"), ("closed", "key_closed")]
    )


@pytest.mark.parametrize("typed", [BADGE, f"\ufeff{BADGE}".encode("utf-16-le"), f"{BADGE}\r\n"])
def test_a_withdrawal_at_the_desk_closes_key_and_rows_without_a_jvm(
    place: Installation, desk: Desk, typed: str | bytes
) -> None:
    told = desk("withdraw", "--purpose", "archive_search", "--subject-file", "-", stdin=typed)
    assert closed(place)
    assert (1, 1) == (told["closed"]["keys"], told["closed"]["rows"])
    (row,) = place.reader.read("row_status", filter=[("status", "=", "closed")]).to_pylist()
    assert row["decision_id"] == story.ALLOWED
    assert row["erase_by"] == row["recorded_at"] + timedelta(days=5)
    again = desk("withdraw", "--purpose", "archive_search", "--subject-file", "-", stdin=typed)
    assert (0, 0) == (again["closed"]["keys"], again["closed"]["rows"])
    assert 2 == len(statuses(place))


def test_what_was_recorded_says_who_wrote_it(place: Installation, desk: Desk) -> None:
    desk("withdraw", "--purpose", "archive_search", "--subject-file", "-", stdin=BADGE)
    newest = max((place.settings.warehouse / "consents" / "_delta_log").glob("*.json"))
    assert "import-consents" in newest.read_text()
    assert BADGE not in newest.read_text()


@pytest.mark.parametrize("typed", ["b-1000", "B–1000", "B 1000", "В-1000", "B-1O00", "b1000"])
def test_an_id_that_looks_like_a_known_one_is_asked_about_and_the_no_holds_for_both(
    place: Installation, desk: Desk, typed: str
) -> None:
    told = desk(
        "withdraw", "--purpose", "archive_search", "--subject-file", "-", stdin=typed.encode(), code=2
    )
    assert closed(place)
    assert "looks_like_known" in [each["reason"] for each in told["remarks"]]


@pytest.mark.parametrize("typed", [f" {BADGE} ", "Ｂ－１０００", f"{BADGE}\u200b"])
def test_an_id_with_what_is_not_drawn_or_in_another_width_is_read_and_told(
    place: Installation, desk: Desk, typed: str
) -> None:
    told = desk("withdraw", "--purpose", "archive_search", "--subject-file", "-", stdin=typed.encode())
    assert closed(place)
    assert ["unclean_text"] == [each["reason"] for each in told["remarks"]]


def test_ids_that_look_alike_may_be_two_people(place: Installation, desk: Desk) -> None:
    words = ("withdraw", "--purpose", "archive_search", "--subject-file", "-", "--ids-as-typed")
    told = desk(*words, stdin="b-1000", code=2)
    assert not closed(place)
    assert ["unknown_person"] == [each["reason"] for each in told["remarks"]]
    desk(*words[:-1], stdin="b-1000", code=2)
    assert not closed(place), "said once, it is known"


@pytest.mark.parametrize("divider", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["cp949", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("when", ["2026-11-12 오후 3:10", "2026. 11. 12.", "2026-11-12 15:10", ""])
def test_the_same_withdrawal_from_a_korean_spreadsheet(
    place: Installation, desk: Desk, tmp_path: Path, divider: str, encoding: str, when: str
) -> None:
    """As Excel saves it: its own dates, TRUE in capitals, and what divides fields is the region's."""
    header = ("subject", "purpose", "status", "given_at", "explicit", "method")
    lines = [header, (BADGE, "archive_search", "withdrawn", when, "TRUE", "서면 철회서")]
    file = tmp_path / "철회.csv"
    file.write_bytes("".join(divider.join(line) + "\r\n" for line in lines).encode(encoding))
    told = desk("import", str(file))
    assert closed(place)
    assert [] == told["set_aside"]
    date = "no_time_zone" if when else "missing_value"
    assert {"bad_boolean", date} == {each["reason"] for each in told["remarks"]}
    assert (1, 1) == (told["closed"]["keys"], told["closed"]["rows"])
    recorded = ledger(place)
    again = desk("import", str(file))
    assert [0, 1] == [each["recorded_before"] for each in (told, again)]
    assert recorded == ledger(place)


def test_every_line_that_may_be_a_no_is_listed_first(desk: Desk, tmp_path: Path) -> None:
    yes = [{"subject": f"B-{number}", "notice_version": ""} for number in range(10)]
    file = tmp_path / "list.csv"
    file.write_bytes(csv_bytes(CONSENT, *yes, {"status": "?"}, {"status": "withdrawn", "purpose": "x"}))
    told = desk("import", str(file), code=2)
    assert [12, 13, *range(2, 12)] == [each["line"] for each in told["set_aside"]]


def test_a_leave_out_of_somebody_nobody_knows_stays_and_is_told(
    place: Installation, desk: Desk, tmp_path: Path
) -> None:
    write(place.settings.warehouse, "leave_outs", [])
    file = tmp_path / "out.csv"
    file.write_text(
        "kind,since,reason,subject,source\n"
        f"leave_out,{now().isoformat()},asked,b-9005,\n"
        f"leave_out,{now().isoformat()},asked,,studio_portrait\n"
    )
    told = desk("leave-out", str(file), code=2)
    assert 2 == told["leave-outs"]
    assert [(2, "unknown_person"), (3, "unknown_name")] == [(e["line"], e["reason"]) for e in told["remarks"]]
    assert "nearest: studio" in told["remarks"][1]["detail"]
    assert "9005" not in json.dumps(told)
    assert 2 == len(place.reader.read("leave_outs").to_pylist())


@pytest.mark.parametrize(
    "words",
    [
        "consent withdraw b-9005",
        "consent withdraw --purpose archive_search --subject b-9005",
        "consent show b-9005",
        "consent show --subject 90059005",
        "consent import b-9005.csv",
        "consent b-9005",
        "b-9005",
        "explain b-9005",
        "explain 9005",
        "log consents --subject 90059005",
        "log decisions --asset 90059005",
        "tables show b-9005",
        "tables show embeddings --rows b-9005",
        "replay --run b-9005",
        "open b-9005",
    ],
)
def test_a_real_id_typed_by_mistake_is_never_repeated(place: Installation, words: str) -> None:
    runner = CliRunner(env={"HABEAS_CONFIG": str(place.config), "NO_COLOR": "1"})
    told = runner.invoke(app, words.split())
    assert told.exit_code != 0
    assert "9005" not in told.output


@pytest.mark.parametrize("listed", ["import", "leave-out"])
def test_a_no_is_written_before_anything_else_that_may_fail(
    place: Installation, desk: Desk, tmp_path: Path, listed: str
) -> None:
    """What a list tells of people can't be written here: a table of an older version needs Spark."""
    folder = str(place.settings.warehouse / "subjects")
    older = DeltaTable(folder).to_pyarrow_table().drop_columns(["age_said_at"])
    older = older.filter(pc.field("subject_id") != story.ANA)
    write_deltalake(folder, older, mode="overwrite", schema_mode="overwrite")
    write(place.settings.warehouse, "leave_outs", [])
    file = tmp_path / "list.csv"
    if listed == "import":
        file.write_bytes(csv_bytes(CONSENT, {"subject": BADGE, "status": "withdrawn", "age": "adult"}))
    else:
        file.write_text(f"subject,kind,since,reason\n{BADGE},objection,2026-11-20T00:00:00Z,asked\n")
    desk(listed, str(file), code=1)
    assert place.registrar.open_keys() == frozenset()
    outs = [row["subject_id"] for row in place.reader.read("leave_outs").to_pylist()]
    assert ledger(place)[-1] == "ConsentWithdrawn" if listed == "import" else outs == [story.ANA]


@pytest.mark.parametrize("ahead", [timedelta(minutes=4), timedelta(days=400)])
def test_a_withdrawal_holds_after_a_yes_that_another_clock_dated_ahead(
    place: Installation, desk: Desk, ahead: timedelta
) -> None:
    yes, *_ = place.reader.few("consents", "consent_id", ["ca"])
    later = now() + ahead
    yes |= {"consent_id": "ce", "given_at": later, "recorded_at": later, "expires_at": None}
    write(place.settings.warehouse, "consents", [yes])
    typed = ("withdraw", "--purpose", "archive_search", "--subject-file", "-")
    desk(*typed, stdin=BADGE)
    assert place.registrar.open_keys() == frozenset()
    for at_once in (now(), later + timedelta(microseconds=1), later + timedelta(hours=1)):
        said = map(statement_of, place.reader.few("consents", "subject_id", [story.ANA]))
        found = standing(said, story.ANA, "archive_search", a_place(), at_once, at_once)
        assert found.status == "withdrawn"
