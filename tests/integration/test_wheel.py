"""What `pip install` of the built wheel gives, in a folder without the checkout."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from wheel_environment import build, install, outside

from habeas.model.installation import resources
from habeas.oversight.runs.last_run import code_digest
from habeas.pipeline.runtime import jars

pytestmark = [pytest.mark.spark, pytest.mark.airflow, pytest.mark.slow]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"))


def run(binaries: Path, folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A program of the environment, started in `folder`."""
    path = os.pathsep.join([str(binaries), outside()["PATH"]])
    return subprocess.run(
        [str(binaries / words[0]), *words[1:]],
        cwd=folder, env=outside() | {"PATH": path} | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.timeout(900)
def test_an_installed_wheel_runs_the_demo_and_its_dags_in_another_airflow(
    wheel: Path, tmp_path: Path
) -> None:
    binaries = install(wheel, tmp_path / "environment", "airflow")
    got = run(binaries, tmp_path, "habeas", "jars", "--from", str(resources.jars_folder()), "--json")
    assert 0 == got.returncode, got.stderr
    assert [] == jars.problems(Path(json.loads(got.stdout)["folder"]), resources.JARS_LOCK)

    done = run(binaries, tmp_path, "habeas", "demo", "--people", "6", "--home", "demo", "--json")
    log = "".join(path.read_text() for path in tmp_path.glob("demo/airflow/nightly-*.log"))
    assert 0 == done.returncode, done.stderr + log[-3000:]
    assert json.loads(done.stdout)
    submitted = [line for line in log.splitlines() if "spark-submit" in line]
    assert len(submitted) >= 5
    for line in submitted:  # the packages are links into an environment that may lie in the checkout
        assert not [
            name for name in ("src", "jobs", "dags", ".jars") if f"{resources.PROJECT / name}/" in line
        ]

    dags = run(binaries, tmp_path, "habeas", "dags", "path").stdout.strip()
    assert Path(dags).is_relative_to(tmp_path)
    airflow = {"AIRFLOW_HOME": str(tmp_path / "site"), "AIRFLOW__CORE__DAGS_FOLDER": dags,
               "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}  # fmt: skip
    for words in (("db", "migrate"), ("dags", "reserialize"), ("dags", "list", "--output", "json")):
        said = run(binaries, tmp_path, "python", "-m", "airflow", *words, **airflow)
        assert 0 == said.returncode, f"{words}: {said.stdout[-2000:]}{said.stderr[-2000:]}"
    found = json.loads(said.stdout.splitlines()[-1])
    assert {"nightly", "backfill", "replay"} == {row["dag_id"] for row in found}
    assert {Path(dags)} == {Path(row["fileloc"]).parent for row in found}


def test_the_plain_install_reads_and_checks_without_spark_and_airflow(wheel: Path, tmp_path: Path) -> None:
    binaries = install(wheel, tmp_path / "environment", "audit")
    there = run(binaries, tmp_path, "python", "-c", "import pyspark")
    assert "ModuleNotFoundError" in there.stderr
    derived_by = "from habeas.oversight.runs.last_run import code_digest; print(code_digest())"
    assert code_digest() == run(binaries, tmp_path, "python", "-c", derived_by).stdout.strip()
    made = run(binaries, tmp_path, "habeas", "init", "--home", "here")
    assert 0 == made.returncode, made.stderr
    config = str(tmp_path / "here" / "habeas.toml")
    for words in (
        ("log", "decisions"), ("policy", "lint"), ("policy", "test"), ("models", "list"), ("halts",),
        ("tables", "list"), ("replay", "--sample", "5"), ("policy", "show"), ("dags", "path"), ("doctor",),
    ):  # fmt: skip
        said = run(binaries, tmp_path, "habeas", *words, HABEAS_CONFIG=config)
        assert 0 == said.returncode, f"{words}: {said.stdout}{said.stderr}"
    for words, part in ((("jars",), "jobs"), (("run", "nightly"), "airflow"), (("demo",), "airflow")):
        said = run(binaries, tmp_path, "habeas", *words, HABEAS_CONFIG=config)
        assert (2, True) == (said.returncode, f"habeas[{part}]" in said.stderr), said.stderr
    assert not (tmp_path / "var").exists()
