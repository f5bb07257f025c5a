from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from habeas.cli.setup import make

Habeas = Callable[..., Result]


def test_init_keeps_keys_from_everybody_else(tmp_path: Path, habeas: Habeas) -> None:
    assert 0 == habeas("init", "--home", str(tmp_path / "home")).exit_code
    custody = tmp_path / "home" / "custody"
    assert 0o700 == stat.S_IMODE(custody.stat().st_mode)
    for place in custody.rglob("*"):
        assert not stat.S_IMODE(place.stat().st_mode) & 0o077, place.name


def test_init_again_changes_nothing(tmp_path: Path, habeas: Habeas) -> None:
    home = tmp_path / "home"
    habeas("init", "--home", str(home))
    config = home / "habeas.toml"
    config.write_text(config.read_text() + 'packs = ["house"]\n')
    before = {
        place: place.read_bytes()
        for place in home.rglob("*")
        if place.is_file() and place.suffix != ".sqlite"
    }
    assert 0 == habeas("init", "--home", str(home)).exit_code
    assert before == {place: place.read_bytes() for place in before}


def test_init_for_a_purpose_nobody_knows_is_refused(tmp_path: Path, habeas: Habeas) -> None:
    told = habeas("init", "--home", str(tmp_path / "home"), "--purposes", "world_domination")
    assert 2 == told.exit_code
    assert not (tmp_path / "home").exists()


def test_settings_never_name_the_key_store(tmp_path: Path) -> None:
    make(tmp_path / "home", None, ["archive_search"], "synthetic")
    text = (tmp_path / "home" / "habeas.toml").read_text()
    assert "custody" not in text and "kms" not in text


@pytest.mark.parametrize("words", [(), ("--fresh",)])
def test_a_demo_never_touches_a_folder_that_is_no_demo(
    tmp_path: Path, habeas: Habeas, words: tuple[str, ...]
) -> None:
    precious = tmp_path / "photos" / "only_copy.jpg"
    precious.parent.mkdir()
    precious.write_bytes(b"x")
    told = habeas("demo", "--home", str(precious.parent), *words)
    assert 2 == told.exit_code
    assert precious.exists()
