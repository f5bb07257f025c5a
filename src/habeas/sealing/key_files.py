"""Small secrets as files: made once, refused if others than their owner could read them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from habeas.model.errors import IntegrityError, KeyUnavailable, Unavailable
from habeas.model.installation.durable_files import create_file, sync_folder

_OTHERS = 0o077


def make_folder(folder: Path) -> None:
    """Make a private folder (0700) and its parents. An existing one must be private already."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"a key folder can't be made: {error.strerror}") from None
    check_folder(folder)


def check_folder(folder: Path) -> None:
    """Raise KeyUnavailable when the folder is missing, IntegrityError when others may look into it."""
    try:
        mode = folder.stat().st_mode
    except OSError:
        raise KeyUnavailable("the key folder is missing or closed to this user") from None
    if not stat.S_ISDIR(mode) or mode & _OTHERS:
        raise IntegrityError(
            f"the key folder {folder.name!r} may be read by others",
            hint="Make it private with: chmod 700 FOLDER",
        )


def read_key(path: Path, size: int, *, public: bool = False) -> bytes:
    """The `size` bytes of a key file.

    Raises KeyUnavailable when it is missing or a link, IntegrityError when it has another length or when
    users other than its owner may read it (unless it is `public`: then, when others may write it).
    """
    unwanted = 0o022 if public else _OTHERS
    try:
        # Non-blocking, or a FIFO of that name would hold us for ever.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        raise KeyUnavailable(f"the key file {path.name!r} is missing or closed to this user") from None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_mode & unwanted:
            raise IntegrityError(
                f"the key file {path.name!r} may be {'written' if public else 'read'} by others",
                hint="Find out whether it leaked, then: chmod go= FILE",
            )
        content = os.read(handle, size + 1)
    finally:
        os.close(handle)
    if len(content) != size:
        raise IntegrityError(
            f"the key file {path.name!r} has the wrong length", hint="Restore it from its own backup."
        )
    return content


def create_key(path: Path, content: bytes, *, public: bool = False) -> None:
    """Write a new file (0600, or 0644 if `public`) so that it is there whole or not at all.

    Raises IntegrityError when the name is taken: a key is never overwritten.
    """
    try:
        create_file(path, content, 0o644 if public else 0o600)
    except FileExistsError:
        raise IntegrityError(f"there is a key file {path.name!r} already; it is never overwritten") from None
    except OSError as error:
        raise Unavailable(f"the key file {path.name!r} can't be written: {error.strerror}") from None


def destroy_file(path: Path) -> None:
    """Overwrite, flush and remove a file. A missing file is no error.

    On flash and copy-on-write disks overwriting is no proof; the guarantee rests on who could copy the file
    before.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        sync_folder(path.parent)  # an earlier try may have died between unlink and flush
        return
    except OSError as error:
        raise Unavailable(f"the key file {path.name!r} can't be destroyed: {error.strerror}") from None
    with os.fdopen(handle, "wb") as file:
        file.write(os.urandom(os.fstat(handle).st_size))
        file.flush()
        os.fsync(handle)
    path.unlink(missing_ok=True)
    sync_folder(path.parent)
