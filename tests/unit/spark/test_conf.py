"""What Spark's JVM is started with."""

from __future__ import annotations

from pathlib import Path

import pytest

from habeas.spark.conf import class_archive, spark_conf


def java(folder: Path) -> str:
    return spark_conf(folder / "home", folder)["spark.driver.extraJavaOptions"]


def test_a_jvm_starts_with_the_classes_that_the_set_up_left_and_without_them_too(tmp_path: Path) -> None:
    assert "SharedArchiveFile" not in java(tmp_path)
    class_archive(tmp_path).touch()
    assert f"-XX:SharedArchiveFile={class_archive(tmp_path)}" in java(tmp_path).split()


def test_a_folder_whose_name_would_split_the_options_is_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "my jars"
    folder.mkdir()
    class_archive(folder).touch()
    assert "SharedArchiveFile" not in java(folder)


@pytest.mark.parametrize("option", ["TieredStopAtLevel", "Xint"])
def test_the_compilers_stay_on(tmp_path: Path, option: str) -> None:
    """With the quick one alone the code cache is small: it fills within a minute, and all after that is interpreted."""
    assert option not in java(tmp_path)


def test_what_java_says_is_not_mixed_into_what_a_job_says(tmp_path: Path) -> None:
    assert "-Xlog:all=error:stderr" in java(tmp_path).split()
