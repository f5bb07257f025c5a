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
    """`--dist loadfile`, where the files that read `after_a_night` go to one worker: one night is enough for them."""

    _READERS = ("test_custodian.py", "test_night.py", "test_no_plaintext.py")

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "a night" if file.endswith(self._READERS) else file


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
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An installation with a drawn archive, nothing imported yet. Copy it before changing it."""
    from installations import install

    return install(tmp_path_factory.mktemp("drawn") / "home")


@pytest.fixture(scope="session")
def after_a_night(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An installation after its first night. Read it; don't change it."""
    from installations import import_lists, install

    installed = install(tmp_path_factory.mktemp("night") / "home")
    import_lists(installed)
    installed.night("first")
    return installed
