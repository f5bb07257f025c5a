"""Nobody but its own users may write what steers the gate."""

from __future__ import annotations

import argparse
import stat
from pathlib import Path
from typing import Any

import pytest

from habeas.cli.operate.doctor import Check, checks
from habeas.model.installation import permissions
from habeas.model.installation.settings import Settings
from habeas.pipeline.runtime.job import Job, run_job
from habeas.warehouse.delta.table_lock import table_lock

STEERING = (
    "",
    "habeas.toml",
    "warehouse",
    "runs",
    "orders",
    "policies",
    "policy",
    "custody",
    "custody/custody.toml",
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    place = tmp_path / "home"
    for folder in ("warehouse", "runs", "orders", "policies", "policy", "custody"):
        (place / folder).mkdir(parents=True, mode=0o700)
    (place / "habeas.toml").write_text(f'home = "{place}"\npolicies = "{place / "policies"}"\n')
    for name in ("installation.key", "registrar.pub"):
        (place / name).write_bytes(bytes(32))
    (place / "custody" / "custody.toml").write_text(f'home = "{place / "custody"}"\n')
    return place


def closed(home: Path) -> Check:
    found = checks(home / "habeas.toml", environment={"PATH": "/nonexistent"})
    return next(check for check in found if check.name == "folders closed to others")


@pytest.mark.parametrize("name", STEERING)
def test_doctor_refuses_what_every_user_may_write(home: Path, name: str) -> None:
    assert closed(home).ok
    place = home / name
    place.chmod(stat.S_IMODE(place.stat().st_mode) | 0o002)
    told = closed(home)
    assert not told.ok and str(place) in told.says and "chmod o-w" in told.mend


def test_a_folder_above_it_that_every_user_may_write_is_no_better(home: Path) -> None:
    """Its users could put another installation in the place of this one."""
    home.parent.chmod(0o777)
    assert str(home.parent) in closed(home).says
    home.parent.chmod(0o1777)  # as /tmp: nobody renames what is another's there
    assert closed(home).ok


@pytest.mark.parametrize("name", ["", "habeas.toml", "warehouse", "runs", "orders", "policies"])
def test_a_run_refuses_to_begin_where_every_user_may_steer_it(home: Path, name: str, capfd: Any) -> None:
    (home / name).chmod(0o777)
    said = argparse.Namespace(config=home / "habeas.toml", run_id="night", model=None, as_of=None)

    def never(_: Job) -> None:
        raise AssertionError("it began")

    assert 2 == run_job("decide", said, never)
    assert "every user of this machine may write" in capfd.readouterr().err
    assert [] == list((home / "runs").iterdir())


def test_a_warehouse_is_made_closed_to_all_others(tmp_path: Path) -> None:
    with table_lock(tmp_path / "new" / "warehouse", "assets", None):
        pass
    assert 0o700 == stat.S_IMODE((tmp_path / "new" / "warehouse").stat().st_mode)


def test_a_warehouse_that_every_user_may_read_is_told(home: Path) -> None:
    (home / "warehouse").chmod(0o755)
    told = closed(home)
    assert not told.ok and "look into" in told.says
    (home / "warehouse").chmod(0o750)  # an auditor's group is the site's to choose
    assert closed(home).ok


def test_what_is_not_there_is_open_to_nobody(tmp_path: Path) -> None:
    assert () == permissions.writable_by_everybody(permissions.steering(Settings(home=tmp_path / "nowhere")))
