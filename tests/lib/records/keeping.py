"""A custody on disk, made once and copied for each test: setting one up waits for the disk a dozen times."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from habeas.model.installation.settings import Custody, Settings
from habeas.sealing.keys import roles
from habeas.sealing.keys.custodian import Custodian
from habeas.sealing.keys.registrar import Registrar
from habeas.sealing.keys.store import KeyStore


@dataclass
class Keeping:
    """Settings of an installation whose custody is set up."""

    custody: Custody
    settings: Settings
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    @property
    def database(self) -> Path:
        return self.custody.home / "keys.sqlite"


@pytest.fixture(scope="session")
def fresh_custody(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installation")
    made = Keeping(Custody(home=folder / "custody"), Settings(home=folder / "home"))
    assert roles.set_up(made.custody, made.settings, made.now)
    return folder


@pytest.fixture
def keeping(tmp_path: Path, fresh_custody: Path) -> Keeping:
    os.chmod(tmp_path, 0o700)
    for name in ("custody", "home"):
        shutil.copytree(fresh_custody / name, tmp_path / name)
    return Keeping(Custody(home=tmp_path / "custody"), Settings(home=tmp_path / "home"))


@pytest.fixture
def registrar(keeping: Keeping) -> Registrar:
    return roles.registrar(keeping.custody)


@pytest.fixture
def custodian(keeping: Keeping) -> Custodian:
    return roles.custodian(keeping.custody)


@pytest.fixture
def watcher(keeping: Keeping) -> KeyStore:
    return roles.watcher(keeping.custody)
