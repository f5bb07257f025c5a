"""The commands of the consent desk on a real installation: said, asked about, taken home, read back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from import_files import SOURCE, csv_bytes
from pyspark.sql import SparkSession
from typer.testing import CliRunner

from habeas.cli.installation import Installation
from habeas.cli.main import app
from habeas.cli.operate.setup import make

pytestmark = [pytest.mark.spark, pytest.mark.timeout(900)]


class Desk:
    """An installation with one source, and its commands."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.place: Installation = make(home, None, ["archive_search"], "synthetic")[0]
        (self.place.settings.archive / "studio" / "open-day").mkdir(parents=True)
        (home / "sources.csv").write_bytes(csv_bytes(SOURCE, {}))
        self("source", "add", str(home / "sources.csv"))

    def __call__(self, *words: str, stdin: str | None = None, code: int = 0) -> Any:
        runner = CliRunner(env={"HABEAS_CONFIG": str(self.place.config), "NO_COLOR": "1"})
        quiet = () if words[:2] == ("consent", "receipt") else ("--json",)
        told = runner.invoke(app, [*words, *quiet], input=stdin)
        assert code == told.exit_code, told.output
        return json.loads(told.stdout) if told.stdout.startswith(("{", "[")) else told.stderr

    def show(self, *words: str) -> Any:
        return self("consent", "show", "--subject-file", "-", *words, stdin="B-1\n")


def test_from_the_desk_to_the_receipt_and_back(spark: SparkSession, tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home")
    grant = ("consent", "grant", "--purpose", "archive_search", "--notice-version", "2026-1", "--explicit",
             "--separate", "--written", "--event", "open-day", "--recipient", "Vendor A", "--age", "adult",
             "--jurisdiction", "KR", "--subject-file", "-")  # fmt: skip
    assert 1 == desk(*grant, stdin="B-1\n")["statements"]
    (said,) = desk.show()["statements"]
    assert ("given", "footage of event open-day", ["Vendor A"]) == (
        said["standing"],
        said["about"],
        said["recipients"],
    )
    assert 1 == len(desk.place.registrar.open_keys())

    receipt = desk("consent", "receipt", "--subject", said["subject_id"])
    file = desk.home / "receipt.jsonld"
    file.write_text(json.dumps(receipt))
    back = desk("consent", "import", str(file))
    assert (1, []) == (back["statements"], back["set_aside"])
    assert 1 == len(desk.show()["statements"])

    desk("consent", "withdraw", "--purpose", "archive_search", "--subject", said["subject_id"])
    assert ["", "withdrawn"] == [row["standing"] for row in desk.show()["statements"]]
    assert frozenset() == desk.place.registrar.open_keys()
    then = desk.show("--known-at", said["recorded_at"], "--as-of", said["recorded_at"])
    assert ["given"] == [row["standing"] for row in then["statements"]]

    words = ("consent", "withdraw", "--purpose", "archive_search", "--subject-file", "-")
    typo = desk(*words, stdin="B-l\n", code=2)
    assert 1 == typo["withdrawn_unasked"]
    assert ["looks_like_known"] == [each["reason"] for each in typo["remarks"]]
    assert "known" in desk("consent", "show", "--subject-file", "-", stdin="B-nobody\n", code=2)


def test_lists_of_folders_people_and_a_database(spark: SparkSession, tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home")
    occasions, out, query = (desk.home / name for name in ("occasions.csv", "out.csv", "desk.sql"))
    occasions.write_text(
        "source,folder,kind,name\nstudio,open-day,event,open-day\nstudio,elsewhere,event,x\n"
    )
    told = desk("source", "occasions", str(occasions), code=2)
    assert (2, ["folder_missing"]) == (told["occasions"], [each["reason"] for each in told["remarks"]])

    database = desk.home / "desk.sqlite"
    with sa.create_engine(f"sqlite:///{database}").begin() as connection:
        connection.exec_driver_sql("create table desk (badge text, yes int)")
        connection.exec_driver_sql("insert into desk values ('B-1', 1), ('B-2', 0)")
    (desk.home / "url").write_text(f"sqlite:///{database}")
    query.write_text(
        "select badge as subject, 'archive_search' as purpose, iif(yes, 'given', 'refused') as status, "
        "'2026-05-01T00\\:00\\:00Z' as given_at, 'true' as explicit, '1' as notice_version, 'form' as method from desk;"
    )
    told = desk("consent", "import", str(query), "--url-file", str(desk.home / "url"))
    assert (2, []) == (told["statements"], told["set_aside"])
    assert 1 == len(desk.place.registrar.open_keys())

    out.write_text("kind,since,reason,subject\nleave_out,2026-11-01T00:00:00Z,family_asked,B-1\n")
    assert 1 == desk("consent", "leave-out", str(out))["leave-outs"]
    assert frozenset() == desk.place.registrar.open_keys()
    (record,) = desk.show()["leave_outs"]
    assert (True, "all footage") == (record["in_force"], record["about"])

    out.write_text(f"kind,since,reason,lifts\nleave_out,{record['since']},mended,{record['leave_out_id']}\n")
    desk("consent", "leave-out", str(out))
    assert [False] == [row["in_force"] for row in desk.show()["leave_outs"]]
    assert 1 == len(desk.place.registrar.open_keys())
