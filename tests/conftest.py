"""What tests of several kinds share. Unit tests start no JVM: they ask for none of these."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from battery import (  # noqa: F401 - hooks
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_runtest_logreport,
    pytest_terminal_summary,
)
from unit_fixtures import small_warehouse  # noqa: F401 - a fixture

os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One session for every test of this process; each test has a warehouse of its own."""
    from habeas.model.installation.settings import Settings
    from habeas.warehouse.spark_session import open_session

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
def imported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An installation with a drawn archive, its lists imported, before any night. Copy it; leave it as it is."""
    from installations import import_lists, install

    def made(home: Path) -> None:
        request.getfixturevalue("spark")
        import_lists(install(home))

    return _once(tmp_path_factory, "imported", made)


@pytest.fixture(scope="session")
def decided(imported: Any, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The same in the middle of its first night: catalogued and decided. Copy it; leave it as it is."""
    from installations import copy_of

    def made(home: Path) -> None:
        request.getfixturevalue("spark")
        copy_of(imported, home).steps("first", "catalog", "decide")

    return _once(tmp_path_factory, "decided", made)


@pytest.fixture(scope="session")
def first_night(
    decided: Any, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Any:
    """The same after its first night. Copy it; leave it as it is."""
    from installations import copy_of

    def made(home: Path) -> None:
        request.getfixturevalue("spark")
        copy_of(decided, home).steps("first", "embed", "check", "publish")

    return _once(tmp_path_factory, "first_night", made)


@pytest.fixture(scope="session")
def after_a_night(first_night: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An installation after its first night. Read it; don't change it."""
    from installations import copy_of

    return copy_of(first_night, tmp_path_factory.mktemp("night") / "home")


def _once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Any:
    """An installation that whichever worker wants it first makes for all of them; the others wait for it."""
    from installations import installed_at

    place = tmp_path_factory.getbasetemp()
    shared = (place.parent if "PYTEST_XDIST_WORKER" in os.environ else place) / f"shared-{name}"
    shared.mkdir(exist_ok=True)
    home, made = shared / "home", shared / "made"
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(home, ignore_errors=True)  # of a worker that failed halfway
            make(home)
            made.touch()
    return installed_at(home)
