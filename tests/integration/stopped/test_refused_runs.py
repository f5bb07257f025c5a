"""Runs that must not begin, or must not end well: and with which exit code they say so."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from deltalake import DeltaTable, Field
from deltalake.schema import PrimitiveType
from installations import Installed, copy_of

from habeas.model.installation.resources import PROJECT
from habeas.model.installation.steps import NIGHTLY

pytestmark = [pytest.mark.spark, pytest.mark.timeout(300)]
SETTINGS, REFUSED, BROKEN, LATER = 2, 4, 5, 75


@pytest.fixture(scope="module")
def installed(imported: Installed, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return copy_of(imported, tmp_path_factory.mktemp("refused") / "home")


@pytest.fixture
def packs(installed: Installed, tmp_path: Path) -> Iterator[Path]:
    """The shipped pack in a folder of its own, to be spoilt."""
    shutil.copytree(PROJECT / "models" / "synthetic", tmp_path / "synthetic")
    with settings_say(installed, models=tmp_path):
        yield tmp_path / "synthetic"


@contextmanager
def settings_say(installed: Installed, **places: Path) -> Iterator[None]:
    """The settings file with other places in it, for a while."""
    file = installed.place.config
    before = file.read_text()
    kept = [line for line in before.splitlines() if line.partition(" ")[0] not in places]
    file.write_text("\n".join([*kept, *(f'{name} = "{place}"' for name, place in places.items()), ""]))
    try:
        yield
    finally:
        file.write_text(before)


def _edit(pack: Path, old: str, new: str) -> None:
    text = (pack / "pack.toml").read_text()
    assert old in text
    (pack / "pack.toml").write_text(text.replace(old, new))


def test_a_commercial_purpose_is_refused_under_a_research_licence_before_a_network_is_opened(
    installed: Installed, packs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    _edit(packs, "commercial_use = true", "commercial_use = false")
    for network in packs.glob("*.onnx"):
        network.unlink()
    assert installed.step("embed", "commercial", "--purposes", "model_training") == REFUSED
    assert "not licensed for commercial use" in capfd.readouterr().err
    assert installed.counts("commercial", "embed").keys() == {"session_ms"}


def test_a_pack_with_another_digest_than_it_states_is_refused(installed: Installed, packs: Path) -> None:
    with (packs / "rec_synthetic.onnx").open("ab") as file:
        file.write(b"\0")
    assert installed.step("embed", "swapped") == BROKEN


def test_no_job_begins_on_a_table_that_is_not_what_its_contract_says(
    installed: Installed, capfd: pytest.CaptureFixture[str]
) -> None:
    table = DeltaTable(str(installed.place.settings.warehouse / "sources"))
    table.alter.add_columns([Field("note", PrimitiveType("string"))])
    try:
        steps = [step.name for step in NIGHTLY]
        assert dict.fromkeys(steps, BROKEN) == {step: installed.step(step, "altered") for step in steps}
        assert (
            "table sources differs from its contract: note is not in the contract" in capfd.readouterr().err
        )
    finally:
        table.restore(table.version() - 1)


def test_a_file_in_place_of_the_warehouse_is_a_matter_of_the_settings(
    installed: Installed, tmp_path: Path
) -> None:
    (tmp_path / "occupied").write_text("no folder")
    with settings_say(installed, warehouse=tmp_path / "occupied"):
        assert installed.step("catalog", "nowhere") == SETTINGS


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 100 KB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=100k,mode=700", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this user may mount nothing")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)  # noqa: S607


def test_a_full_disk_is_a_matter_of_trying_again_and_says_so(
    installed: Installed, small_disk: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(installed.place.settings.warehouse / "sources", small_disk / "sources")
    with (small_disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(bytes(1024))
    with settings_say(installed, warehouse=small_disk):
        assert installed.step("catalog", "full") == LATER
    assert "the disk is full" in capfd.readouterr().err


def test_a_run_that_decides_at_another_time_than_it_began_with_is_refused(installed: Installed) -> None:
    assert installed.step("check", "fixed", "--as-of", "2026-11-23T00:00:00+00:00") == 0
    assert installed.step("check", "fixed", "--as-of", "2026-11-24T00:00:00+00:00") == 2
