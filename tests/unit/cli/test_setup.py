from __future__ import annotations

import re
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
import small_warehouse as story
from typer.testing import Result

from habeas.cli import demo, out
from habeas.cli.bootstrap import installation
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


def test_a_demo_ends_with_questions_that_can_be_asked(
    config: Path, habeas: Habeas, capsys: pytest.CaptureFixture[str]
) -> None:
    place = installation(config)
    summary = place.report(story.RUN, title="A run", drawn=True)
    page = place.settings.report / "index.html"
    told = {"summary": summary, "page": page, "examples": demo._examples(place), "wall_seconds": 1.0}
    demo._goodbye(out.console(), config.parent, told)
    text = capsys.readouterr().out
    assert page.is_file()
    assert str(page) in text
    asked = re.findall(r"habeas explain (\w+)", text)
    assert 3 == len(asked)
    assert all(0 == habeas("explain", id_).exit_code for id_ in asked)


def test_a_demo_is_drawn_once_and_again_only_when_asked(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    first = demo._started(home, 6, 1, fresh=False)
    assert first == demo._started(home, 60, 2, fresh=False)
    (home / "left.txt").write_text("from the first demo")
    assert 60 == demo._started(home, 60, 2, fresh=True)["people"]
    assert not (home / "left.txt").exists()
