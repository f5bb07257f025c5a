"""The jars Spark loads besides its own, against `jars.lock`. Standard library only: the set-up uses it too."""

from __future__ import annotations

import hashlib
from pathlib import Path


def locked(lock: Path) -> dict[str, str]:
    """File name -> SHA-256, as `jars.lock` states them."""
    lines = [line.split() for line in lock.read_text().splitlines() if line and not line.startswith("#")]
    return {name: digest for digest, name in lines}


def coordinates(lock: Path) -> list[str]:
    """Maven coordinates (`group:artifact:version`) that the jars are resolved by."""
    comments = [line[1:].strip() for line in lock.read_text().splitlines() if line.startswith("#")]
    return [text for text in comments if text.count(":") == 2 and " " not in text]


def problems(folder: Path, lock: Path) -> list[str]:
    """What keeps `folder` from holding exactly the locked jars; empty when all is well."""
    wanted = locked(lock)
    found = {path.name: path for path in folder.glob("*.jar")}
    wrong = [f"{name} is missing" for name in sorted(wanted.keys() - found.keys())]
    wrong += [f"{name} is not in {lock.name}" for name in sorted(found.keys() - wanted.keys())]
    for name in sorted(wanted.keys() & found.keys()):
        if sha256(found[name]) != wanted[name]:
            wrong.append(f"{name} is not the file that {lock.name} names")
    return wrong


def sha256(path: Path) -> str:
    """SHA-256 of a file, lower-case hex. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
