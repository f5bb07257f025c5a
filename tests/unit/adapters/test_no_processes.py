"""Who may start threads starts no process: tried out in a process of its own, which can't take the filter back."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

ALLOWED_ERRORS = {"EPERM", "ENOSYS"}
BEGIN = """
import ctypes, errno, os, sys, threading
from habeas.adapters import no_processes
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(38, 1, 0, 0, 0)
if not no_processes.start_none(libc):
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
    code = """
pid = libc.syscall(56 if os.uname().machine == "x86_64" else 220, 17, 0, 0, 0, 0)
if pid == 0:
    os._exit(0)
print(errno.errorcode[ctypes.get_errno()] if pid < 0 else "started")
"""
    assert filtered(code) == "EPERM"


def test_where_nothing_tells_threads_from_processes_there_are_neither() -> None:
    code = """
import resource
from habeas.adapters import confinement
confinement.no_processes.start_none = lambda _: False
print(confinement.confine(512).count("seccomp"), resource.getrlimit(resource.RLIMIT_NPROC))
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "0 (0, 0)"
