from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest
import tiny_pack

from habeas.cli.operate.doctor import Check, checks
from habeas.cli.operate.installed_packages import differences
from habeas.media.sandbox.client import Decoder
from habeas.model.installation.limits import MediaLimits
from habeas.pipeline.runtime import jars
from habeas.pipeline.runtime.java import find_java

NOWHERE = {"PATH": "/nonexistent"}


def installation(tmp_path: Path) -> Path:
    config = tmp_path / "habeas.toml"
    config.write_text(f'home = "{tmp_path}"\n')
    return config


def named(found: list[Check], start: str) -> Check:
    return next(check for check in found if check.name.startswith(start))


def test_a_missing_java_is_reported_with_how_to_get_it(tmp_path: Path) -> None:
    java = named(checks(installation(tmp_path), environment=NOWHERE), "Java")
    assert (False, "none on PATH or in JAVA_HOME") == (java.ok, java.says)
    assert "install" in java.mend


def fake_java(folder: Path, version: str) -> dict[str, str]:
    """A program that answers like `java -version` does."""
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    lines = f"java.home = {folder}", f"java.specification.version = {version}"
    program.write_text("#!/bin/sh\n" + "".join(f"echo '    {line}' >&2\n" for line in lines))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return {"JAVA_HOME": str(folder), "PATH": "/nonexistent"}


@pytest.mark.parametrize(("version", "ok"), [("17", True), ("21", True), ("11", False), ("1.8", False)])
def test_java_is_asked_for_its_version(tmp_path: Path, version: str, ok: bool) -> None:
    environment = fake_java(tmp_path / "java", version)
    java = named(checks(installation(tmp_path), environment=environment), "Java")
    assert ok == java.ok
    assert java.says.startswith(version.removeprefix("1."))


def test_an_old_java_home_does_not_hide_a_good_java_on_path(tmp_path: Path) -> None:
    old = fake_java(tmp_path / "old", "11")
    good = fake_java(tmp_path / "good", "17")
    java = find_java({"JAVA_HOME": old["JAVA_HOME"], "PATH": str(Path(good["JAVA_HOME"]) / "bin")})
    assert java is not None
    assert 17 == java.version


def test_settings_that_cannot_be_read_are_reported_and_not_raised(tmp_path: Path) -> None:
    config = tmp_path / "habeas.toml"
    config.write_text("no_such_setting = 1\n")
    settings = named(checks(config), "settings")
    assert not settings.ok
    assert "no_such_setting" in settings.says


def test_a_package_of_another_version_is_named(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(
        "pytest==0.1 \\\n    --hash=sha256:00\nno-such-package==1\nlegacy==1 ; python_version < '3'\n"
    )
    wrong = differences(lock)
    assert ["pytest is", "no-such-package is missing"] == [wrong[0][:9], wrong[1]]
    assert 2 == len(wrong)


def test_a_changed_missing_or_foreign_jar_is_named(tmp_path: Path) -> None:
    for name in ("good.jar", "changed.jar", "foreign.jar"):
        (tmp_path / name).write_bytes(name.encode())
    lock = tmp_path / "jars.lock"
    good = jars.sha256(tmp_path / "good.jar")
    lock.write_text(f"# a:b:1\n{good}  good.jar\n{'0' * 64}  changed.jar\n{'1' * 64}  missing.jar\n")
    expected = [
        "missing.jar is missing",
        "foreign.jar is not in jars.lock",
        "changed.jar is not the file that jars.lock names",
    ]
    assert expected == jars.problems(tmp_path, lock)
    assert ["a:b:1"] == jars.coordinates(lock)


def test_a_key_folder_that_others_can_read_is_reported(tmp_path: Path) -> None:
    custody = tmp_path / "custody"
    custody.mkdir(mode=0o755)
    file = custody / "custody.toml"
    file.write_text(f'home = "{custody}"\n')
    keys = named(checks(installation(tmp_path), file, environment=NOWHERE), "key folder")
    assert not keys.ok
    assert "chmod 700" in keys.mend
    custody.chmod(0o700)
    assert named(checks(installation(tmp_path), file, environment=NOWHERE), "key folder").ok


def test_the_key_folder_beside_the_settings_is_looked_at_without_being_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that every other command uses; who has none, or may not look, keeps no keys."""
    monkeypatch.delenv("HABEAS_CUSTODY", raising=False)
    config, custody = installation(tmp_path), tmp_path / "custody"
    assert "keeps no keys" in named(checks(config, environment=NOWHERE), "key folder").says
    custody.mkdir(mode=0o755)
    (custody / "custody.toml").write_text(f'home = "{custody}"\n')
    assert "chmod 700" in named(checks(config, environment=NOWHERE), "key folder").mend
    custody.chmod(0o700)
    assert (True, "private") == (
        (found := named(checks(config, environment=NOWHERE), "key folder")).ok,
        found.says,
    )
    (custody / "custody.toml").write_text("no_such_setting = 1\n")
    assert not named(checks(config, environment=NOWHERE), "key folder").ok


def test_the_installation_that_every_command_takes_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation(tmp_path)
    (tmp_path / "custody").mkdir(mode=0o755)
    (tmp_path / "custody" / "custody.toml").write_text(f'home = "{tmp_path / "custody"}"\n')
    monkeypatch.chdir(tmp_path)
    found = checks(environment=NOWHERE)
    assert str(tmp_path) in named(found, "installation").says
    assert not named(found, "key folder").ok


@pytest.mark.skipif(os.geteuid() == 0 or sys.platform == "win32", reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert not named(checks(installation(tmp_path), environment=NOWHERE), "installation").ok


def test_a_pack_with_another_digest_is_reported(tmp_path: Path) -> None:
    folder = tiny_pack.write(tmp_path / "models" / "tiny")
    (folder / "rec.onnx").write_bytes(b"another network")
    config = installation(tmp_path)
    config.write_text(f'{config.read_text()}model_pack = "tiny"\nmodels = "{tmp_path / "models"}"\n')
    pack = named(checks(config, environment=NOWHERE), "model pack")
    assert not pack.ok
    assert pack.mend


def test_what_holds_the_decoder_on_this_machine_is_told(tmp_path: Path) -> None:
    (tmp_path / "habeas.toml").write_text(f'home = "{tmp_path}"\n')
    (found,) = [check for check in checks(tmp_path / "habeas.toml") if check.name == "decoder"]
    assert found.says.startswith("held by ")
    with Decoder(MediaLimits()) as decoder:
        decoder.start()
        assert all((word in found.says.partition(";")[0]) is (word in decoder.confined)
                   for word in ("seccomp", "landlock", "namespace"))  # fmt: skip
