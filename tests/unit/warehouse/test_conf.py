"""What Spark's JVM is started with."""

from __future__ import annotations

from pathlib import Path

import pytest

from habeas.model.installation import resources
from habeas.warehouse.spark_conf import NETWORK_SAFETY, SAFETY, class_archive, local_sizing, spark_conf


def java(folder: Path) -> str:
    return local_sizing(folder)["spark.driver.extraJavaOptions"]


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


SITE = {
    "spark.driver.memory": "16g",
    "spark.driver.host": "driver.example.org",
    "spark.sql.shuffle.partitions": "400",
    "spark.local.dir": "/fast",
}


@pytest.mark.parametrize("master", ["local[*]", "spark://cluster:7077", "yarn"])
def test_sizing_is_the_sites(tmp_path: Path, master: str) -> None:
    """Nothing that a site said is said again by us: its executors must find the driver."""
    assert not SITE.keys() & spark_conf(tmp_path, master, SITE).keys()


@pytest.mark.parametrize("master", ["local[*]", "spark://cluster:7077", "yarn"])
def test_what_keeps_data_safe_is_ours_whatever_a_site_says(tmp_path: Path, master: str) -> None:
    weak = dict.fromkeys([*SAFETY, *NETWORK_SAFETY], "of the site")
    assert SAFETY.items() <= spark_conf(tmp_path, master, weak).items()


def test_between_machines_everything_is_authenticated_and_encrypted(tmp_path: Path) -> None:
    assert NETWORK_SAFETY.items() <= spark_conf(tmp_path, "spark://cluster:7077").items()
    assert not NETWORK_SAFETY.keys() & spark_conf(tmp_path, "local[4]").keys()


def test_a_cluster_gets_no_size_and_no_address_of_ours(tmp_path: Path) -> None:
    assert not local_sizing().keys() & spark_conf(tmp_path, "k8s://https://cluster:6443").keys()


def test_a_local_driver_listens_on_this_machine_alone_unless_a_site_says_otherwise(tmp_path: Path) -> None:
    asked = spark_conf(tmp_path, "local[2]")
    assert ("127.0.0.1", "127.0.0.1") == (asked["spark.driver.host"], asked["spark.driver.bindAddress"])


def test_without_jars_of_ours_none_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Spark that brings Delta itself must not be told of an empty list."""
    monkeypatch.setenv("HABEAS_JARS", str(tmp_path))
    assert tmp_path == resources.jars_folder()
    assert "spark.jars" not in spark_conf(tmp_path)
