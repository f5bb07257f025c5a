"""Find a Java that Spark can use, or say how to get one.

Standard library only: the set-up uses it before there is a `.venv`. As a program it prints JAVA_HOME.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

OLDEST = 17


@dataclass(frozen=True)
class Java:
    """`home` is what JAVA_HOME should be; `version` the feature release, e.g. 17."""

    home: Path
    version: int

    @property
    def usable(self) -> bool:
        """True if this Java is new enough for Spark."""
        return self.version >= OLDEST


def find_java(environment: Mapping[str, str] = os.environ) -> Java | None:
    """The first usable Java of JAVA_HOME, PATH and (macOS) Homebrew; else the first too old one; else None."""
    candidates = [java for place in _places(environment) if (java := _ask(place))]
    return next((java for java in candidates if java.usable), candidates[0] if candidates else None)


def how_to_get(platform: str = sys.platform) -> str:
    """One line that mends a missing Java."""
    if platform == "darwin":
        return f"brew install openjdk@{OLDEST}"
    if shutil.which("apt-get"):
        return f"sudo apt-get install openjdk-{OLDEST}-jre-headless"
    if shutil.which("dnf"):
        return f"sudo dnf install java-{OLDEST}-openjdk-headless"
    if platform == "win32":
        return "use the Windows Subsystem for Linux: habeas doesn't run on Windows itself"
    return f"install a Java runtime {OLDEST} or newer and put it on PATH, or set JAVA_HOME"


def _places(environment: Mapping[str, str]) -> list[Path]:
    places = []
    if environment.get("JAVA_HOME"):
        places.append(Path(environment["JAVA_HOME"]) / "bin" / "java")
    on_path = shutil.which("java", path=environment.get("PATH", ""))
    if on_path:
        places.append(Path(on_path))
    if sys.platform == "darwin":
        for prefix in ("/opt/homebrew/opt", "/usr/local/opt"):
            places += sorted(Path(prefix).glob("openjdk*/bin/java"))
    return places


def _ask(executable: Path) -> Java | None:
    # The version is asked for, not read from a path; the home is Java's own word (a path may be a chain of links).
    try:
        output = subprocess.run(
            [str(executable), "-XshowSettings:properties", "-version"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        ).stderr
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = re.search(r"java\.specification\.version = (?:1\.)?(\d+)", output)
    home = re.search(r"java\.home = (.+)", output)
    return Java(Path(home[1].strip()), int(version[1])) if version and home else None


if __name__ == "__main__":
    java = find_java()
    sys.stdout.write(str(java.home) if java else "")
