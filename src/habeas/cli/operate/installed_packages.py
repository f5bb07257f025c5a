"""Does this Python hold what the lock names, or what habeas asks for? As a program it answers by exit code."""

from __future__ import annotations

import re
import sys
from functools import cache
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

_PARTS = {"jobs": "pyspark", "airflow": "apache-airflow"}
"""Optional part of habeas -> the package by which one sees that it is installed."""

_OF_JOBS = (
    "PIL", "av", "cv2", "delta", "great_expectations", "insightface", "onnxruntime", "pandas", "pillow_heif", "pyspark",
)  # fmt: skip
_MODULES = dict.fromkeys(_OF_JOBS, "jobs") | {"airflow": "airflow"}


def part_of(module: str) -> str | None:
    """The optional part of habeas that a module comes with; None where it comes with none."""
    return _MODULES.get(module.split(".", maxsplit=1)[0])


def differences(lock: Path) -> list[str]:
    """One line a package that is missing or of another version; empty when all are as locked."""
    wrong = []
    for line in lock.read_text().splitlines():
        if not re.match(r"[a-z0-9]", line):
            continue
        wanted = Requirement(line.rstrip("\\ "))
        if wanted.marker is None or wanted.marker.evaluate():
            wrong += _difference(wanted, "locked")
    return wrong


def out_of_range(package: str = "habeas") -> list[str]:
    """One line a package that is missing or of a version that `package` doesn't work with, installed parts included."""
    parts = ["", *(part for part, sign in _PARTS.items() if _version(sign))]
    wrong = []
    for text in metadata.requires(package) or []:
        wanted = Requirement(text)
        if wanted.marker is None or any(wanted.marker.evaluate({"extra": part}) for part in parts):
            wrong += _difference(wanted, "works with")
    return wrong


def _difference(wanted: Requirement, why: str) -> list[str]:
    installed = _version(wanted.name)
    if installed is None:
        return [f"{wanted.name} is missing"]
    if not wanted.specifier.contains(installed, prereleases=True):
        return [f"{wanted.name} is {installed}, {why} {wanted.specifier}"]
    return []


@cache  # a process keeps what it began with, and each answer reads a file
def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


if __name__ == "__main__":
    problems = differences(Path(sys.argv[1]))
    for line in problems:
        print(line)
    sys.exit(bool(problems))
