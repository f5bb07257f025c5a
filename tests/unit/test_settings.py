"""Settings that can't be used are named, and nothing of what stands in them is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from habeas.errors import UsageError
from habeas.settings import Custody, Settings

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f'home = "x"\nkey_store = ["postgresql://desk:{SECRET}@host/keys"]\n', "key_store: Input should be"),
        (f'home = "x"\nsuite = "{SECRET}"\n', "suite: Input should be a valid integer"),
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
    file.write_bytes(b'pack = "\xff"\n')
    with pytest.raises(UsageError, match="UTF-8"):
        Settings.read(file)
    file.write_text("")
    monkeypatch.setenv("HABEAS_PURPOSES", SECRET)
    with pytest.raises(UsageError, match="purposes") as caught:
        Settings.read(file)
    assert SECRET not in str(caught.value)
