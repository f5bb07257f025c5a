"""A filter of system calls (seccomp, Linux 3.5) by which a process starts threads, but no process and no program.

The limit on processes can't do that: it counts threads as well, and all that a user has running anywhere. Some decoders
work in a thread of their own and in no other way.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct

_SET_SECCOMP, _FILTER = 22, 2
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_NR, _ARCH, _FIRST_ARGUMENT = 0, 4, 16  # where they lie in struct seccomp_data, of a little-endian machine
_LOAD, _AND, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x06  # classic BPF, 32 bits
_CLONE_THREAD = 0x10000
_X32 = 0x40000000  # the same calls by other numbers

# machine: its AUDIT_ARCH, clone, and what is refused (fork, vfork, execve, execveat)
_CALLS = {
    "x86_64": (0xC000003E, 56, (57, 58, 59, 322)),
    "aarch64": (0xC00000B7, 220, (221, 281)),
}
_CLONE3 = 435  # takes its flags by a pointer, which a filter can't follow; told that it isn't there, libc uses clone


def start_none(libc: ctypes.CDLL) -> bool:
    """True if the filter holds from now on. For a process that may gain no privileges."""
    calls = _CALLS.get(platform.machine())
    if calls is None:
        return False
    program = _program(*calls)
    code = ctypes.create_string_buffer(b"".join(program))
    told = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(code)))
    return bool(libc.prctl(_SET_SECCOMP, _FILTER, ctypes.c_void_p(ctypes.addressof(told)), 0, 0) == 0)


def _program(machine: int, clone: int, refused: tuple[int, ...]) -> list[bytes]:
    allow = [_step(_RETURN, _ALLOW)]
    refuse = [_step(_RETURN, _ERROR | errno.EPERM)]
    steps = [_step(_LOAD, _ARCH), _step(_EQUAL, machine, 1, 0), *refuse]
    steps += [_step(_LOAD, _NR), _step(_AT_LEAST, _X32, 0, 1), *refuse]
    for call in refused:
        steps += [_step(_EQUAL, call, 0, 1), *refuse]
    steps += [_step(_EQUAL, _CLONE3, 0, 1), _step(_RETURN, _ERROR | errno.ENOSYS)]
    steps += [_step(_EQUAL, clone, 1, 0), *allow]
    steps += [_step(_LOAD, _FIRST_ARGUMENT), _step(_AND, _CLONE_THREAD), _step(_EQUAL, _CLONE_THREAD, 0, 1)]
    return [*steps, *allow, *refuse]


def _step(code: int, value: int, if_so: int = 0, if_not: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_so, if_not, value)
