"""What the filter allows and what it refuses: tried out in a process of its own, which can't take the filter back."""

from __future__ import annotations

import ctypes
import ctypes.util
import platform
import subprocess
import sys

import pytest

from habeas.media.sandbox import seccomp as system_calls

ALLOWED_ERRORS = {"EPERM", "ENOSYS"}
BEGIN = """
import ctypes, errno, os, sys, threading
from habeas.media.sandbox import seccomp as system_calls
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(38, 1, 0, 0, 0)
if not system_calls.allow_few(libc):
    sys.exit("no filter")
"""


def filtered(code: str) -> str:
    """What the code prints behind the filter."""
    done = subprocess.run([sys.executable, "-c", BEGIN + code], check=False, capture_output=True, text=True)
    if "no filter" in done.stderr:
        pytest.skip("this kernel filters no system calls")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_threads_start() -> None:
    code = "t = threading.Thread(target=print, args=('ran',)); t.start(); t.join()"
    assert filtered(code) == "ran"


@pytest.mark.parametrize(
    "attempt",
    [
        "os.fork()",
        "os.execv(sys.executable, [sys.executable, '-c', 'print(1)'])",
        "os.posix_spawn(sys.executable, [sys.executable, '-c', 'print(1)'], {})",
        "os.forkpty()",
    ],
)
def test_no_process_and_no_program_starts(attempt: str) -> None:
    code = f"""
try:
    {attempt}
    print("started")
except OSError as error:
    print(errno.errorcode[error.errno])
"""
    assert filtered(code) in ALLOWED_ERRORS


@pytest.mark.skipif(platform.machine() != "x86_64", reason="numbers of x86-64")
@pytest.mark.parametrize("number", [57, 58, 435, 0x40000039, 0x4000003A, 0x40000038])
def test_no_number_of_the_call_gets_through(number: int) -> None:
    """fork, vfork and clone3 of x86-64, and the same by their numbers in x32."""
    code = f"""
pid = libc.syscall({number}, 17, 0, 0, 0, 0)
if pid == 0:
    os._exit(0)
print(errno.errorcode[ctypes.get_errno()] if pid < 0 else "started")
"""
    assert filtered(code) in ALLOWED_ERRORS


def test_cloning_a_process_is_told_from_cloning_a_thread() -> None:
    clone = 56 if platform.machine() == "x86_64" else 220
    code = f"""
pid = libc.syscall({clone}, 17, 0, 0, 0, 0)
if pid == 0:
    os._exit(0)
print(errno.errorcode[ctypes.get_errno()] if pid < 0 else "started")
"""
    assert filtered(code) == "EPERM"


def test_where_nothing_tells_threads_from_processes_there_are_neither() -> None:
    code = """
import resource
from habeas.media.sandbox import confinement
confinement.system_calls.allow_few = lambda _: False
print(confinement.confine(512).count("seccomp"), resource.getrlimit(resource.RLIMIT_NPROC))
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "0 (0, 0)"


@pytest.mark.parametrize("machine", system_calls.MACHINES)
def test_each_number_is_that_of_the_call_it_stands_for(machine: str) -> None:
    """By libseccomp's table: a wrong number would let another call through."""
    name = ctypes.util.find_library("seccomp")
    if name is None:
        pytest.skip("libseccomp isn't installed")
    number = ctypes.CDLL(name).seccomp_syscall_resolve_name_arch
    which = list(system_calls.MACHINES).index(machine)
    named = {
        "clone": system_calls.CLONE, "fcntl": system_calls.FCNTL, "prctl": system_calls.PRCTL,
        "prlimit64": system_calls.PRLIMIT, "tgkill": system_calls.TGKILL,
    }  # fmt: skip
    given = {call: numbers[which] for call, numbers in (system_calls.ALLOWED | named).items()}
    kernel = {call: number(system_calls.MACHINES[machine], call.encode()) for call in given}
    assert kernel == given


def test_a_program_of_32_bits_uses_other_numbers_and_gets_none_through() -> None:
    """A step by hand: number 1 is exit there, and write here."""
    first = system_calls._program("x86_64", 1)[:3]
    assert [0xC000003E, 0x80000000] == [int.from_bytes(step[4:], "little") for step in first[1:]]
