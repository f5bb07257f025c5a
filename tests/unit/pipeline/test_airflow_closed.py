"""The small Airflow of an installation is reached from this machine alone, by a password that nobody can guess."""

from __future__ import annotations

import configparser
import json
import os
import stat
from pathlib import Path

import pytest

from habeas.pipeline import local_airflow as airflow_env
from habeas.pipeline.local_airflow import airflow_environment, prepare

# Of what `airflow db migrate` generates, the lines that matter.
GENERATED = """[core]
simple_auth_manager_users = admin:admin

# Variable: AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE
#
# simple_auth_manager_passwords_file =

[api]
host = 0.0.0.0
port = 8080

[scheduler]
scheduler_health_check_server_host = 0.0.0.0

[elasticsearch]
host =
"""


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Its folder, after Airflow generated its settings there."""

    def generate(words: list[str], environment: object) -> None:
        (tmp_path / "airflow" / "airflow.cfg").write_text(GENERATED)

    monkeypatch.setattr(airflow_env, "_airflow", generate)
    prepare(tmp_path, {})
    return tmp_path / "airflow"


def test_the_environment_binds_airflow_to_this_machine(tmp_path: Path) -> None:
    told = airflow_environment(tmp_path)
    assert {"127.0.0.1"} == {value for name, value in told.items() if name.endswith("_HOST")}
    assert "False" == told["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"]
    assert "admin:admin" not in told.values()


def test_the_generated_settings_say_the_same_without_the_environment(prepared: Path) -> None:
    read = configparser.RawConfigParser()
    read.read(prepared / "airflow.cfg")
    assert ("127.0.0.1", "127.0.0.1", "") == (
        read["api"]["host"],
        read["scheduler"]["scheduler_health_check_server_host"],
        read["elasticsearch"]["host"],
    )
    assert str(prepared / "passwords.json") == read["core"]["simple_auth_manager_passwords_file"]
    assert "admin:admin" not in (prepared / "airflow.cfg").read_text()


def test_the_password_is_random_kept_and_its_users_alone(prepared: Path, tmp_path: Path) -> None:
    before = json.loads((prepared / "passwords.json").read_text())
    assert {"habeas"} == before.keys()
    assert 32 <= len(before["habeas"])
    modes = [stat.S_IMODE(os.stat(place).st_mode) for place in (prepared, prepared / "passwords.json")]
    assert [0o700, 0o600] == modes
    prepare(tmp_path, {})
    assert before == json.loads((prepared / "passwords.json").read_text())


def test_what_an_earlier_version_prepared_is_closed_as_well(prepared: Path, tmp_path: Path) -> None:
    (prepared / "airflow.cfg").write_text(GENERATED)
    (prepared / "passwords.json").unlink()
    prepared.chmod(0o755)
    prepare(tmp_path, {})
    assert "0.0.0.0" not in (prepared / "airflow.cfg").read_text()  # noqa: S104 - not bound to
    assert 0o700 == stat.S_IMODE(prepared.stat().st_mode)
    assert (prepared / "passwords.json").is_file()
