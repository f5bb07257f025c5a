"""What the set-up promises without running it: all by hash, from nowhere in particular, and a word of help."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from habeas.model.installation.resources import PROJECT
from habeas.pipeline.runtime import jars

LOCK = PROJECT / "requirements.lock"
FILES = [
    LOCK,
    PROJECT / "jobs" / "jars.lock",
    PROJECT / "Makefile",
    PROJECT / ".ci" / "run",
    *sorted((PROJECT / "tools").iterdir()),
]


@pytest.fixture(scope="module")
def setup() -> ModuleType:
    spec = importlib.util.spec_from_file_location("setup_tool", PROJECT / "tools" / "setup.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def locked() -> dict[str, str]:
    """Package -> its lines in the lock."""
    blocks = re.split(r"^(?=[a-z0-9])", LOCK.read_text(), flags=re.MULTILINE)
    return {block.split("==")[0]: block for block in blocks if "==" in block}


def test_every_package_is_pinned_by_hash() -> None:
    assert len(locked()) > 150
    assert [] == [name for name, block in locked().items() if "--hash=sha256:" not in block]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_names_a_host_or_a_place_of_one_machine(path: Path) -> None:
    text = path.read_text() if path.is_file() else ""
    assert [] == re.findall(
        r"https?://|--(?:extra-)?index-url|--find-links [^\"]*/|/home/|/root/|/opt/", text
    )


def test_tools_that_build_source_packages_are_installed_by_hash_first(setup: ModuleType) -> None:
    entries = setup._entries(*setup.BUILD_TOOLS)
    assert [*setup.BUILD_TOOLS] == re.findall(r"^([a-z-]+)==", entries, flags=re.MULTILINE)
    assert {"hatchling", "setuptools", "wheel"} < {
        *setup.BUILD_TOOLS
    }  # of the project, of Spark's source package
    assert entries.count("--hash=sha256:") >= 2 * len(setup.BUILD_TOOLS)


def test_the_jar_is_of_the_version_that_python_talks_to() -> None:
    (coordinate,) = jars.coordinates(PROJECT / "jobs" / "jars.lock")
    version = locked()["delta-spark"].splitlines()[0].split("==")[1].rstrip("\\ ")
    assert coordinate.endswith(f":{version}")
    assert {f"io.delta_delta-storage-{version}.jar"} < set(jars.locked(PROJECT / "jobs" / "jars.lock"))


def test_without_a_python_it_says_how_to_get_one(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("cat", "cksum", "dirname", "ls"):
        found = shutil.which(name)
        assert found is not None
        (tools / name).symlink_to(found)
    project = tmp_path / "project"
    shutil.copytree(PROJECT / "tools", project / "tools")
    (project / "jobs").mkdir()
    for name in ("requirements.lock", "pyproject.toml", "jobs/jars.lock"):
        shutil.copy(PROJECT / name, project / name)
    done = subprocess.run(
        ["/bin/sh", str(project / "tools" / "setup.sh")],
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 1 == done.returncode
    assert "Python 3.11 or 3.12" in done.stderr
    assert "brew install" in done.stderr
    assert "apt-get install" in done.stderr
