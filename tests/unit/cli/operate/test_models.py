"""Model packs belong to the installation that they were added to, and the shipped one warns who it knows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny_pack
from typer.testing import Result

from habeas.cli.operate.doctor import checks
from habeas.cli.operate.setup import make
from habeas.faces.model_packs import registry as packs
from habeas.model.errors import UsageError
from habeas.model.installation.resources import MODELS as SHIPPED_MODELS
from habeas.model.installation.settings import Settings

Habeas = Callable[..., Result]


def _installation(home: Path) -> Path:
    make(home, None, ["archive_search"], "synthetic")
    return home / "habeas.toml"


def test_a_pack_is_added_to_the_installation_and_to_no_other(tmp_path: Path, habeas: Habeas) -> None:
    one, other = _installation(tmp_path / "one"), _installation(tmp_path / "other")
    before = sorted(path.name for path in SHIPPED_MODELS.iterdir())
    folder = tiny_pack.write(tmp_path / "packs" / "tiny")
    assert 0 == habeas("models", "add", str(folder), on=one).exit_code
    assert (tmp_path / "one" / "models" / "tiny" / "pack.toml").is_file()
    assert before == sorted(path.name for path in SHIPPED_MODELS.iterdir())

    def listed(config: Path) -> set[str]:
        return {row["pack"] for row in json.loads(habeas("models", "list", "--json", on=config).stdout)}

    assert {"tiny", "synthetic"} <= listed(one)
    assert "tiny" not in listed(other)
    assert 0 == habeas("models", "verify", "tiny", on=one).exit_code
    assert 2 == habeas("models", "verify", "tiny", on=other).exit_code


def test_the_shipped_pack_is_found_by_every_installation(tmp_path: Path) -> None:
    settings = Settings.read(_installation(tmp_path / "home"))
    assert SHIPPED_MODELS / "synthetic" == settings.pack_folder()
    assert tmp_path / "home" / "models" / "mine" == settings.pack_folder("mine")


def test_no_pack_takes_the_name_of_a_shipped_one(tmp_path: Path, habeas: Habeas) -> None:
    config = _installation(tmp_path / "home")
    folder = tiny_pack.write(tmp_path / "tiny")
    (folder / "pack.toml").write_text(tiny_pack.toml(folder, name='"synthetic"'))
    assert 2 == habeas("models", "add", str(folder), on=config).exit_code
    with pytest.raises(UsageError):
        packs.add(folder, *Settings.read(config).pack_folders)
    assert not (tmp_path / "home" / "models" / "synthetic").exists()


def test_who_makes_an_installation_is_told_that_the_default_pack_knows_drawn_people_alone(
    tmp_path: Path, habeas: Habeas
) -> None:
    told = habeas("init", "--home", str(tmp_path / "home"), "--json")
    assert "drawn people alone" in json.loads(told.stdout)["warning"]
    (found,) = [c for c in checks(tmp_path / "home" / "habeas.toml") if c.name.startswith("model pack")]
    assert found.ok and found.mend.startswith("knows drawn people alone")  # the line begins with its name
    tiny_pack.write(tmp_path / "home" / "models" / "tiny")
    told = habeas("init", "--home", str(tmp_path / "home2"), "--model-pack", "tiny", "--json")
    assert "warning" not in json.loads(told.stdout)
