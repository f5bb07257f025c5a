"""Does this Python hold what the lock names? As a program it answers by exit code."""

from __future__ import annotations

import re
import sys
from functools import cache
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement


def differences(lock: Path) -> list[str]:
    """One line a package that is missing or of another version; empty when all are as locked."""
    wrong = []
    for line in lock.read_text().splitlines():
        if not re.match(r"[a-z0-9]", line):
            continue
        wanted = Requirement(line.rstrip("\\ "))
        if wanted.marker and not wanted.marker.evaluate():
            continue
        found = _version(wanted.name)
        if found is None:
            wrong.append(f"{wanted.name} is missing")
        elif not wanted.specifier.contains(found, prereleases=True):
            wrong.append(f"{wanted.name} is {found}, locked {wanted.specifier}")
    return wrong


@cache  # a process keeps what it began with, and each answer reads a file
def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


if __name__ == "__main__":
    found = differences(Path(sys.argv[1]))
    for line in found:
        print(line)
    sys.exit(bool(found))
