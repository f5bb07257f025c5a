from __future__ import annotations

import errno
import re
import stat
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import small_warehouse as story
from typer.testing import Result

from habeas.cli import output as out
from habeas.cli.demo import airport as demo_airport
from habeas.cli.demo import demo
from habeas.cli.demo import studio as demo_studio
from habeas.cli.installation import installation
from habeas.cli.operate import setup
from habeas.cli.operate.setup import make
from habeas.model.errors import UsageError
from habeas.model.installation.resources import PROJECT
from habeas.policy.policy_set import load_policy_set
from habeas.policy.rules.packs import pack_names

NOW = datetime(2026, 11, 23, tzinfo=UTC)
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
    config.write_text(config.read_text() + 'policy_packs = ["house"]\n')
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


@pytest.mark.parametrize("command", ["init", "demo"])
def test_a_folder_that_can_hold_no_installation_is_told(tmp_path: Path, habeas: Habeas, command: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    for place in ("/proc/habeas", str(tmp_path / "file" / "home")):
        told = habeas(command, "--home", place)
        assert 2 == told.exit_code, told.output
        assert f"no installation can be made in {place}" in told.stderr
        assert "choose another" in told.stderr


def test_a_full_disk_is_worth_another_try(
    tmp_path: Path, habeas: Habeas, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(setup, "copy_policies", full)
    told = habeas("init", "--home", str(tmp_path / "home"))
    assert 75 == told.exit_code
    assert "No space left" in told.stderr


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
    config: Path, habeas: Habeas, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    program = Path(sys.executable).parent / "habeas"
    monkeypatch.chdir(program.parents[2])
    place = installation(config)
    told = demo_studio.tell(place, story.RUN)
    page = told["page"]
    demo._goodbye(out.console(), config.parent, told | {"wall_seconds": 1.0})
    text = capsys.readouterr().out
    assert page.is_file()
    assert str(page) in text
    asked = re.findall(r"habeas explain (\w+)", text)
    assert 3 == len(asked)
    assert 3 == text.count(f"  {program.relative_to(Path.cwd())} explain "), (
        "as it can be typed after make demo"
    )
    assert all(0 == habeas("explain", id_).exit_code for id_ in asked)


def test_a_demo_is_drawn_once_and_again_only_when_asked(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    first = demo._started(home, 6, 1, fresh=False)
    assert first == demo._started(home, 60, 2, fresh=False)
    (home / "left.txt").write_text("from the first demo")
    assert 60 == demo._started(home, 60, 2, fresh=True)["people"]
    assert not (home / "left.txt").exists()


def test_a_demo_of_one_case_is_never_taken_for_another(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    demo._started(home, 6, 1, fresh=False, case=demo.Case.AIRPORT)
    with pytest.raises(UsageError, match="another case"):
        demo._started(home, 6, 1, fresh=False)
    assert "studio" == demo._started(home, 6, 1, fresh=True)["case"]


def test_the_airport_has_rules_of_its_own_before_anything_is_made(tmp_path: Path) -> None:
    """The shipped packs, with the ministry's purposes and record of activities; what is there is left as it is."""
    demo_airport.prepare(tmp_path, NOW)
    policy = load_policy_set(tmp_path / "policies", pack_names(PROJECT / "policies"))
    assert {*demo_airport.PURPOSES, "border_control"} == set(policy.activities)
    shipped = load_policy_set(PROJECT / "policies", policy.names)
    assert policy.packs == shipped.packs
    assert policy.digest != shipped.digest
    changed = tmp_path / "policies" / "activities.yaml"
    changed.write_text("activities: []\n")
    demo_airport.prepare(tmp_path, NOW)
    assert "activities: []\n" == changed.read_text()


def test_an_installation_may_have_purposes_that_are_not_shipped(tmp_path: Path, habeas: Habeas) -> None:
    home = tmp_path / "home"
    home.mkdir()
    demo_airport.prepare(home, NOW)
    assert 0 == habeas("init", "--home", str(home), "--purposes", "training_vendor_c").exit_code


def test_an_installation_gets_rules_of_its_own_to_edit(tmp_path: Path) -> None:
    place = make(tmp_path / "home", None, ["archive_search"], "synthetic")[0]
    assert tmp_path / "home" / "policies" == place.settings.policies
    assert pack_names(PROJECT / "policies") == pack_names(place.settings.policies)
    assert sorted(place.settings.policy_packs) == sorted(pack_names(PROJECT / "policies"))
    shipped = load_policy_set(PROJECT / "policies", place.settings.policy_packs)
    assert shipped.digest == load_policy_set(place.settings.policies, place.settings.policy_packs).digest


def test_rules_that_were_edited_stay_as_they_are(tmp_path: Path) -> None:
    home = tmp_path / "home"
    make(home, None, ["archive_search"], "synthetic")
    (home / "policies" / "waivers.yaml").write_text("waivers: [] # ours\n")
    make(home, None, ["archive_search"], "synthetic")
    assert "waivers: [] # ours\n" == (home / "policies" / "waivers.yaml").read_text()


def test_a_copy_that_was_cut_off_is_made_anew(tmp_path: Path) -> None:
    """Half of the rules would be fewer rules."""
    home = tmp_path / "home"
    (home / "policies.part" / "house").mkdir(parents=True)
    make(home, None, ["archive_search"], "synthetic")
    assert pack_names(PROJECT / "policies") == pack_names(home / "policies")
    assert not (home / "policies.part").exists()


def test_the_demo_records_what_is_done(tmp_path: Path) -> None:
    demo_studio.prepare(tmp_path, NOW)
    demo_studio.prepare(tmp_path, NOW)
    found = load_policy_set(tmp_path / "policies", ["house"])
    assert sorted(demo_studio.PURPOSES) == sorted(found.activities)
