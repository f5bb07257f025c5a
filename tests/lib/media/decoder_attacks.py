"""What smuggled code could try from inside the decoder against its worker and the machine, one system call each.

`python -m decoder_attacks FOLDER` is a worker that is the same user as its decoder, also where root starts it: it
writes into FOLDER/said what each attempt gave.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import platform
import socket
import stat
import sys
import threading
from contextlib import suppress
from pathlib import Path

from decoder_asked import LIMITS, told, works

from habeas.media.sandbox.client import Decoder
from habeas.media.values import Headers
from habeas.model.errors import BadInput

SOMEBODY = 61234
_LIBC = ctypes.CDLL(None, use_errno=True)
_SPACE = ctypes.create_string_buffer(4096)
_CORE = (ctypes.c_uint64 * 2)(1 << 30, 1 << 30)  # what a limit is to become
_MEM = ctypes.create_string_buffer(200)
_PARENT, _BUFFER, _LIMIT, _PLACE = "parent", _SPACE, _CORE, _MEM

# numbers on x86-64 and aarch64, then arguments
CALLS: dict[str, tuple[int, int, tuple[object, ...]]] = {
    "a core limit of the worker": (302, 261, (_PARENT, 4, _LIMIT, 0)),
    "ptrace": (101, 117, (16, _PARENT, 0, 0)),
    "process_vm_readv": (310, 270, (_PARENT, _BUFFER, 1, _BUFFER, 1, 0)),
    "pidfd_open": (434, 434, (_PARENT, 0)),
    "kill": (62, 129, (_PARENT, 0)),
    "tgkill": (234, 131, (_PARENT, _PARENT, 0)),
    "rt_sigqueueinfo": (129, 138, (_PARENT, 10, _BUFFER)),
    "the worker's priority": (141, 140, (0, _PARENT, 10)),
    "the worker's cores": (203, 122, (_PARENT, 8, _BUFFER)),
    "the worker's memory by its file": (257, 56, (-100, _PLACE, 0, 0)),
    "signals by a descriptor": (72, 25, (0, 8, _PARENT)),
    "signals by ioctl": (16, 29, (0, 0x8901, _BUFFER)),
    "shmget": (29, 194, (0, 1 << 30, 0o600)),
    "msgget": (68, 186, (0, 0o600)),
    "semget": (64, 190, (0, 1, 0o600)),
    "mq_open": (240, 180, (_BUFFER, 0o102, 0o600, 0)),
    "memfd_create": (319, 279, (_BUFFER, 0)),
    "socket": (41, 198, (1, 1, 0)),
    "socketpair": (53, 199, (1, 1, 0, _BUFFER)),
    "connect": (42, 203, (0, _BUFFER, 16)),
    "io_uring_setup": (425, 425, (4, _BUFFER)),
    "userfaultfd": (323, 282, (1,)),
    "keyctl": (250, 219, (0, -3, 1)),
    "add_key": (248, 217, (_BUFFER, _BUFFER, _BUFFER, 1, -3)),
    "bpf": (321, 280, (0, _BUFFER, 64)),
    "perf_event_open": (298, 241, (_BUFFER, 0, -1, -1, 0)),
    "unshare": (272, 97, (0x10000000,)),
    "setns": (308, 268, (0, 0)),
    "mount": (165, 40, (_BUFFER, _BUFFER, _BUFFER, 0, 0)),
    "to outlive the worker": (157, 167, (1, 0, 0, 0, 0)),
    "to be looked into": (157, 167, (4, 1, 0, 0, 0)),
    "another filter": (317, 277, (1, 0, _BUFFER)),
    "execve": (59, 221, (_BUFFER, 0, 0)),
}


def attack(rest: str) -> Headers:
    """For the stub: does what is asked; its error travels as the detail of a reason."""
    name, _, parent = rest.partition("|")
    with suppress(OSError):
        if stat.S_ISCHR(os.fstat(1).st_mode):
            os.close(1)  # makes room for one more descriptor
    if name.startswith(("/", "@")):
        return _connected(name)
    _MEM.value = f"/proc/{parent}/mem".encode()
    _SPACE.value = b"/habeas" if name != "mq_open" else b"habeas"
    x86, arm, arguments = CALLS[name]
    given = [_given(one, int(parent)) for one in arguments]
    if _LIBC.syscall(x86 if platform.machine() == "x86_64" else arm, *given) == -1:
        raise BadInput("broken_image", errno.errorcode[ctypes.get_errno()])
    return Headers("photo", "jpeg", 16, 16, None, 0)


def _given(argument: object, parent: int) -> object:
    if argument is _PARENT:
        return ctypes.c_long(parent)
    return ctypes.c_long(argument) if isinstance(argument, int) else argument


def _connected(place: str) -> Headers:
    address = "\0" + place[1:] if place.startswith("@") else place
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(address)
    except OSError as error:
        raise BadInput("broken_image", errno.errorcode.get(error.errno or 0, "none")) from None
    return Headers("photo", "jpeg", 16, 16, None, 0)


def _listen(address: str, heard: list[str]) -> socket.socket:
    door = socket.socket(socket.AF_UNIX)
    door.bind(address)
    door.listen()

    def wait() -> None:
        with suppress(OSError):
            door.accept()[0].close()
            heard.append(address)

    threading.Thread(target=wait, daemon=True).start()
    return door


def no_longer_root() -> None:
    """Another user, who may still read what root's folders hold: Python itself may lie there."""
    reads = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    _LIBC.prctl(8, 1, 0, 0, 0)  # PR_SET_KEEPCAPS
    os.setgroups([])
    os.setresgid(SOMEBODY, SOMEBODY, SOMEBODY)
    os.setresuid(SOMEBODY, SOMEBODY, SOMEBODY)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    if _LIBC.capset(header, (ctypes.c_uint32 * 6)(reads, reads, reads, 0, 0, 0)) != 0:
        raise OSError(ctypes.get_errno(), "no capabilities")
    for capability in (1, 2):
        _LIBC.prctl(47, 2, capability, 0, 0)  # PR_CAP_AMBIENT_RAISE


def main(folder: Path) -> None:
    if os.getuid() == 0:
        no_longer_root()
    said: dict[str, str] = {}
    heard: list[str] = []
    path, name = str(folder / f"door-{os.getpid()}"), f"@habeas-{os.getpid()}"
    doors = [_listen(path, heard), _listen("\0" + name[1:], heard)]
    with Decoder(LIMITS, "decoder_stub") as decoder:
        works(decoder, folder)
        confined = " ".join(sorted(decoder.confined))
        for attempt in (*CALLS, path, name):
            try:
                told(decoder, folder, f"attack {attempt}|{os.getpid()}")
                answer = "done"
                decoder.close()  # whatever it holds now
            except BadInput as bad:
                answer = bad.detail
            said[{path: "a socket by its path", name: "an abstract socket"}.get(attempt, attempt)] = answer
            said.setdefault("confined", confined)
    (folder / "said").write_text(json.dumps({**said, "heard": str(len(heard))}))
    for door in doors:
        door.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
