"""Settings that can't be used are named, and nothing of what stands in them is told."""

from __future__ import annotations

import os
import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from habeas.model.errors import UsageError
from habeas.model.installation.resources import PROJECT
from habeas.model.installation.settings import Custody, Settings, bounds, meaning, schema_of

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f'home = "x"\nkey_store = ["postgresql://desk:{SECRET}@host/keys"]\n', "key_store: Input should be"),
        (f'home = "x"\nsuite = "{SECRET}"\n', "suite: Input should be 1 or 2"),
        (f'home = "x"\nkey_stroe = "{SECRET}"\n', "key_stroe: Extra inputs"),
        (f'key_store = "{SECRET}"\n', "home: Field required"),
        (f"key_store = {SECRET}\n", "line 1"),
        (f'home = "{SECRET}\n', "line 1"),
    ],
)
def test_a_settings_error_names_the_field_and_never_its_value(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "custody.toml"
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        Custody.read(file)
    assert says in str(caught.value)
    assert SECRET not in str(caught.value)
    assert str(file) in caught.value.message


def test_a_setting_inside_another_and_a_variable_are_named_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "habeas.toml"
    file.write_text(f'[sampling]\nno_such = "{SECRET}"\n')
    with pytest.raises(UsageError, match=r"sampling\.no_such"):
        Settings.read(file)
    file.write_bytes(b'model_pack = "\xff"\n')
    with pytest.raises(UsageError, match="UTF-8"):
        Settings.read(file)
    file.write_text("")
    monkeypatch.setenv("HABEAS_PURPOSES", SECRET)
    with pytest.raises(UsageError, match="purposes") as caught:
        Settings.read(file)
    assert SECRET not in str(caught.value)


GROUPS = {name: field.default for name, field in Settings.model_fields.items() if is_dataclass(field.default)}
NUMBERS = [
    (group, each.name)
    for group, default in GROUPS.items()
    for each in fields(default)
    if isinstance(getattr(default, each.name), (int, float))
]
WORDS = [(g, f.name) for g, default in GROUPS.items() for f in fields(default) if (g, f.name) not in NUMBERS]


def _told(group: str, name: str) -> dict[str, Any]:
    schema: dict[str, Any] = TypeAdapter(type(GROUPS[group])).json_schema()["properties"][name]
    return schema


def _every_setting() -> list[tuple[type[Settings | Custody], tuple[str, ...]]]:
    places = [(name,) for name in Settings.model_fields if name not in GROUPS]
    places += [(group, each.name) for group, default in GROUPS.items() for each in fields(default)]
    return [(Settings, place) for place in places] + [(Custody, (name,)) for name in Custody.model_fields]


@pytest.mark.parametrize(("settings", "place"), _every_setting(), ids=str)
def test_every_setting_has_a_meaning_and_every_number_a_range_and_a_unit(
    settings: type[Settings | Custody], place: tuple[str, ...]
) -> None:
    told = schema_of(settings, place)
    assert len(meaning(told).split()) > 2
    assert meaning(told).endswith(".")
    if told.get("type") in ("integer", "number") and "enum" not in told:
        assert bounds(told)
        # a unit, or what the number counts or compares
        assert re.search(UNITS, meaning(told))
    page = (PROJECT / "docs" / "reference" / "settings.md").read_text()
    assert f"| `{'.'.join(place)}` | {meaning(told)} |" in page


UNITS = (
    r"\b(bytes|seconds|milliseconds|hours|days|pixels|MiB|share|overlaps|Frames|number of|luminance|weight|"
    r"sharpness|frontality)\b"
)


def test_an_error_about_a_setting_says_what_it_means(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        _read(tmp_path, "run_max_age_hours = 0\n[sampling]\nmax_gap_ms = 0\n")
    for place in (("run_max_age_hours",), ("sampling", "max_gap_ms")):
        assert meaning(schema_of(Settings, place)).rstrip(".") in caught.value.message


def test_no_setting_has_no_schema() -> None:
    for place in ((), ("no_such",), ("sampling",), ("sampling", "no_such"), (0,)):
        assert schema_of(Settings, place) == {}


def _read(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "habeas.toml"
    file.write_text(text)
    return Settings.read(file)


def test_every_number_has_a_range_and_every_word_a_list() -> None:
    assert len(NUMBERS) > 15
    assert not [place for place in NUMBERS if {"minimum", "maximum"} - set(_told(*place))]
    assert not [place for place in WORDS if "enum" not in _told(*place)]


@pytest.mark.parametrize(("group", "name"), NUMBERS)
@pytest.mark.parametrize("beyond", [-1, 1])
def test_a_number_outside_its_range_is_refused_and_both_ends_are_named(
    tmp_path: Path, group: str, name: str, beyond: int
) -> None:
    least, most = _told(group, name)["minimum"], _told(group, name)["maximum"]
    value = least - 1 if beyond < 0 else most + 1
    with pytest.raises(UsageError) as caught:
        _read(tmp_path, f"[{group}]\n{name} = {value}\n")
    assert f"{group}.{name}: " in caught.value.message
    assert f"({bounds(_told(group, name))})" in caught.value.message


@pytest.mark.parametrize(
    ("name", "range_"), [("derive_anew_days", "1 to 31"), ("run_max_age_hours", "1 to 744")]
)
@pytest.mark.parametrize("value", [0, 745])
def test_a_number_of_no_group_is_refused_with_its_range_and_the_reference_shows_it(
    tmp_path: Path, name: str, range_: str, value: int
) -> None:
    with pytest.raises(UsageError) as caught:
        _read(tmp_path, f"{name} = {value}\n")
    assert f"{name}: " in caught.value.message
    assert f"({range_})" in caught.value.message
    page = (PROJECT / "docs" / "reference" / "settings.md").read_text().splitlines()
    assert next(line for line in page if line.startswith(f"| `{name}` ")).endswith(f"| {range_} |")


def test_a_range_is_told_with_every_digit() -> None:
    assert bounds({"minimum": 256, "maximum": 1_048_576.0}) == "256 to 1048576"
    assert bounds({"minimum": 0.01, "maximum": 1e15}) == "0.01 to 1000000000000000"
    assert bounds({"type": "string"}) == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[sampling]\nmode = "every"\n', "sampling.mode: Input should be 'keyframes' or 'per_second'"),
        ("[sampling]\nper_second = 0\n", "sampling.per_second"),
        ("[sampling]\nper_second = nan\n", "sampling.per_second"),
        ("[sampling]\nper_second = inf\n", "sampling.per_second"),
        ("[faces]\nmin_frontality = 7\n", "faces.min_frontality"),
        ("[faces]\nmin_exposure = 0.9\nmax_exposure = 0.2\n", "faces.min_exposure must be below"),
        ("[faces]\nframes_per_track = 9\n", "faces.kept_sightings must not be below"),
        ("purposes = []\n", "purposes: "),
        ('purposes = [""]\n', "purposes.0: "),
        ("policy_packs = []\n", "policy_packs: "),
        ("packs = []\n", "packs: it is called policy_packs"),
        ('pack = "synthetic"\n', "pack: it is called model_pack"),
        ('model_pack = "../elsewhere"\n', "model_pack: "),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_name(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        _read(tmp_path, text)
    assert says in caught.value.message
    assert caught.value.exit_code == 2


PLACES = [name for name, field in Settings.model_fields.items() if isinstance(field.default, Path)]


@pytest.mark.parametrize("name", PLACES)
def test_every_place_may_be_an_address_of_a_file(tmp_path: Path, name: str) -> None:
    """`file:///…` was taken for a relative path: the locks went into the current folder."""
    found = _read(tmp_path, f'{name} = "file://{tmp_path}/w%20%EA%B0%80"\n')
    assert tmp_path / "w 가" == getattr(found, name)


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("address", ["s3a://bucket/w", "hdfs://host/w", "file://host/w", "https://host/w"])
def test_no_place_lies_on_another_machine(tmp_path: Path, name: str, address: str) -> None:
    with pytest.raises(UsageError, match="only folders of this machine") as caught:
        _read(tmp_path, f'{name} = "{address}"\n')
    assert f"{name}: " in caught.value.message
    assert caught.value.exit_code == 2


def test_a_relative_place_counts_from_the_settings_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    found = _read(tmp_path, 'home = "inst"\nwarehouse = "w"\npolicies = "rules"\n')
    assert [tmp_path / each for each in ("inst", "w", "rules", "inst/archive")] == [
        found.home, found.warehouse, found.policies, found.archive,
    ]  # fmt: skip
    (tmp_path / "custody.toml").write_text('home = "keys"\n')
    assert tmp_path / "keys" / "kms" == Custody.read(tmp_path / "custody.toml").kms


def test_a_place_with_a_tilde_lies_in_the_users_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Path(os.environ["HOME"]) / "faces" == _read(tmp_path, 'home = "~/faces"\n').home


@pytest.mark.parametrize("name", Settings.fixed)
def test_a_variable_names_no_other_orders_rules_or_keys_than_the_installations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    file = tmp_path / "habeas.toml"
    file.write_text(f'home = "{tmp_path}"\n')
    monkeypatch.setenv(f"HABEAS_{name}".upper(), '["house"]' if name == "policy_packs" else "5")
    for given in (file, None):  # named, or as every command finds it
        monkeypatch.setenv("HABEAS_CONFIG", str(file))
        with pytest.raises(UsageError, match=f"HABEAS_{name.upper()}: it steers"):
            Settings.read(given)


def test_an_installation_is_not_gone_round_by_naming_its_home_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HABEAS_CONFIG", raising=False)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HABEAS_HOME", str(home))
    assert home == Settings.read().home  # nothing is there yet
    (home / "habeas.toml").write_text(f'home = "{home}"\n')
    with pytest.raises(UsageError, match="HABEAS_HOME: it steers"):
        Settings.read()


@pytest.mark.parametrize("name", Custody.fixed)
def test_a_variable_names_no_other_key_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    file = tmp_path / "custody.toml"
    file.write_text(f'home = "{tmp_path}"\n')
    monkeypatch.setenv(f"HABEAS_CUSTODY_{name}".upper(), SECRET)
    with pytest.raises(UsageError, match=f"HABEAS_CUSTODY_{name.upper()}: it steers") as caught:
        Custody.read(file)
    assert SECRET not in str(caught.value)
