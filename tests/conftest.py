"""What tests of several kinds share. Unit tests start no JVM: they ask for none of these."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")


class _OneNight(LoadFileScheduling):
    """`--dist loadfile`, where the files that begin with a first night go to one worker: one is enough for them."""

    _READERS = tuple(
        f"test_{name}.py" for name in ("custodian", "halted", "night", "no_plaintext", "policy_life")
    )

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "a night" if file.startswith("tests/integration") and file.endswith(self._READERS) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    return _OneNight(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One session for every test of this process; each test has a warehouse of its own."""
    from habeas.settings import Settings
    from habeas.spark.session import open_session

    # Tables of ten rows: compiling a query takes longer than running it.
    quick = {
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.shuffle.partitions": "1",
        "spark.databricks.delta.snapshotPartitions": "1",
    }
    session = open_session("tests", Settings(home=tmp_path_factory.mktemp("spark")), "local[2]", quick)
    yield session
    session.stop()


@pytest.fixture(scope="session")
def imported(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An installation with a drawn archive, its lists imported, before any night. Copy it; leave it as it is."""
    from installations import import_lists, install

    installed = install(tmp_path_factory.mktemp("imported") / "home")
    import_lists(installed)
    return installed


@pytest.fixture(scope="session")
def first_night(imported: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The same after its first night. Copy it; leave it as it is."""
    from installations import copy_of

    installed = copy_of(imported, tmp_path_factory.mktemp("first") / "home")
    installed.night("first")
    return installed


@pytest.fixture(scope="session")
def after_a_night(first_night: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An installation after its first night. Read it; don't change it."""
    from installations import copy_of

    return copy_of(first_night, tmp_path_factory.mktemp("night") / "home")
