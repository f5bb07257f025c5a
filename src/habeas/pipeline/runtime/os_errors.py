"""Says what a refusal of the operating system means for the person at the terminal: which path, and what cures it."""

from __future__ import annotations

import errno
import os
import pwd
from pathlib import Path

from habeas.model.errors import HabeasError, Unavailable, UsageError

_PATH = "Check the path and the settings."
_FULL = "Free some space, then run the same command again."
_FILES = "Raise the limit (ulimit -n 4096), then run the same command again."
_KNOWN: dict[int, tuple[type[HabeasError], str, str]] = {
    errno.EACCES: (UsageError, "permission denied", ""),
    errno.EPERM: (UsageError, "permission denied", ""),
    errno.EROFS: (
        UsageError,
        "the file system is read-only",
        "Mount it for writing, or name another folder.",
    ),
    errno.ENOENT: (UsageError, "there is no such file or folder", _PATH),
    errno.ENOTDIR: (UsageError, "a folder is needed, and this is a file", _PATH),
    errno.EISDIR: (UsageError, "a file is needed, and this is a folder", _PATH),
    errno.ENOSPC: (Unavailable, "the disk is full", _FULL),
    errno.EDQUOT: (Unavailable, "the disk quota is used up", _FULL),
    errno.EMFILE: (Unavailable, "too many open files", _FILES),
    errno.ENFILE: (Unavailable, "too many open files", _FILES),
}
"""Error number -> the error to raise, its message, its hint; "" = the hint depends on the path."""
_SAYS_FULL = ("No space left on device", "Disk quota exceeded")


def full_disk(error: BaseException) -> Unavailable | None:
    """What a full disk means, wherever it was met: an error of the system, or a text that Java or Arrow made of one."""
    met: BaseException | None = error
    while met is not None:
        full = isinstance(met, OSError) and met.errno in (errno.ENOSPC, errno.EDQUOT)
        if full or any(words in str(met) for words in _SAYS_FULL):
            return Unavailable("the disk is full", hint=_FULL)
        met = met.__cause__ or met.__context__
    return None


def from_os_error(error: OSError) -> HabeasError:
    """The error of habeas's own tree that says the same. The path is the one that the system named, if any."""
    path = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else ""
    reason = os.strerror(error.errno).lower() if error.errno else type(error).__name__
    other = (Unavailable, f"the system answered: {reason}", "Try again; habeas doctor says what is missing.")
    kind, message, hint = _KNOWN.get(error.errno or 0, other)
    return kind(f"{message}: {path}" if path else message, hint=hint or _cure(path))


def _cure(path: str) -> str:
    """Who may read or write there, as far as the system says so."""
    user = _user(os.geteuid())
    place = Path(path) if path else None
    while place is not None and place != place.parent:
        try:
            stat = place.stat()
        except OSError:
            place = place.parent
            continue
        owner = _user(stat.st_uid)
        if stat.st_uid == os.geteuid():
            return f"You are {user}, the owner of {place}: give yourself the right with chmod u+rwX."
        return f"You are {user}; {place} belongs to {owner}. Run the command as {owner}, or have them grant access."
    return f"You are {user}: run the command as the user who owns the installation."


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
