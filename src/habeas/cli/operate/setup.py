"""`habeas init` makes an installation, `habeas doctor` says what one still needs."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from habeas.cli import output as out
from habeas.cli.options import Config, Custody, Json, now
from habeas.model.errors import Unavailable, UsageError

_SETTINGS = """\
# Settings of one installation. Environment variables (HABEAS_…) win over numbers, purposes, model_pack, archive and
# report; for what steers the gate (home, tables, orders, rules, keys, models) they are refused.
# Everything that can be set: docs/reference/settings.md
home = {home}
policies = {policies}  # the rules: yours to edit; see policies/README.md
purposes = {purposes}  # what the nightly run embeds for; see policies/purposes.yaml
model_pack = {pack}  # see: habeas models list
"""
_CUSTODY = """\
# Where keys are kept. For the registrar and the custodian alone: the embed job never gets this file.
# No backup may hold the folder `kms`: a restored key would undo an erasure.
home = {home}
"""


def init(
    home: Annotated[
        Path, typer.Option("--home", help="Folder of the installation; made when missing.")
    ] = Path("var/habeas"),
    archive: Annotated[
        Path | None, typer.Option("--archive", help="Folder with the footage. Default: HOME/archive")
    ] = None,
    purposes: Annotated[
        str, typer.Option("--purposes", help="Comma-separated purposes of the nightly run.")
    ] = "archive_search",
    pack: Annotated[str, typer.Option("--model-pack", help="Model pack to embed with.")] = "synthetic",
    as_json: Json = False,
) -> None:
    """Make an installation: settings, keys, folders. Safe to run again.

    \b
    habeas init --home /srv/faces --archive /mnt/footage
    """
    from habeas.faces.model_packs import registry as packs

    place, made = make(home, archive, [word for word in purposes.split(",") if word], pack)
    answer = {"config": str(place.config), "custody": str(place.custody_file), "keys_made": made,
            "archive": str(place.settings.archive), "warehouse": str(place.settings.warehouse)}  # fmt: skip
    if warning := packs.warning(place.settings.model_pack):
        answer["warning"] = warning

    def human(console: Any) -> None:
        console.print(out.pairs(answer))
        console.print(f"\nNext: habeas source add sources.csv --config {place.config}", markup=False)

    out.show(answer, as_json, human)


def make(home: Path, archive: Path | None, purposes: list[str], pack: str) -> tuple[Any, bool]:
    """Write what is missing of an installation; (installation, were keys made).

    Raises UsageError for a purpose that is unknown and a folder that can't hold one, Unavailable when a disk is full.
    """
    from habeas.model.installation.resources import POLICIES
    from habeas.policy.lists.purposes import load_purposes

    home = home.resolve()
    policies = home / "policies"
    listed = load_purposes((policies if policies.is_dir() else POLICIES) / "purposes.yaml")
    if strange := [name for name in purposes if name not in listed]:
        raise UsageError(
            f"{len(strange)} of the purposes are unknown", hint=f"Known: {', '.join(sorted(listed))}."
        )
    with writing(home):
        return _made(home, archive, purposes, pack)


@contextmanager
def writing(home: Path) -> Iterator[None]:
    """Turn the system's error about a folder that can't be written into one with a remedy."""
    try:
        yield
    except OSError as error:
        where = f"no installation can be made in {home}: {error.strerror}"
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
            raise Unavailable(where, hint="Make room on the disk, and run it again: it goes on.") from None
        raise UsageError(where, hint="Give this user the folder, or choose another: --home FOLDER") from None


def _made(home: Path, archive: Path | None, purposes: list[str], pack: str) -> tuple[Any, bool]:
    from habeas.cli.installation import installation
    from habeas.model.installation.permissions import PRIVATE

    home.mkdir(mode=0o755, parents=True, exist_ok=True)
    policies = home / "policies"
    copy_policies(policies)
    config, custody = home / "habeas.toml", home / "custody" / "custody.toml"
    if not config.exists():
        text = _SETTINGS.format(
            home=json.dumps(str(home)),
            policies=json.dumps(str(policies)),
            purposes=json.dumps(purposes),
            pack=json.dumps(pack),
        )
        if archive:
            text += f"archive = {json.dumps(str(archive.resolve()))}\n"
        _write(config, text, 0o644)
    custody.parent.mkdir(mode=0o700, exist_ok=True)
    if not custody.exists():
        _write(custody, _CUSTODY.format(home=json.dumps(str(custody.parent))), 0o600)
    place = installation(config, custody)
    place.settings.archive.mkdir(parents=True, exist_ok=True)
    place.settings.warehouse.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    return place, place.set_up(now())


def copy_policies(folder: Path, lists: Mapping[str, str] | None = None) -> None:
    """Copy the shipped rules to `folder`, whole or not at all; what is there already is left as it is.

    `lists`: file name -> text to put in place of a shipped list, such as the record of activities, which is empty.
    """
    from habeas.model.installation.resources import POLICIES

    if folder.exists():
        return
    making = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(making, ignore_errors=True)
    shutil.copytree(POLICIES, making)
    for name, text in (lists or {}).items():
        (making / name).write_text(text, encoding="utf-8")
    making.rename(folder)


def _write(place: Path, text: str, mode: int) -> None:
    with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        file.write(text)


def _state(check: Mapping[str, Any]) -> str:
    return "missing" if not check["ok"] else "warning" if check["warns"] else "ok"


def doctor(config: Config = None, custody: Custody = None, as_json: Json = False) -> None:
    """List what habeas needs, what is missing, and how to mend it.

    \b
    habeas doctor
    habeas doctor --json
    """
    from habeas.cli.operate.doctor import checks

    entries = [asdict(check) for check in checks(config, custody)]

    def human(console: Any) -> None:
        rows = [(_state(entry), entry["name"], entry["says"]) for entry in entries]
        console.print(out.table(["", "what", "found"], rows))
        for entry in entries:
            if entry["mend"] and (entry["warns"] or not entry["ok"]):
                console.print(f"{entry['name']}: {entry['mend']}", markup=False)

    out.show(entries, as_json, human)
    if not all(entry["ok"] for entry in entries):
        raise typer.Exit(1)
