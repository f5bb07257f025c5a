"""A filter of system calls (seccomp, Linux 3.5) that allows a short list and refuses every other call.

What is on the list reads and writes descriptors that the process holds already, manages its own memory, and starts and
ends its own threads. So there are no files by name, sockets, processes, programs, namespaces, signals or limits of
other processes, shared memory or message queues, and none of the larger interfaces of the kernel (io_uring, bpf, perf,
keyrings, userfaultfd).

A call that isn't on the list gets ENOSYS, as from an older kernel: the C library then does without it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

_SET_SECCOMP, _FILTER = 22, 2
_ALLOW, _ERROR, _KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
_NR, _ARCH, _ARGUMENTS = 0, 4, 16  # where they lie in struct seccomp_data, of a little-endian machine
_LOAD, _AND, _EQUAL, _RETURN = 0x20, 0x54, 0x15, 0x06  # classic BPF, 32 bits

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""machine: its AUDIT_ARCH. 32-bit and x32 programs use other numbers, and are refused."""

# name: its number on x86-64 and on aarch64; those that are called most come first
ALLOWED = {
    "pread64": (17, 67), "futex": (202, 98), "mmap": (9, 222), "munmap": (11, 215), "madvise": (28, 233),
    "brk": (12, 214), "mprotect": (10, 226), "mremap": (25, 216), "read": (0, 63), "lseek": (8, 62),
    "newfstatat": (262, 79), "fstat": (5, 80), "sendto": (44, 206), "sendmsg": (46, 211), "recvmsg": (47, 212),
    "recvfrom": (45, 207), "write": (1, 64), "readv": (19, 65), "writev": (20, 66), "close": (3, 57), "dup": (32, 23),
    "clock_gettime": (228, 113), "clock_getres": (229, 114), "clock_nanosleep": (230, 115), "nanosleep": (35, 101),
    "gettimeofday": (96, 169), "sched_yield": (24, 124), "sched_getaffinity": (204, 123), "sysinfo": (99, 179),
    "getrandom": (318, 278), "getpid": (39, 172), "gettid": (186, 178), "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "sigaltstack": (131, 132), "restart_syscall": (219, 128),
    "set_robust_list": (273, 99), "rseq": (334, 293), "getrlimit": (97, 163), "exit": (60, 93), "exit_group": (231, 94),
}  # fmt: skip

# these are allowed where one argument is as given below
CLONE, FCNTL, PRCTL, PRLIMIT, TGKILL = (56, 220), (72, 25), (157, 167), (302, 261), (234, 131)

_CLONE_THREAD = 0x10000
_CLONE_NEW = 0x7E020000  # namespaces
_OWN_DESCRIPTORS = (
    1030,
    1,
    2,
    3,
)  # fcntl: F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL. F_SETOWN sends signals
_NAME_OF_THREAD = (15, 16)  # prctl: PR_SET_NAME, PR_GET_NAME


def allow_few(libc: ctypes.CDLL) -> bool:
    """True if the filter holds from now on. For a process that may gain no privileges, with one thread."""
    if platform.machine() not in MACHINES:
        return False
    program = _program(platform.machine(), os.getpid())
    code = ctypes.create_string_buffer(b"".join(program))
    fprog = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(code)))
    return bool(libc.prctl(_SET_SECCOMP, _FILTER, ctypes.c_void_p(ctypes.addressof(fprog)), 0, 0) == 0)


def _program(machine: str, pid: int) -> list[bytes]:
    which = list(MACHINES).index(machine)
    allow, refuse = _step(_RETURN, _ALLOW), _step(_RETURN, _ERROR | errno.EPERM)
    steps = [_step(_LOAD, _ARCH), _step(_EQUAL, MACHINES[machine], 1, 0), _step(_RETURN, _KILL_PROCESS)]
    steps += [_step(_LOAD, _NR)]
    for numbers in ALLOWED.values():
        steps += [_step(_EQUAL, numbers[which], 0, 1), allow]
    for numbers, argument, mask, values in (
        (CLONE, 0, _CLONE_THREAD | _CLONE_NEW, (_CLONE_THREAD,)),
        (FCNTL, 1, None, _OWN_DESCRIPTORS),
        (PRCTL, 0, None, _NAME_OF_THREAD),
        (PRLIMIT, 0, None, (0,)),  # its own limits, by no number of a process
        (TGKILL, 0, None, (pid,)),  # abort() sends itself a signal
    ):
        checked = [_step(_LOAD, _ARGUMENTS + 8 * argument)]
        checked += [] if mask is None else [_step(_AND, mask)]
        for value in values:
            checked += [_step(_EQUAL, value, 0, 1), allow]
        checked += [refuse]
        steps += [_step(_EQUAL, numbers[which], 0, len(checked)), *checked]
    # among these is clone3, whose flags no filter can read: the C library then uses clone
    return [*steps, _step(_RETURN, _ERROR | errno.ENOSYS)]


def _step(code: int, value: int, if_so: int = 0, if_not: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_so, if_not, value)
