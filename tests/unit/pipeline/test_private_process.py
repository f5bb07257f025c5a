"""A worker holds templates in the clear: another process of its user can neither read it nor have it dumped."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys

import pytest

CODE = """
import ctypes, json, os, resource, sys, time
import decoder_attacks
from habeas.pipeline.runtime.private_process import keep_private
if os.getuid() == 0:
    decoder_attacks.no_longer_root()
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(4, 1, 0, 0, 0)  # as a process is that was started by its user
ready, tell = os.pipe()
if (worker := os.fork()) == 0:
    if sys.argv[1] == "private":
        keep_private()
    os.write(tell, b"1")
    time.sleep(60)
os.read(ready, 1)
said = {}
try:
    os.close(os.open(f"/proc/{worker}/mem", os.O_RDONLY))
    said["memory"] = "open"
except OSError:
    said["memory"] = "refused"
try:
    resource.prlimit(worker, resource.RLIMIT_CORE, (1 << 20, 1 << 20))
    said["core"] = "open"
except OSError:
    said["core"] = "refused"
os.kill(worker, 9)
print(json.dumps(said))
"""


@pytest.mark.parametrize(("how", "wanted"), [("private", "refused"), ("plain", "open")])
def test_a_worker_is_neither_read_nor_dumped_by_another_process_of_its_user(how: str, wanted: str) -> None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(place for place in sys.path if place)}
    done = subprocess.run(
        [sys.executable, "-c", CODE, how], env=env, capture_output=True, text=True, check=True, timeout=60
    )
    # Where this very process has given its core dumps up, for another test, nobody can raise the limit again.
    given_up = resource.getrlimit(resource.RLIMIT_CORE)[1] == 0
    assert {"memory": wanted, "core": "refused" if given_up else wanted} == json.loads(done.stdout)


def test_what_it_starts_dumps_no_core_either() -> None:
    code = (
        "import resource, subprocess\n"
        "from habeas.pipeline.runtime.private_process import keep_private\n"
        "keep_private()\n"
        "print(subprocess.run(['sh', '-c', 'ulimit -Hc; ulimit -Sc'], capture_output=True, text=True).stdout)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ["0", "0"] == done.stdout.split()
