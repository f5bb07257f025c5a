"""What people said, at the command line: asked about in two times, taken home as a receipt, never by real id."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import small_warehouse as story
from small_warehouse import LISTS, at, write
from typer.testing import Result

from habeas.cli.records.consent_input import statements
from habeas.model.errors import UsageError
from habeas.model.installation.resources import PROJECT
from habeas.policy.lists.purposes import load_purposes
from habeas.records.dpv.read import DpvRecords
from habeas.records.readers.rows import RowRecords

Habeas = Callable[..., Result]
PURPOSES = load_purposes(PROJECT / "policies" / "purposes.yaml")


def told(result: Result) -> dict[str, list[dict[str, object]]]:
    assert 0 == result.exit_code, result.stderr
    return json.loads(result.stdout)  # type: ignore[no-any-return]


def standing(result: Result) -> list[object]:
    return [row["standing"] for row in told(result)["statements"] if row["in_force"]]


def test_what_was_known_then_and_what_is_known_now(habeas: Habeas) -> None:
    """Ben withdrew on the 10th; it was recorded on the 11th."""
    then, later = at(10, 12).isoformat(), at(20).isoformat()
    show = ("consent", "show", "--subject", story.BEN, "--json")
    assert ["given"] == standing(habeas(*show, "--as-of", then))
    assert ["withdrawn"] == standing(habeas(*show, "--as-of", then, "--known-at", later))
    assert ["given"] == standing(habeas(*show, "--as-of", later, "--known-at", then))
    assert ["withdrawn"] == standing(habeas(*show, "--as-of", later))


def test_the_log_answers_in_two_times_as_well(habeas: Habeas) -> None:
    words = ("log", "consents", "--subject", story.BEN, "--json", "--as-of", at(20).isoformat())
    rows = json.loads(habeas(*words, "--known-at", at(10).isoformat()).stdout)
    assert ["ConsentGiven"] == [row["status"] for row in rows]


@pytest.mark.parametrize("command", ["show", "receipt"])
def test_a_person_is_named_once_and_never_by_a_real_id(habeas: Habeas, command: str) -> None:
    for words in (
        (),
        ("--subject", "Ana Example"),
        ("--subject", story.ANA, "--subject-file", "-"),
    ):
        result = habeas("consent", command, *words, stdin="B-1\n")
        assert 2 == result.exit_code
        assert "Ana" not in result.output


@pytest.mark.parametrize("command", ["grant", "withdraw"])
def test_what_is_recorded_names_people_once_and_never_by_a_real_id(habeas: Habeas, command: str) -> None:
    more = ("--notice-version", "1") if command == "grant" else ()
    for words in ((), ("--subject", "Ana Example"), ("--subject", story.ANA, "--subject-file", "-")):
        result = habeas("consent", command, "--purpose", "archive_search", *more, *words, stdin="B-1\n")
        assert 2 == result.exit_code
        assert "Ana" not in result.output


def test_a_receipt_is_theirs_to_keep(habeas: Habeas) -> None:
    result = habeas("consent", "receipt", "--subject", story.BEN)
    record = json.loads(result.stdout)
    assert f"urn:habeas:subject:{story.BEN}" == record["dpv:hasDataSubject"]["dpv:hasIdentifier"]
    assert 2 == len(record["dpv:hasProcess"])
    assert "City archive" in result.stdout
    assert "day 1" not in result.stdout


def test_there_is_no_receipt_of_nothing(habeas: Habeas) -> None:
    for words in (("--subject", story.CLEO), ("--subject", story.BEN, "--purpose", "model_training")):
        assert 2 == habeas("consent", "receipt", *words).exit_code


def test_who_is_left_out_is_shown(habeas: Habeas, config: Path, tmp_path: Path) -> None:
    out = {
        **{name: [] for name in LISTS if name not in ("recipients", "countries")},
        "leave_out_id": "1e" * 16, "kind": "objection", "subject_id": story.ANA, "purposes": ["model_training"],
        "since": at(6), "recorded_at": at(8), "reason": "objected_by_letter", "evidence_digest": "",
    }  # fmt: skip
    lift = {**out, "leave_out_id": "2e" * 16, "subject_id": None, "purposes": [], "since": at(15),
            "recorded_at": at(15), "lifts": "1e" * 16}  # fmt: skip
    warehouse = tmp_path / "warehouse"
    write(warehouse, "leave_outs", [out, lift])
    own = tmp_path / "habeas.toml"
    lines = [line for line in config.read_text().splitlines() if not line.startswith("warehouse")]
    own.write_text("\n".join([*lines, f'warehouse = "{warehouse}"']) + "\n")

    def listed(*words: str) -> list[object]:
        found = told(habeas("consent", "show", "--subject", story.ANA, "--json", *words, on=own))
        return [row["in_force"] for row in found["leave_outs"]]

    assert [] == listed("--as-of", at(7).isoformat())
    assert [True] == listed("--as-of", at(7).isoformat(), "--known-at", at(9).isoformat())
    assert [True] == listed("--as-of", at(9).isoformat())
    assert [False] == listed("--as-of", at(15).isoformat())
    assert "objected_by_letter" in habeas("consent", "show", "--subject", story.ANA, on=own).stdout


# --- where statements come from -------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "form", "kind"),
    [
        ("x.csv", None, Path),
        ("x.jsonl", None, Path),
        ("x.txt", None, Path),
        ("x.jsonld", None, DpvRecords),
        ("x.txt", "jsonld", DpvRecords),
    ],
)
def test_the_form_of_a_file_is_told_by_its_suffix(
    tmp_path: Path, name: str, form: str | None, kind: type
) -> None:
    (tmp_path / name).write_text("{}")
    with statements(str(tmp_path / name), form, PURPOSES) as given:
        assert isinstance(given, kind)


def test_a_folder_is_a_table(tmp_path: Path) -> None:
    write(tmp_path, "subjects", [{"subject_id": "a", "recorded_at": at(1)}])
    with statements(str(tmp_path / "subjects"), None, PURPOSES) as given:
        assert isinstance(given, RowRecords)


def test_the_address_of_a_database_comes_by_variable_or_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    query, url = tmp_path / "desk.sql", tmp_path / "url"
    query.write_text("select 'mina' as subject;\n")
    url.write_text("sqlite://\n")
    monkeypatch.setenv("DESK", "sqlite://")
    for words in ({"url_env": "DESK"}, {"url_file": url}):
        with statements(str(query), None, PURPOSES, **words) as given:
            assert isinstance(given, RowRecords)


def test_what_can_not_be_read_is_a_fault_of_usage(tmp_path: Path) -> None:
    (tmp_path / "empty.sql").write_text(" ;")
    (tmp_path / "query.sql").write_text("select 1")
    url = tmp_path / "url"
    url.write_text("sqlite://")
    os.environ.pop("NO_SUCH_DESK", None)
    for name, form, words in (
        ("x.csv", "xml", {}),
        ("query.sql", None, {"url_env": "NO_SUCH_DESK"}),
        ("query.sql", None, {"url_file": tmp_path / "nowhere"}),
        ("empty.sql", None, {"url_file": url}),
        ("nowhere.sql", None, {"url_file": url}),
        ("nowhere", "delta", {}),
    ):
        with pytest.raises(UsageError), statements(str(tmp_path / name), form, PURPOSES, **words):
            pass
