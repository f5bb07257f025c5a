"""What a run says it cost counts every process of it."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from typing import Any, cast

import pytest

from habeas.pipeline.runtime import cpu_seconds as cpu

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
_BUSY = "import time\nwhile time.process_time() < 0.3: pass\nprint('spent', flush=True)\ninput()"


def test_the_cpu_seconds_of_a_child_and_its_child_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A parent's own list of children may miss some while they run; each child's word for its parent doesn't."""
    running, ended = spent(
        monkeypatch, "import subprocess, sys\nsubprocess.run([sys.executable, '-c', BUSY])"
    )
    assert running >= 0.2
    assert ended >= 0.2, "those that ended included"


def test_the_cpu_seconds_of_a_worker_that_nobody_waits_for_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As PySpark's daemon treats its workers: the kernel forgets what they spent."""
    deaf = "import signal, subprocess, sys\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
    running, ended = spent(monkeypatch, deaf + "subprocess.Popen([sys.executable, '-c', BUSY]).wait()")
    assert running >= 0.2
    assert ended >= 0.2


def test_the_cpu_seconds_of_a_decoder_that_ends_with_its_worker_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its worker keeps it, and leaves without waiting for it."""
    start = "decoder = subprocess.Popen([sys.executable, '-c', BUSY], stdin=-1, stderr=-3)\n"
    hears = "import os, signal, subprocess, sys\nsignal.signal(signal.SIGCHLD, signal.SIG_DFL)\n"
    worker = f"{hears}{start}input()\nos._exit(0)".replace("BUSY", repr(_BUSY))
    deaf = "import signal, subprocess, sys, time\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
    waits = f"subprocess.Popen([sys.executable, '-c', {worker!r}]).wait()\ntime.sleep(0.2)"
    _, ended = spent(monkeypatch, deaf + waits)
    assert ended >= 0.2


def spent(monkeypatch: pytest.MonkeyPatch, program: str) -> tuple[float, float]:
    """CPU seconds of a program that starts a busy one: while that waits, and after both ended."""
    monkeypatch.setattr(cpu, "jvm_pid", lambda _: os.getpid())
    program = program.replace("BUSY", repr(_BUSY))
    own = resource.getrusage(resource.RUSAGE_SELF)
    with cpu.CpuClock(cast(Any, None), every=0.02) as clock, subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:  # fmt: skip
        assert parent.stdout is not None
        assert "spent\n" == parent.stdout.readline()
        time.sleep(0.1)
        running = clock.seconds()
        parent.communicate("\n")
        ended = clock.seconds()
    # This process is the root here, so its own seconds count twice.
    now = resource.getrusage(resource.RUSAGE_SELF)
    mine = 2 * (now.ru_utime + now.ru_stime - own.ru_utime - own.ru_stime)
    return running - mine, ended - mine
