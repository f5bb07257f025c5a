"""Files that are there whole or not at all, also after a crash: written beside, flushed, then put in place."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def replace_file(place: Path, content: bytes | str, mode: int | None = None) -> None:
    """Write a file; one of that name is replaced. `mode`: its permissions whatever the umask says. Raises OSError."""
    part = _beside(place)
    try:
        write_new(part, content, mode)
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(place.parent)


def create_file(place: Path, content: bytes | str, mode: int | None = None) -> None:
    """Write a new file. Raises FileExistsError where the name is taken, and OSError."""
    part = _beside(place)
    try:
        write_new(part, content, mode)
        os.link(part, place)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(place.parent)


def write_new(place: Path, content: bytes | str, mode: int | None = None) -> None:
    """Write and flush a file that must not be there yet; killed meanwhile it is there in part."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(place, flags, 0o666 if mode is None else 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
        file.flush()
        if mode is not None:
            os.fchmod(handle, mode)
        os.fsync(handle)


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _beside(place: Path) -> Path:
    return place.with_name(f".{place.name}.{secrets.token_hex(4)}.part")
