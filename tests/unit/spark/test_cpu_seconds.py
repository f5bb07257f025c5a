"""What a run says it cost counts every process of it."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any, cast

import pytest

from habeas.spark import session

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
_BUSY = "import time\nwhile time.process_time() < 0.3: pass\nprint('spent', flush=True)\ninput()"


def test_the_cpu_seconds_of_a_child_and_its_child_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A parent's own list of children may miss some while they run; each child's word for its parent doesn't."""
    monkeypatch.setattr(session, "jvm_pid", lambda _: os.getpid())
    spark = cast(Any, SimpleNamespace())
    before = session.cpu_seconds(spark)
    starts = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_BUSY!r}], check=True)"
    with subprocess.Popen(
        [sys.executable, "-c", starts], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        assert "spent\n" == parent.stdout.readline()
        running = session.cpu_seconds(spark) - before
        parent.communicate("\n")
    assert running >= 0.3
    assert session.cpu_seconds(spark) - before >= 0.3, "those that ended included"
