"""The offices' side: people get keys, halt, and lift each other's halts. Nobody does it alone or by mistake."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from habeas.cli.installation import installation
from habeas.cli.main import app
from habeas.pipeline import local_airflow as airflow_env
from habeas.pipeline.local_airflow import Ended
from habeas.warehouse.authenticated.run_records import RunFolder, TaskRecord

Run = Callable[..., Result]
ALL = ("halt", "--all", "--reason", "a complaint")


@pytest.fixture
def home(config: Path, tmp_path: Path) -> Path:
    """An installation of this test's own, with the small story's tables and two people who may sign."""
    shutil.copytree(config.parent, tmp_path / "home")
    settings = tmp_path / "home" / "habeas.toml"
    for place in (settings, tmp_path / "home" / "custody" / "custody.toml"):
        place.write_text(place.read_text().replace(str(config.parent), str(tmp_path / "home")))
    (installation(settings).settings.policies / "activities.yaml").write_text(
        "activities:\n  - purpose: archive_search\n"
        "    recipient: {name: Daily Press, role: third_party, kind: private, place: KR}\n"
    )
    return tmp_path / "home"


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(home)

    def call(*words: str, **env: str) -> Result:
        asked = {"HABEAS_CONFIG": None, "HABEAS_CUSTODY": None, "NO_COLOR": "1", "HABEAS_PASSPHRASE": None}
        return CliRunner(env=asked | env).invoke(app, list(words))

    return call


@pytest.fixture
def people(run: Run) -> None:
    for person, role in (("oversight-1", "oversight"), ("privacy-1", "privacy"), ("policy-1", "policy")):
        assert 0 == run("people", "key", "--out", f"{person}.pem").exit_code
        told = run("people", "add", person, "--role", role, "--public-key", f"{person}.pem.pub")
        assert 0 == told.exit_code, told.stderr


def by(person: str, key: str = "") -> tuple[str, ...]:
    return ("--as", person, "--key", f"{key or person}.pem")


def standing(run: Run) -> list[dict[str, Any]]:
    return [each for each in json.loads(run("halts", "--json").stdout) if each["stands"]]


def test_a_halt_is_ordered_by_one_and_lifted_by_another(run: Run, people: None) -> None:
    told = run(*ALL, *by("oversight-1"))
    assert 0 == told.exit_code, told.stderr
    (halt,) = standing(run)
    assert ("all", "oversight-1", "a complaint", None) == tuple(
        halt[k] for k in ("scope", "by", "reason", "until")
    )
    assert halt["halt"][:12] in told.stdout
    own = run("resume", halt["halt"][:8], *by("oversight-1"))
    assert (4, True) == (own.exit_code, "whoever halted can't resume" in own.stderr)
    assert 1 == len(standing(run))
    other = run("resume", halt["halt"][:8], *by("privacy-1"))
    assert (0, []) == (other.exit_code, standing(run))
    assert 2 == run("resume", halt["halt"][:8], *by("privacy-1")).exit_code


def test_a_person_of_another_role_or_with_another_key_halts_nothing(run: Run, people: None) -> None:
    assert 4 == run(*ALL, *by("policy-1")).exit_code
    assert 4 == run(*ALL, *by("oversight-1", "privacy-1")).exit_code
    assert 2 == run(*ALL, *by("nobody-1", "privacy-1")).exit_code
    assert [] == standing(run)


def test_somebody_removed_signs_no_more_and_their_halt_stands(run: Run, people: None) -> None:
    run(*ALL, *by("oversight-1"))
    assert 0 == run("people", "remove", "oversight-1").exit_code
    assert 1 == len(standing(run))
    told = run(*ALL, *by("oversight-1"))
    assert (2, True) == (told.exit_code, "may sign" in told.stderr)
    listed = {p["id"]: p["removed"] for p in json.loads(run("people", "list", "--json").stdout)}
    assert listed["oversight-1"]
    assert listed["privacy-1"] is None
    assert 4 == run("people", "remove", "oversight-1").exit_code


def test_adding_somebody_needs_the_custody_folder(run: Run, people: None, home: Path) -> None:
    run("people", "key", "--out", "oversight-2.pem")
    words = ("people", "add", "oversight-2", "--role", "oversight", "--public-key", "oversight-2.pem.pub")
    (home / "custody" / "registrar.key").rename(home / "registrar.key.elsewhere")
    assert 6 == run(*words).exit_code
    (home / "registrar.key.elsewhere").rename(home / "custody" / "registrar.key")
    assert 0 == run(*words).exit_code


@pytest.mark.parametrize(
    ("person", "key", "role", "code"),
    [
        ("Kim Minji", "new.pem.pub", "privacy", 2),
        ("kim_minji", "new.pem.pub", "privacy", 2),
        ("privacy-1", "new.pem.pub", "privacy", 4),
        ("privacy-2", "oversight-1.pem.pub", "privacy", 4),
        ("privacy-2", "new.pem", "privacy", 2),
        ("privacy-2", "new.pem.pub", "king", 2),
    ],
)
def test_whom_the_registrar_can_not_add(
    run: Run, people: None, person: str, key: str, role: str, code: int
) -> None:
    run("people", "key", "--out", "new.pem")
    assert code == run("people", "add", person, "--role", role, "--public-key", key).exit_code
    assert 3 == len(json.loads(run("people", "list", "--json").stdout))


def test_a_locked_key_asks_for_its_passphrase(run: Run, people: None) -> None:
    assert 0 == run("people", "key", "--out", "new.pem", "--passphrase", HABEAS_PASSPHRASE="horse").exit_code
    run("people", "add", "privacy-2", "--role", "privacy", "--public-key", "new.pem.pub")
    assert 2 == run(*ALL, *by("privacy-2", "new")).exit_code, "nobody to ask"
    assert 2 == run(*ALL, *by("privacy-2", "new"), HABEAS_PASSPHRASE="donkey").exit_code
    assert 0 == run(*ALL, *by("privacy-2", "new"), HABEAS_PASSPHRASE="horse").exit_code


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--all", "--source", "studio"),
        ("--source", "studioo"),
        ("--purpose", "marketing"),
        ("--recipient", "Nobody Ltd"),
        ("--all", "--until", "tomorrow"),
        ("--all", "--until", "2026-01-01T00:00:00"),
        ("--all", "--until", "2020-01-01T00:00:00+00:00"),
    ],
    ids=" ".join,
)
def test_a_halt_that_cannot_be_meant_is_refused(run: Run, people: None, words: tuple[str, ...]) -> None:
    assert 2 == run("halt", "--reason", "x", *words, *by("oversight-1")).exit_code
    assert [] == standing(run)


@pytest.mark.parametrize("reason", ["", " ", "a\u202eb", "a\nb", "x" * 501])
def test_a_reason_is_shown_to_everybody_so_it_hides_nothing(run: Run, people: None, reason: str) -> None:
    told = run("halt", "--all", "--reason", reason, *by("oversight-1"))
    assert (2, []) == (told.exit_code, standing(run))


@pytest.mark.parametrize(
    "words",
    [("--source", "studio"), ("--purpose", "archive_search"), ("--recipient", "Daily Press")],
    ids=" ".join,
)
def test_halted_rows_stay_shut_and_others_do_not(run: Run, people: None, words: tuple[str, ...]) -> None:
    opening = ("open", "--reason", "a test", "--who", "custodian", "--json")
    before = json.loads(run(*opening).stdout)["skipped"]
    assert "halted" not in before
    told = run("halt", "--reason", "x", *words, *by("oversight-1"))
    assert 0 == told.exit_code, told.stderr
    assert {"halted": 1} == json.loads(run(*opening).stdout)["skipped"]


def test_a_halt_of_everything_needs_no_table_and_stops_openings_and_runs(
    run: Run, people: None, home: Path
) -> None:
    settings = home / "habeas.toml"
    settings.write_text(
        "\n".join(
            line
            for line in settings.read_text().splitlines()
            if not line.startswith(("warehouse", "policies"))
        )
        + '\nwarehouse = "/nowhere"\npolicies = "/nowhere"\n'
    )
    assert 0 == run(*ALL, *by("oversight-1")).exit_code
    for words in (("open", "--reason", "a test", "--who", "custodian"), ("run", "nightly")):
        told = run(*words)
        assert 7 == told.exit_code
        assert "halted by oversight-1 until resumed (everything): a complaint" in told.stderr
        assert "habeas resume" in told.stderr


@pytest.mark.parametrize("known", [True, False])
def test_a_run_that_a_halt_stopped_says_who_and_why(
    run: Run, people: None, home: Path, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    """Airflow calls it a success; the command line doesn't, though the halt may be over by then."""

    def stopped_on_the_way(at: Path, *_: Any, **__: Any) -> Ended:
        run("halt", "--all", "--reason", "a complaint", *by("oversight-1"))
        (halt,) = standing(run)
        run("resume", halt["halt"], *by("privacy-1"))
        told = {"halt": halt["halt"]} if known else {}
        RunFolder(at / "runs", "r1").write(TaskRecord("r1", "embed", "halted", "", "", 0.0, 0.0, {}, told))
        return Ended(True, "r1", home / "log")

    monkeypatch.setattr(airflow_env, "run_dag_once", stopped_on_the_way)
    monkeypatch.setattr(airflow_env, "airflow_environment", lambda _: {})
    told = run("run", "nightly")
    assert 7 == told.exit_code
    assert ("halted by oversight-1" if known else "halted at embed") in told.stderr
    assert ("a complaint" in told.stderr) == known


def test_a_broken_order_stops_everything_and_is_named(run: Run, people: None, home: Path) -> None:
    run(*ALL, *by("oversight-1"))
    (halt,) = standing(run)
    place = home / "orders" / f"{halt['halt']}.json"
    place.write_bytes(place.read_bytes().replace(b"complaint", b"compliant"))
    for words in (("halts",), ("open", "--reason", "a", "--who", "b"), ("run", "nightly"), ("people", "list"),
                  ALL + by("privacy-1")):  # fmt: skip
        told = run(*words)
        assert 5 == told.exit_code, words
        assert place.name in told.stderr


def test_doctor_tells_who_may_halt_what_is_halted_and_what_is_broken(
    run: Run, people: None, home: Path
) -> None:
    def told() -> dict[str, Any]:
        found = json.loads(run("doctor", "--config", str(home / "habeas.toml"), "--json").stdout)
        return next(check for check in found if check["name"] == "orders")

    assert (True, "2 people may halt") == (told()["ok"], told()["says"])
    run("people", "remove", "privacy-1")
    assert "nobody else could resume" in told()["says"]
    run(*ALL, *by("oversight-1"))
    assert (True, True) == (told()["ok"], "a complaint" in told()["says"])
    (home / "orders" / "note.txt").write_text("lunch")
    assert (False, True) == (told()["ok"], "note.txt" in told()["says"])


def test_no_key_and_no_passphrase_is_ever_shown(run: Run, people: None) -> None:
    secret = "a passphrase nobody prints"
    shown = [
        run("people", "key", "--out", "p.pem", "--passphrase", HABEAS_PASSPHRASE=secret),
        run("people", "key", "--out", "p.pem", "--passphrase", HABEAS_PASSPHRASE=secret),
        run(*ALL, *by("oversight-1", "p"), HABEAS_PASSPHRASE=secret + "!"),
        run(*ALL, *by("oversight-1", "p"), HABEAS_PASSPHRASE=secret),
    ]
    for told in shown:
        assert secret not in told.output
        assert "PRIVATE KEY" not in told.output
