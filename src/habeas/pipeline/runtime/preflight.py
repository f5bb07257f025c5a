"""What must be right before the first step: settings, purposes, keys, paths and this process itself.

`habeas run`, every job and `habeas doctor` ask here, so that a wrong setting ends a run within a second, with a
message and exit code 2, and not after a scheduler's retries.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from habeas.faces.model_packs import registry as packs
from habeas.media.files.source_folders import usable
from habeas.model.errors import HabeasError, UsageError
from habeas.model.installation.locales import spells_utf8
from habeas.model.installation.settings import Settings
from habeas.model.purposes import Purposes
from habeas.warehouse.contracts import read_contracts
from habeas.warehouse.delta.delta_reader import DeltaReader

OPEN_FILES = 1024
"""Files that a process with Spark in it has open at once, at most: some hundred jars, and what it reads and writes."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that keeps every step from starting. `mend`: what to do."""

    says: str
    mend: str


def require(
    settings: Settings, wanted: Sequence[str], in_force: Callable[[], Purposes], source: str | None = None
) -> None:
    """Raise UsageError for the first fault there is; see `faults`."""
    for fault in faults(settings, wanted, in_force, source):
        raise UsageError(fault.says, hint=fault.mend)


def require_installation(settings: Settings) -> None:
    """Raise UsageError where no installation is at the place that the settings name: no order can be looked for."""
    for fault in _installation(settings):
        raise UsageError(fault.says, hint=fault.mend)


def faults(
    settings: Settings, wanted: Sequence[str], in_force: Callable[[], Purposes], source: str | None = None
) -> Iterator[Fault]:
    """Why nothing can begin for these purposes (and this source). `in_force`: the purposes by the rules in force.

    Raises what the rules in force raise when they can't be read.
    """
    yield from process_faults(settings)
    yield from _installation(settings)
    yield from _folders(settings)
    try:
        read_contracts(settings.schemas)
        packs.read(settings.pack_folder())
    except HabeasError as error:
        yield Fault(error.message, error.hint)
    purposes = in_force()
    for name in wanted:
        if name not in purposes:
            yield Fault(
                f"there is no purpose {name!a}",
                f"Known: {', '.join(sorted(purposes))}. See policies/purposes.yaml.",
            )
    if source is not None and source not in (sources := _sources(settings)):
        yield Fault(f"there is no source {source!a}", f"Known: {', '.join(sorted(sources)) or 'none'}.")


def process_faults(settings: Settings, environment: Mapping[str, str] = os.environ) -> Iterator[Fault]:
    """What about this process itself stops Spark: too few files, or names of folders that it can't spell."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = sys.maxsize if hard == resource.RLIM_INFINITY else hard
    if most < OPEN_FILES:
        yield Fault(
            f"this process may open {most} files at once, and Spark needs {OPEN_FILES}",
            "Raise the limit: ulimit -n 4096, or LimitNOFILE=4096 in the unit of its service.",
        )
    elif soft != resource.RLIM_INFINITY and soft < OPEN_FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, hard))
    named = [settings.home, settings.archive, settings.warehouse, settings.runs]
    if all(str(path).isascii() for path in named):
        return
    submitted = (
        "PYSPARK_GATEWAY_PORT" in environment
    )  # the JVM is there already, in the locale it was started in
    if sys.getfilesystemencoding().lower() != "utf-8" or (submitted and not spells_utf8(environment)):
        yield Fault(
            "the path of the installation has letters that this locale can't spell",
            "Run it with LC_ALL=C.UTF-8 in the environment, or use a path of ASCII letters.",
        )


def _installation(settings: Settings) -> Iterator[Fault]:
    for what, file in (
        ("installation key", settings.installation_key),
        ("registrar's public key", settings.registrar_public_key),
    ):
        if not file.is_file():
            yield Fault(
                f"{settings.home} is no installation: its {what} is not at {file}",
                "Make one with: habeas init --home FOLDER; or mend `home` in the settings.",
            )
            return
        if not os.access(file, os.R_OK):
            yield Fault(
                f"the {what} at {file} may not be read by this user", "Run it as the installation's user."
            )


def _folders(settings: Settings) -> Iterator[Fault]:
    """Folders that steps make or write. One that isn't there yet counts by the nearest one above it."""
    for name in ("warehouse", "runs", "report"):
        folder: Path = getattr(settings, name)
        there = next(place for place in (folder, *folder.parents) if os.path.lexists(place))
        if not there.is_dir():
            yield Fault(f"{name}: {there} is no folder", f"Mend `{name}` in the settings.")
        elif not os.access(there, os.W_OK | os.X_OK):
            yield Fault(
                f"{name}: {folder} can't be written by this user",
                "Give this user the folder, or choose another.",
            )


def unusable_sources(settings: Settings) -> dict[str, str]:
    """Sources whose folders can't be used, and the MediaReason why. A run goes on without them."""
    sources = _sources(settings)
    return usable(settings.archive, sources)[1] if sources else {}


def _sources(settings: Settings) -> dict[str, str]:
    """Source id -> its folder in the archive."""
    reader = DeltaReader(settings.warehouse)
    if not reader.exists("sources"):
        return {}
    return {
        row["source_id"]: row["root"] for row in reader.read("sources", ["source_id", "root"]).to_pylist()
    }
