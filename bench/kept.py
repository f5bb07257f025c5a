"""Results of an earlier run that may stand: of the same code, on a machine like this, of the same drawn files."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
_ABOUT = ("machine", "versions", "code", "drawn")


def begun(result: Path, drawn: Mapping[str, Any], libraries: Iterable[str], *, go_on: bool) -> dict[str, Any]:
    """What a result says about itself, with its `parts`; all that stands in `result` already, if it may."""
    about: dict[str, Any] = {
        "machine": {"cores": os.cpu_count(), "processor": processor(), "python": platform.python_version()},
        "versions": {name: version(name) for name in libraries},
        "code": code(),
        "drawn": dict(drawn),
    }  # fmt: skip
    about = json.loads(json.dumps(about))
    known = json.loads(result.read_text()) if go_on and result.exists() else {}
    same = all(known.get(name) == about[name] for name in _ABOUT)
    return {**known, **about} if same else {**about, "parts": {}}


def processor() -> str:
    """Its model, where the system tells it."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def code() -> str:
    """Digest of the code that is measured, and of what measures it."""
    places = ("src/habeas/**/*.py", "bench/*.py", "policies/**/*.*", "schemas/*", "models/**/*.*")
    files = sorted({file for place in places for file in PROJECT.glob(place) if file.is_file()})
    told = (f"{file.relative_to(PROJECT)} {hashlib.sha256(file.read_bytes()).hexdigest()}" for file in files)
    return hashlib.sha256("\n".join(told).encode()).hexdigest()
