"""No job begins with what can't be used: it ends with 2 and a sentence, and starts no JVM and writes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from installations import JOBS, job_module
from pyspark.sql import SparkSession

from habeas.cli.operate.setup import make

FILES = [*JOBS.values(), "plan_backfill.py"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    make(folder, None, ["archive_search"], "synthetic")
    return folder


def run(file: str, config: Path, *more: str) -> int:
    words = ["--run-id", "r1", "--config", str(config), *more]
    if file in (JOBS["decide"], JOBS["publish"]):
        words += ["--custody", str(config.parent / "custody" / "custody.toml")]
    return int(job_module(file).run(words))


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(
    ("text", "more", "says"),
    [
        ("", ("--purposes", "archive_serch"), "there is no purpose 'archive_serch'"),
        ('purposes = ["archive_serch"]\n', (), "there is no purpose 'archive_serch'"),
        ("", ("--source", "studioo"), "there is no source 'studioo'"),
        ('home = "{other}"\n', (), "is no installation"),
        ('warehouse = "s3a://bucket/tables"\n', (), "only folders of this machine"),
        ('model_pack = "none"\n', (), "none"),
        ("[sampling]\nper_second = 0\n", (), "0.01 to 240"),
    ],
    ids=["purpose", "purpose of the settings", "source", "home", "warehouse", "pack", "range"],
)
def test_a_job_that_cant_begin_ends_with_2_before_anything_is_written(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    file: str, text: str, more: tuple[str, ...], says: str,
) -> None:  # fmt: skip
    """A purpose that doesn't exist wrote denials; a home that is no installation cost four minutes of retries."""
    config = home / "other.toml"
    base = {"home": str(home), "policies": str(home / "policies")}
    lines = [f'{name} = "{value}"\n' for name, value in base.items() if not text.startswith(name)]
    config.write_text("".join(lines) + text.format(other=tmp_path / "elsewhere"))
    assert run(file, config, *more) == 2
    assert says in capsys.readouterr().err
    assert SparkSession.getActiveSession() is None
    assert not (home / "runs" / "r1").exists()
    assert not list((home / "warehouse").rglob("*"))
    assert not (tmp_path / "elsewhere").exists()
