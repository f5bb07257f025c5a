"""The embed job is a process that can't open anything: it works with the key folder shut, and never looks there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from installations import JOBS, Installed, copy_of

from habeas.model.installation.resources import PROJECT

pytestmark = [pytest.mark.spark, pytest.mark.slow, pytest.mark.timeout(600)]
# Root reads everything by these two; without them a folder of mode 000 is shut to root too.
_AS_ANYBODY = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]


def test_the_embed_job_runs_with_the_key_folder_shut_and_opens_no_file_of_it(
    decided: Installed, tmp_path: Path
) -> None:
    installed = copy_of(decided, tmp_path / "home")
    custody, trace = installed.place.custody_file.parent, tmp_path / "trace"
    drop = _AS_ANYBODY if os.geteuid() == 0 else []
    job = [sys.executable, str(PROJECT / "jobs" / JOBS["embed"]), "--run-id", "first"]
    job += ["--config", str(installed.place.config)]
    kept = {k: v for k, v in os.environ.items() if not k.startswith("HABEAS_CUSTODY")}
    custody.chmod(0)
    try:
        look = [*drop, sys.executable, "-c", f"import os; os.listdir({str(custody)!r})"]
        assert b"PermissionError" in subprocess.run(look, check=False, capture_output=True).stderr
        # The shut folder is the proof; where there is strace, it also shows that nobody tried the door.
        tracer = (
            ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=%file", "-o", str(trace)]
            if shutil.which("strace")
            else []
        )
        ended = subprocess.run(
            [*tracer, *drop, *job],
            check=False,
            capture_output=True,
            env=kept | {"PYSPARK_PYTHON": sys.executable},
        )
    finally:
        custody.chmod(0o700)
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert installed.counts("first", "embed")["embeddings"] > 0
    if tracer:
        calls = trace.read_text(errors="replace")
        assert str(installed.place.settings.warehouse) in calls  # the trace sees what it should
        assert str(custody) not in calls
