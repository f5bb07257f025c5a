from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from habeas.cli.main import app
from habeas.cli.operate.setup import make


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory, small_warehouse: Path) -> Path:
    """The settings file of an installation whose tables hold the small story."""
    home = tmp_path_factory.mktemp("installation")
    make(home, None, ["archive_search"], "synthetic")
    place = home / "habeas.toml"
    place.write_text(place.read_text() + f'warehouse = "{small_warehouse}"\n')
    return place


@pytest.fixture
def habeas(config: Path) -> Callable[..., Result]:
    """Run a command on that installation; output and errors come apart."""

    def call(*words: str, stdin: str | None = None, on: Path | None = config) -> Result:
        runner = CliRunner(
            env={"HABEAS_CONFIG": str(on) if on else None, "HABEAS_CUSTODY": None, "NO_COLOR": "1"}
        )
        return runner.invoke(app, list(words), input=stdin)

    return call
