"""What unit tests share: one build of all commands, and a warehouse to read."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import typer.testing

# Typer builds all commands anew for each call; a program calls once, and tests some four hundred times.
typer.testing._get_command = cache(typer.testing._get_command)


@pytest.fixture(scope="session")
def small_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with a few rows in each table, for tests that only read."""
    from small_warehouse import fill

    folder = tmp_path_factory.mktemp("warehouse")
    fill(folder)
    return folder
