"""Whether files that steer the gate could be changed by every user of the machine."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from pathlib import Path

from habeas.model.errors import UsageError
from habeas.model.installation.settings import Settings

PRIVATE = 0o700
_OTHERS_WRITE = stat.S_IWOTH
_OTHERS = stat.S_IRWXO


def steering(settings: Settings) -> tuple[Path, ...]:
    """Folders and files of an installation whose content decides what is allowed."""
    home = settings.home
    return (home, home / "habeas.toml", settings.warehouse, settings.runs, settings.orders, settings.policies,
            home / "policy", settings.registrar_public_key, settings.installation_key,
            *settings.pack_folders, settings.schemas)  # fmt: skip


def writable_by_everybody(places: Iterable[Path]) -> tuple[Path, ...]:
    """Those that are there and that every user may write, and folders above them that let every user replace them."""
    writable: dict[Path, None] = {}
    for place in places:
        writable |= dict.fromkeys(each for each in (place, *place.absolute().parents) if _open_to_all(each))
    return tuple(writable)


def require_closed(places: Iterable[Path]) -> None:
    """Raise UsageError where every user of the machine may write one of them."""
    if writable := writable_by_everybody(places):
        raise UsageError(
            f"every user of this machine may write {', '.join(map(str, writable))}",
            hint=f"Look for what was changed there, then: chmod o-w {writable[0]}",
        )


def readable_by_everybody(place: Path) -> bool:
    """Whether every user may look into a folder; False where there is none."""
    mode = _mode(place)
    return mode is not None and bool(mode & _OTHERS)


def _open_to_all(place: Path) -> bool:
    """In a folder with the sticky bit, like /tmp, users can't replace the files of others."""
    mode = _mode(place)
    if mode is None or not mode & _OTHERS_WRITE:
        return False
    return not (stat.S_ISDIR(mode) and mode & stat.S_ISVTX)


def _mode(place: Path) -> int | None:
    """Of what a link leads to; None where nothing is there or it can't be looked at."""
    try:
        return place.stat().st_mode
    except OSError:
        return None
