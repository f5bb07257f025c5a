"""Commands that only read: explain, log, tables, source list, consent show."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import small_warehouse as story
from typer.testing import Result

from habeas.cli.installation import installation
from habeas.cli.operate.setup import make
from habeas.cli.options import now
from habeas.cli.output import safe
from habeas.model.installation.runs import run_slug
from habeas.warehouse.authenticated.run_records import RunFolder, TaskRecord

Habeas = Callable[..., Result]


def test_a_template_is_explained(habeas: Habeas) -> None:
    told = habeas("explain", story.ROW_ANA[:10])
    assert 0 == told.exit_code
    for text in ("day 1.jpg", "said yes", "synthetic@", "roster line", story.RUN):
        assert text in told.stdout


def test_an_explanation_as_json_has_the_whole_chain(habeas: Habeas) -> None:
    told = json.loads(habeas("explain", story.WITHDRAWN, "--json").stdout)
    assert "refusal" == told["kind"]
    rules = ["rule HOUSE-10", "rule KR-23-1"]
    assert ["file", "source", "roster line", "consent", "decision", *rules, "regulator", "policy", "run"] == [
        link["step"] for link in told["links"]
    ]
    decision = next(link for link in told["links"] if link["step"] == "decision")
    assert [story.RULE_WITHDRAWN, story.RULE_LAW] == [rule["rule"] for rule in decision["rules"]]
    assert "PIPA" in decision["rules"][1]["citation"]


def test_a_template_without_its_decision_ends_with_an_alarm(
    habeas: Habeas, config: Path, tmp_path: Path, small_warehouse: Path
) -> None:
    shutil.copytree(small_warehouse, tmp_path / "warehouse")
    shutil.rmtree(tmp_path / "warehouse" / "decisions")
    story.write(tmp_path / "warehouse", "decisions", [])
    place = tmp_path / "habeas.toml"
    place.write_text(config.read_text().replace(str(small_warehouse), str(tmp_path / "warehouse")))
    told = habeas("explain", story.ROW_ANA, on=place)
    assert 5 == told.exit_code
    assert "should not be here" in told.stdout and "Halt the pipeline" in told.stderr


def test_an_unknown_id_is_a_fault_of_usage_with_a_hint(habeas: Habeas) -> None:
    told = habeas("explain", "123456")
    assert 2 == told.exit_code
    assert "habeas log decisions" in told.stderr


def test_an_auditor_without_custody_can_explain(habeas: Habeas, config: Path, tmp_path: Path) -> None:
    """Naming the place where it usually lies, as a scheduler does, names nothing else."""
    make(tmp_path, None, ["archive_search"], "synthetic")
    own, usual = tmp_path / "habeas.toml", tmp_path / "custody" / "custody.toml"
    own.write_text(own.read_text() + f'warehouse = "{installation(config).settings.warehouse}"\n')
    shutil.rmtree(usual.parent)
    for words in ((), ("--custody", str(usual))):
        told = habeas("explain", story.ROW_ANA[:10], *words, on=own)
        assert 0 == told.exit_code, told.output
        assert "key store" in told.stdout


@pytest.mark.parametrize("missing", ["none.toml", "nowhere/custody.toml"])
def test_a_custody_file_that_is_named_must_be_there(habeas: Habeas, tmp_path: Path, missing: str) -> None:
    told = habeas("explain", story.ROW_ANA[:10], "--custody", str(tmp_path / missing))
    assert 2 == told.exit_code
    assert "no custody file at the place named" in told.stderr


def test_with_custody_an_unknown_key_counts_as_closed(habeas: Habeas) -> None:
    assert "so closed" in habeas("explain", story.ROW_ANA[:10]).stdout


def test_a_real_id_as_an_argument_is_refused_and_not_repeated(habeas: Habeas) -> None:
    told = habeas("log", "consents", "--subject", "Ana Example")
    assert 2 == told.exit_code
    assert "--subject-file" in told.stderr
    assert "Ana" not in told.output


def test_a_real_id_from_standard_input_finds_the_person(habeas: Habeas, config: Path) -> None:
    place = installation(config)
    subject = place.registrar.subject_for("B-1", now())
    told = habeas("log", "consents", "--subject-file", "-", "--json", stdin="B-1\n")
    assert (0, []) == (told.exit_code, json.loads(told.stdout))
    assert subject == place.subject_of("B-1")


@pytest.mark.parametrize(
    "words",
    [
        ("log", "decisions"),
        ("log", "consents"),
        ("consent", "show"),
        ("consent", "receipt"),
        ("open", "--reason", "a test", "--who", "custodian"),
    ],
)
def test_an_answer_about_one_person_is_not_given_to_several(
    habeas: Habeas, config: Path, words: tuple[str, ...]
) -> None:
    installation(config).registrar.subject_for("B-1", now())
    told = habeas(*words, "--subject-file", "-", stdin="B-1\nB-2\n")
    assert 2 == told.exit_code
    assert "2 real ids" in told.stderr
    assert "B-" not in told.output


@pytest.mark.parametrize("words", [("log", "decisions"), ("log", "consents"), ("consent", "show")])
def test_a_shortened_id_is_the_person_and_an_unknown_one_is_nobody(
    habeas: Habeas, words: tuple[str, ...]
) -> None:
    late = ("--as-of", story.at(25).isoformat(), "--json")
    whole = habeas(*words, "--subject", story.BEN, *late)
    assert 0 == whole.exit_code
    assert story.BEN in whole.stdout or story.WITHDRAWN in whole.stdout
    assert whole.stdout == habeas(*words, "--subject", story.BEN[:8], *late).stdout
    for unknown in ("ce0d766b", "0" * 32):
        told = habeas(*words, "--subject", unknown, *late)
        assert (2, "") == (told.exit_code, told.stdout)
        assert "habeas tables show subjects" in told.stderr


def test_a_real_id_nobody_enrolled_is_unknown_and_stays_so(habeas: Habeas, config: Path) -> None:
    for _ in range(2):
        told = habeas("consent", "show", "--subject-file", "-", stdin="B-unknown\n")
        assert 2 == told.exit_code
        assert "B-unknown" not in told.output


def test_the_decision_log_as_of_a_time(habeas: Habeas) -> None:
    early = habeas("log", "decisions", "--as-of", "2026-11-19T00:00:00+00:00", "--json")
    late = habeas(
        "log", "decisions", "--as-of", "2026-11-21T00:00:00+00:00", "--asset", story.STREET[:8], "--json"
    )
    assert [] == json.loads(early.stdout)
    assert [story.NO_SCAN] == [row["decision_id"] for row in json.loads(late.stdout)]


@pytest.mark.parametrize(
    "time",
    [
        "2026-11-19",
        "2026-11-19T00:00:00",
        "yesterday",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_a_time_without_a_zone_or_outside_of_all_years_is_refused(habeas: Habeas, time: str) -> None:
    assert 2 == habeas("log", "decisions", "--as-of", time).exit_code


def test_ciphertext_is_shown_as_its_length(habeas: Habeas) -> None:
    for words in ((), ("--json",)):
        told = habeas("tables", "show", "embeddings", *words)
        assert 0 == told.exit_code
        assert "<100 bytes>" in told.stdout
        assert "ccccc" not in told.stdout


def test_a_table_that_is_none_is_a_fault_of_usage(habeas: Habeas) -> None:
    assert 2 == habeas("tables", "show", "../custody").exit_code


def test_tables_are_listed_with_what_erasure_does(habeas: Habeas) -> None:
    told = {row["table"]: row for row in json.loads(habeas("tables", "list", "--json").stdout)}
    assert ("delete", 1) == (told["embeddings"]["erasure"], told["embeddings"]["rows"])


def test_sources_are_listed(habeas: Habeas) -> None:
    assert "City archive" in habeas("source", "list").stdout


@pytest.mark.parametrize("text", ["a\x1b[31mred", "a\u202ebidi", "a\x07", "line\nbreak", "zero\u200bwidth"])
def test_text_from_a_table_cannot_steer_a_terminal(text: str) -> None:
    shown = safe(text)
    assert shown.isprintable()
    assert "\\u" in shown


def test_opening_needs_a_name_and_a_reason(habeas: Habeas) -> None:
    assert 2 == habeas("open").exit_code
    assert 2 == habeas("open", "--reason", " ", "--who", "custodian").exit_code


def test_opening_tells_count_and_digest_and_is_recorded(habeas: Habeas, config: Path) -> None:
    told = json.loads(habeas("open", "--reason", "a test", "--who", "custodian", "--json").stdout)
    assert {"opened", "digest", "skipped"} == set(told)
    assert 0 == told["opened"], "the small story's rows are sealed to nothing"
    assert "a test" == installation(config).watcher.openings()[-1]["reason"]


def test_what_waits_to_be_erased_is_listed_with_a_time(
    habeas: Habeas, config: Path, tmp_path: Path, small_warehouse: Path
) -> None:
    assert [] == json.loads(habeas("log", "queue", "--json").stdout)
    shutil.copytree(small_warehouse, tmp_path / "warehouse")
    closed = {"row_id": story.ROW_ANA, "status": "closed", "decision_id": story.WITHDRAWN, "reason": "key_closed",
              "recorded_at": story.at(22), "erase_by": story.at(27), "run_id": "import-1"}  # fmt: skip
    story.write(tmp_path / "warehouse", "row_status", [closed])
    place = tmp_path / "habeas.toml"
    place.write_text(config.read_text().replace(str(small_warehouse), str(tmp_path / "warehouse")))
    (told,) = json.loads(habeas("log", "queue", "--json", on=place).stdout)
    assert (story.ROW_ANA, "key_closed", "2026-11-27T00:00:00+00:00") == (
        told["row_id"],
        told["why"],
        told["erase_by"],
    )
    assert "2026-11-27" in habeas("log", "queue", on=place).stdout


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("--effect", "deny"), {story.WITHDRAWN, story.NO_SCAN}),
        (("--effect", "gap"), {story.NEVER_ASKED}),
        (("--rule", "HOUSE-16"), {story.NO_SCAN}),
        (("--rule", "HOUSE-10"), {story.WITHDRAWN, story.NEVER_ASKED}),  # the rule, and its fact missing
        (("--rule", "house/HOUSE-9"), {story.ALLOWED}),  # waived there
        (("--source", "street"), {story.NO_SCAN}),
        (("--purpose", "archive_search", "--effect", "allow"), {story.ALLOWED, "ab05" + "1" * 60}),
        (("--from", "2026-11-21T00:00:00+00:00"), set()),
        (("--to", "2026-11-20T00:00:00+00:00"), set()),
        (("--from", "2026-11-20T00:00:00+00:00", "--source", "street"), {story.NO_SCAN}),
    ],
)
def test_decisions_are_chosen_by_time_effect_rule_source_and_purpose(
    habeas: Habeas, words: tuple[str, ...], found: set[str]
) -> None:
    told = habeas("log", "decisions", *words, "--json")
    assert (0, found) == (told.exit_code, {row["decision_id"] for row in json.loads(told.stdout)})


@pytest.mark.parametrize(
    "words",
    [
        ("--effect", "Kim-Minji"), ("--rule", "Kim-Minji"), ("--source", "Kim-Minji"), ("--purpose", "Kim-Minji"),
        ("--from", "2026-11-21T00:00:00+00:00", "--to", "2026-11-20T00:00:00+00:00"),
        ("--json", "--csv"),
    ],
)  # fmt: skip
def test_a_word_that_nothing_knows_is_no_empty_answer(habeas: Habeas, words: tuple[str, ...]) -> None:
    told = habeas("log", "decisions", *words)
    assert (2, "") == (told.exit_code, told.stdout)
    assert "Minji" not in told.stderr


@pytest.mark.parametrize("log", ["decisions", "consents", "queue", "openings"])
def test_every_log_is_csv_and_json_and_one_line_a_row_when_piped(habeas: Habeas, log: str) -> None:
    habeas("open", "--reason", "a test, with a comma", "--who", "custodian")
    late = ("--as-of", story.at(28).isoformat()) if log in ("decisions", "consents") else ()
    rows = json.loads(habeas("log", log, *late, "--json").stdout)
    table = list(csv.DictReader(io.StringIO(habeas("log", log, *late, "--csv").stdout)))
    piped = habeas("log", log, *late).stdout.splitlines()
    assert len(rows) == len(table) and (rows or log == "queue")
    assert len(rows) + 3 == len([line for line in piped if line])  # head, rule, count
    assert not [line for line in piped if line != line.rstrip()]
    assert max(line.count("─") for line in piped) <= 80
    if log == "openings":
        assert "a test, with a comma" == table[-1]["reason"] == rows[-1]["reason"]


def test_who_opened_which_rows_when_and_why(habeas: Habeas) -> None:
    habeas("open", "--reason", "request 7", "--who", "custodian 2")
    (row,) = [row for row in json.loads(habeas("log", "openings", "--rows", "--json").stdout)
              if row["reason"] == "request 7"]  # fmt: skip
    assert (story.ROW_ANA, "custodian 2", "key_closed") == (row["row_id"], row["who"], row["outcome"])
    for words in (("--row", story.ROW_ANA[:8]), ("--subject", story.ANA)):
        told = json.loads(habeas("log", "openings", *words, "--json").stdout)
        assert "request 7" in {opening["reason"] for opening in told}
    for words in (("--row", "0" * 64), ("--subject", story.BEN)):
        assert [] == json.loads(habeas("log", "openings", *words, "--json").stdout)
    assert 2 == habeas("log", "openings", "--row", "Kim Minji").exit_code


def test_everything_about_one_person_is_gathered(habeas: Habeas) -> None:
    habeas("open", "--reason", "request 8", "--who", "custodian 2")
    told = json.loads(habeas("person", "show", "--subject", story.ANA[:8], "--json").stdout)
    assert story.ANA == told["subject_id"] == told["person"]["subject_id"]
    assert [story.LINE_ANA] == [row["line_id"] for row in told["roster_lines"]]
    assert {"ca", "cd"} == {row["consent_id"] for row in told["consents"]}
    assert [story.KEY_ANA] == [row["key_id"] for row in told["keys"]]
    assert [story.ALLOWED] == [row["decision_id"] for row in told["decisions"]]
    assert [(story.ROW_ANA, "open")] == [(row["row_id"], row["state"]) for row in told["templates"]]
    assert "request 8" in {row["reason"] for row in told["openings"]}
    assert "sealed" not in told["templates"][0]
    ben = habeas("person", "show", "--subject", story.BEN)
    assert 0 == ben.exit_code and "templates: none" in ben.stdout and story.ANA not in ben.stdout


def test_a_person_is_shown_by_a_real_id_that_is_never_repeated(habeas: Habeas, config: Path) -> None:
    subject = installation(config).registrar.subject_for("B-77", now())
    told = habeas("person", "show", "--subject-file", "-", stdin="B-77\n")
    assert 0 == told.exit_code and subject in told.stdout and "B-77" not in told.output
    for words in ((), ("--subject", story.ANA, "--subject-file", "-"), ("--subject", "Kim Minji")):
        wrong = habeas("person", "show", *words, stdin="B-77\n")
        assert 2 == wrong.exit_code and "Minji" not in wrong.output


def test_an_auditor_without_custody_is_told_what_they_may_not_see(
    habeas: Habeas, config: Path, tmp_path: Path
) -> None:
    make(tmp_path, None, ["archive_search"], "synthetic")
    own = tmp_path / "habeas.toml"
    own.write_text(own.read_text() + f'warehouse = "{installation(config).settings.warehouse}"\n')
    shutil.rmtree(tmp_path / "custody")
    told = habeas("person", "show", "--subject", story.ANA, on=own)
    assert 0 == told.exit_code and "may not read the key store" in told.stdout
    assert 2 == habeas("log", "openings", on=own).exit_code


def test_a_page_is_made_by_hand_for_a_run_and_for_no_other_word(habeas: Habeas, config: Path) -> None:
    told = habeas("report", "--run", story.RUN)
    assert 0 == told.exit_code, told.output
    folder = installation(config).settings.report
    assert (folder / "runs" / story.RUN / "index.html").is_file()
    assert f"runs/{story.RUN}/index.html" in (folder / "index.html").read_text()
    assert "3 = 1 looked at + 1 refused + 1 set aside + 0 waiting" in told.stdout
    for unknown in ("nightly-99", "../../etc", "Kim Minji"):
        assert 2 == habeas("report", "--run", unknown).exit_code


def test_a_file_is_explained_by_its_path(habeas: Habeas, config: Path) -> None:
    archive = installation(config).settings.archive
    assert story.GROUP in habeas("explain", str(archive / "studio" / "day 1.jpg")).stdout
    assert story.RUN in habeas("explain", story.RUN).stdout


def test_a_run_is_explained_by_the_name_that_airflow_gave_it(habeas: Habeas, config: Path) -> None:
    """A run that failed stands in no table: its own records tell."""
    name, at = "manual__2026-11-28T02:00:00+00:00", story.at(28).isoformat()
    folder = RunFolder(installation(config).settings.runs, run_slug(name))
    folder.write(TaskRecord(folder.run_id, "catalog", "failed", at, at, 1.0, 1.0))
    (folder.path / "decide.json").write_text("{")
    told = json.loads(habeas("explain", name, "--json").stdout)
    assert ("run", folder.run_id, f"Run {folder.run_id}: failed.") == (
        told["kind"],
        told["id"],
        told["headline"],
    )
