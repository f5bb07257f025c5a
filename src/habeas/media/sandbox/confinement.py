"""Restrictions that a process puts on itself before it reads untrusted files.

Memory, cores, files, processes and privileges by limits that every Linux has. Where the kernel lets us, three more hold
against code that a file smuggled in:

- "seccomp": a short list of system calls is allowed, every other is refused (`media/sandbox/seccomp.py`).
- "landlock": no file is opened, made or removed by its name, no signal is sent to others.
- "namespace": an empty network, and System V memory, semaphores and POSIX queues of its own. A user namespace pays for
  it unless the process is root.

Each holds alone, and they overlap. Without the first there are no threads: one kind of photo needs them. Without the
first two the limit on descriptors stands in: while a file is read, no number is left for a socket or a second file.
That holds against parsers that follow what a file names; smuggled code could close one to open another.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from contextlib import suppress
from importlib.abc import MetaPathFinder
from importlib.machinery import BuiltinImporter, FrozenImporter
from pathlib import Path
from typing import NoReturn

from habeas.media.sandbox import seccomp as system_calls

_NOBODY = 65534
_NEW_IPC, _NEW_USER, _NEW_NET = 0x08000000, 0x10000000, 0x40000000
_PARENT_DEATH, _DUMPABLE, _NO_NEW_PRIVILEGES = 1, 4, 38
_CAPABILITIES_V3 = 0x20080522
_LANDLOCK_CREATE, _LANDLOCK_RESTRICT = 444, 446


def confine(memory_mb: int) -> list[str]:
    """Give up memory beyond `memory_mb` MiB more than now, descriptors but one, and all else that is named above.

    Call it with one thread, and nothing left to import. Returns which of "namespace", "landlock" and "seccomp" hold.
    Raises OSError if a limit can't be set.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    alone = libc.unshare(_NEW_NET | _NEW_IPC) == 0
    _drop_to_nobody()
    alone = alone or libc.unshare(_NEW_USER | _NEW_NET | _NEW_IPC) == 0
    _drop_privileges(libc)
    # after that: a change of user takes the wish to die with the parent back
    for option, value in ((_NO_NEW_PRIVILEGES, 1), (_DUMPABLE, 0), (_PARENT_DEATH, signal.SIGKILL)):
        libc.prctl(option, value, 0, 0, 0)
    blind = _apply_landlock(libc)
    single = system_calls.allow_few(libc)
    free = os.dup(0)  # the lowest free number: the next file will get it
    os.close(free)
    for what, most in (
        (resource.RLIMIT_AS, pages * resource.getpagesize() + (memory_mb << 20)),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        # it counts threads, too: where nothing else distinguishes them from processes, there are none
        *([] if single else [(resource.RLIMIT_NPROC, 0)]),
        (resource.RLIMIT_NOFILE, free + 1),
    ):
        _, hard = resource.getrlimit(what)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (least, least))
    return ["namespace"] * alone + ["landlock"] * blind + ["seccomp"] * single


class NothingMore(MetaPathFinder):
    """Stands where modules are found, once none can be read any more.

    A parser takes an import that fails for a fault of the file; so this is an end of the process.
    """

    def find_spec(self, name: str, *_: object) -> NoReturn:
        """Raises SystemExit: every import must have happened before the process is confined."""
        raise SystemExit(f"{name} is imported too late")


def import_no_more() -> None:
    """Let the interpreter find no module but built-in and frozen ones from here on."""
    sys.meta_path[:] = [BuiltinImporter, FrozenImporter, NothingMore()]


def die_with_parent(parent: int) -> None:
    """Make the kernel end this process when the thread that started it ends; at once if process `parent` has ended."""
    ctypes.CDLL(None).prctl(_PARENT_DEATH, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def _drop_to_nobody() -> None:
    """The limit on processes doesn't hold root."""
    if os.getuid() == 0:
        with suppress(OSError):  # a container may forbid it
            os.setgroups([])
            os.setresgid(_NOBODY, _NOBODY, _NOBODY)
            os.setresuid(_NOBODY, _NOBODY, _NOBODY)


def _apply_landlock(libc: ctypes.CDLL) -> bool:
    """Landlock without an exception: whatever the kernel's version can refuse is refused."""
    call = libc.syscall
    call.restype, call.argtypes = (
        ctypes.c_long,
        [ctypes.c_long, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_long],
    )
    version = call(_LANDLOCK_CREATE, None, 0, 1)
    if version < 1:
        return False
    files = (1 << 13) - 1 | (version >= 2) << 13 | (version >= 3) << 14 | (version >= 5) << 15
    refused = (ctypes.c_uint64 * 3)(files, 0b11, 0b11)  # files; TCP; abstract sockets and signals
    size = 8 * (1 + (version >= 4) + (version >= 6))
    rules = call(_LANDLOCK_CREATE, ctypes.addressof(refused), size, 0)
    if rules < 0:
        return False
    held: bool = call(_LANDLOCK_RESTRICT, rules, 0, 0) == 0
    os.close(rules)
    return held


def _drop_privileges(libc: ctypes.CDLL) -> None:
    """The creator of a user namespace is root in it: one more way into the kernel."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_V3, 0)
    libc.capset(header, (ctypes.c_uint32 * 6)())
