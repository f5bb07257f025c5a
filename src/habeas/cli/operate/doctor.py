"""What habeas needs on this machine: found or missing, and how to mend it. Changes nothing, downloads nothing."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from habeas.cli.installation import default_config, default_custody
from habeas.cli.operate.installed_packages import differences, out_of_range
from habeas.cli.options import now
from habeas.faces.model_packs import registry as packs
from habeas.media.sandbox.client import Decoder
from habeas.model.errors import HabeasError
from habeas.model.installation import permissions, resources
from habeas.model.installation.settings import Custody, Settings
from habeas.model.installation.steps import DECIDE
from habeas.model.orders import MAY, OrderKind
from habeas.oversight.explain.wording import reason
from habeas.oversight.orders.folder import OrderFolder
from habeas.oversight.orders.orders_seen import require_all_there
from habeas.pipeline.runtime import jars, preflight
from habeas.pipeline.runtime.java import OLDEST, find_java, how_to_get
from habeas.policy.store import policy_in_force
from habeas.sealing import key_files
from habeas.warehouse import spark_conf as conf
from habeas.warehouse.authenticated.mac import KEY_BYTES, MacKey, Use
from habeas.warehouse.authenticated.run_records import done

_CLOSED = "folders closed to others"
_FREE = 2_000_000_000  # bytes that a small run and its Spark scratch files need


@dataclass(frozen=True, slots=True)
class Check:
    """One prerequisite. `says`: the state; `mend`: what to do when it is not ok, or when it `warns`."""

    name: str
    ok: bool
    says: str
    mend: str
    warns: bool = False


def checks(
    config: Path | None = None,
    custody: Path | None = None,
    *,
    environment: Mapping[str, str] = os.environ,
) -> list[Check]:
    """Every prerequisite, in the order they are needed. `config` and `custody` default as for every command."""
    config = config or default_config()
    try:
        settings = Settings.read(config)
    except HabeasError as error:
        return [*_machine(environment), Check("settings", False, error.message, error.hint)]
    return [
        *_machine(environment),
        _home(settings.home),
        _closed(settings, config, custody),
        _disk(settings.home),
        *([_decoder(settings)] if find_spec("av") else []),
        *_ready(settings, config),
        _pack(settings),
        _keys(custody, config),
        _orders(settings),
    ]


def _machine(environment: Mapping[str, str]) -> list[Check]:
    python_checks = [_python(), _packages(resources.PACKAGES_LOCK)]
    # Without Spark this is a place to read and verify at, and runs no job.
    return (
        [*python_checks, _java(environment), _jars(resources.JARS_LOCK)]
        if find_spec("pyspark")
        else python_checks
    )


def _python() -> Check:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return Check(
        "Python 3.11 or 3.12",
        version in ("3.11", "3.12"),
        version,
        "Install one of them and make the environment of habeas anew.",
    )


def _java(environment: Mapping[str, str]) -> Check:
    java = find_java(environment)
    says = f"{java.version} in {java.home}" if java else "none on PATH or in JAVA_HOME"
    return Check(f"Java {OLDEST} or newer", java is not None and java.usable, says, how_to_get())


def _packages(lock: Path) -> Check:
    """A checkout has a lock; a wheel has the range of versions in its metadata."""
    locked = lock.is_file()
    wrong = differences(lock) if locked else out_of_range()
    shown = "; ".join(wrong[:3]) + (f" and {len(wrong) - 3} more" if len(wrong) > 3 else "")
    well = "all as locked" if locked else "all within range"
    return Check("Python packages", not wrong, shown or well, resources.how_to_get_packages())


def _jars(lock: Path) -> Check:
    folder = resources.jars_folder()
    wrong = jars.problems(folder, lock)
    says = "; ".join(wrong) or f"{len(conf.jars())} by digest in {folder}"
    return Check("Spark's jars as locked", not wrong, says, resources.how_to_get_jars())


def _home(home: Path) -> Check:
    place = _standing(home)
    writable = place.is_dir() and os.access(place, os.W_OK | os.X_OK)
    says = "writable" if writable else "can't be written"
    if writable and place != home:
        says = "not there yet, can be made"
    return Check(
        "installation folder", writable, f"{home}: {says}", "Give this user the folder, or choose another."
    )


def _closed(settings: Settings, config: Path | None, custody: Path | None) -> Check:
    """Write access here can change what is allowed; read access to the tables shows which person is in which file."""
    named = [place for place in (config, custody or (default_custody(config) if config else None)) if place]
    keys = [place.parent for place in named[1:]]
    open_places = permissions.writable_by_everybody([*permissions.steering(settings), *named, *keys])
    if open_places:
        says = f"every user of this machine may write {', '.join(map(str, open_places))}"
        return Check(_CLOSED, False, says, f"chmod o-w {' '.join(map(str, open_places))}")
    if permissions.readable_by_everybody(settings.warehouse):
        says = f"every user of this machine may look into {settings.warehouse}"
        return Check(_CLOSED, False, says, f"chmod o= {settings.warehouse}")
    return Check(_CLOSED, True, "closed to other users", "")


def _decoder(settings: Settings) -> Check:
    """What holds the process that parses media, on this kernel: a container may forbid some of it."""
    name, all_of_it = "decoder", ("seccomp", "landlock", "namespace")
    try:
        with Decoder(settings.media) as decoder:
            decoder.start()
            held = decoder.confined
    except HabeasError as error:
        return Check(name, False, error.message, error.hint)
    missing = [word for word in all_of_it if word not in held]
    says = f"held by {', '.join(word for word in all_of_it if word in held) or 'limits alone'}"
    return Check(
        name,
        bool(held & {"seccomp", "landlock"}),
        f"{says}; this kernel or container refuses {', '.join(missing)}" if missing else says,
        "Let this user have seccomp or Landlock: a file could smuggle code in.",
    )


def _ready(settings: Settings, config: Path | None) -> list[Check]:
    """What lets no step begin, and sources whose folders can't be used; nothing before there is an installation."""
    if config is None or not config.is_file():
        return []
    name = "settings, purposes, keys, paths"
    try:
        policies = policy_in_force(
            settings, OrderFolder(settings.orders, settings.registrar_public_key).book()
        )
        faults = list(preflight.faults(settings, settings.purposes, lambda: policies.purposes))
        away = preflight.unusable_sources(settings)
    except HabeasError as error:
        return [Check(name, False, error.message, error.hint)]
    wrong = [Check(name, False, fault.says, fault.mend) for fault in faults]
    sources = [
        Check(f"source {source}", False, reason(why), "Bring its folder back; its files wait until then.")
        for source, why in away.items()
    ]
    return [*(wrong or [Check(name, True, "a run can begin", "")]), *sources]


def _disk(home: Path) -> Check:
    free = shutil.disk_usage(_standing(home)).free
    return Check("disk", free >= _FREE, f"{free / 1e9:.1f} GB free", f"Free {_FREE / 1e9:.0f} GB or more.")


def _pack(settings: Settings) -> Check:
    name = f"model pack {settings.model_pack}"
    try:
        pack = packs.read(settings.pack_folder())
        packs.verify(pack, settings.pack_folder())
    except HabeasError as error:
        return Check(name, False, error.message, error.hint or "habeas models verify says more.")
    except OSError as error:
        return Check(name, False, f"can't be read ({error.strerror})", "habeas models verify says more.")
    warning = packs.warning(pack.name)
    warning = warning.removeprefix(f"{name} ")  # the line begins with the name already
    return Check(name, True, f"version {pack.version}, digests as stated", warning, warns=bool(warning))


def _keys(given: Path | None, config: Path | None) -> Check:
    """The key folder is the custodian's; a user without it can run everything but decide and publish."""
    name = "key folder"
    file = given or (default_custody(config) if config else None)
    if given is None and (file is None or not os.access(file, os.R_OK)):
        where = f"no custody file that this user may read at {file}" if file else "no custody file yet"
        return Check(name, True, f"{where}: this user keeps no keys", "")
    try:
        folder = Custody.read(file).home
        if folder.exists():
            key_files.check_folder(folder)
    except HabeasError as error:
        return Check(name, False, error.message, error.hint or "Name the custody file with HABEAS_CUSTODY.")
    except OSError as error:
        return Check(name, False, f"can't be read ({error.strerror})", "Ask the custodian.")
    return Check(name, True, "private" if folder.exists() else "not there yet", "")


def _orders(settings: Settings) -> Check:
    """Whether the orders can be read and none that a run saw is gone: nothing runs else. What is halted is no fault."""
    try:
        book = OrderFolder(settings.orders, settings.registrar_public_key).book()
        if os.access(settings.installation_key, os.R_OK):
            key = MacKey.of(key_files.read_key(settings.installation_key, KEY_BYTES), Use.RUN_RECORD)
            require_all_there(book, done(settings.runs, DECIDE.name, key))
    except HabeasError as error:
        return Check("orders", False, error.message, error.hint)
    halts = book.halts(now())
    may = sum(
        person.removed_at is None and bool(person.roles & MAY[OrderKind.HALT])
        for person in book.people.values()
    )
    who = {0: "nobody may halt yet", 1: "one person may halt, and nobody else could resume"}.get(
        may, f"{may} people may halt"
    )
    return Check("orders", True, "; ".join([who, *(halt.words for halt in halts)]), "")


def _standing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next((place for place in (folder, *folder.parents) if place.exists()), Path("/"))
