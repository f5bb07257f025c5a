"""An environment with the built wheel and the packages it asks for: neither checkout nor test tools.

The packages are those of this environment, linked one by one along what each says it needs: nothing is downloaded, and
a package that the wheel forgets to ask for is not there.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from email import message_from_string
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from habeas.model.installation.resources import PROJECT

_SPARK_SCRIPTS = ("spark-submit", "find-spark-home", "load-spark-env.sh")


def build(folder: Path) -> Path:
    """The project's wheel, built as `pip` builds it."""
    _pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(PROJECT))
    (wheel,) = folder.glob("habeas-*.whl")
    return wheel


def install(wheel: Path, folder: Path, *parts: str) -> Path:
    """A new environment in `folder` with the wheel and its optional `parts`; the folder of its programs."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (packages,) = folder.glob("lib/python3*/site-packages")
    binaries = folder / "bin"
    for name in _needed(_requires(wheel), {"", *parts}):
        for file in {file.parts[0] for file in metadata.distribution(name).files or []} - {
            "..",
            "__pycache__",
        }:
            source = Path(str(metadata.distribution(name).locate_file(file)))
            if source.suffix != ".pth" and not (packages / file).exists():
                (packages / file).symlink_to(source)
    for script in _SPARK_SCRIPTS if (packages / "pyspark").exists() else ():
        (binaries / script).symlink_to(Path(sys.executable).with_name(script))
    _pip("--python", str(binaries / "python"), "install", "--no-deps", str(wheel))
    return binaries


def outside() -> dict[str, str]:
    """This process's environment variables, without those that lead to a checkout or to an installation."""
    led = ("HABEAS_", "PYTHONPATH", "AIRFLOW", "SPARK_", "PYSPARK_", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(led)}
    own = str(Path(sys.executable).parent)
    return kept | {"PATH": os.pathsep.join(part for part in kept["PATH"].split(os.pathsep) if part != own)}


def _requires(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as file:
        (name,) = (name for name in file.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_string(file.read(name).decode()).get_all("Requires-Dist", [])


def _needed(asked: Iterable[str], parts: set[str]) -> set[str]:
    """Every package that these requirements lead to."""
    found: set[tuple[str, str]] = set()
    waiting = [(text, parts) for text in asked]
    while waiting:
        text, extras = waiting.pop()
        wanted = Requirement(text)
        if wanted.marker and not any(wanted.marker.evaluate({"extra": extra}) for extra in extras):
            continue
        name = canonicalize_name(wanted.name)
        if fresh := {(name, extra) for extra in ("", *wanted.extras)} - found:
            found |= fresh
            inner = {extra for _, extra in fresh}
            waiting += [(each, inner) for each in metadata.distribution(name).requires or []]
    return {name for name, _ in found}


def _pip(*words: str) -> None:
    command = [sys.executable, "-m", "pip", *words, "--no-index", "--quiet", "--disable-pip-version-check"]
    subprocess.run(command, check=True)
