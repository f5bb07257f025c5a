"""Code that a file smuggled into the decoder reaches neither its worker nor what outlives it.

The worker becomes another user than root where the tests run as root: then it and its decoder are one user, as in most
installations, and no rule of the kernel about users stands between them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import decoder_attacks
import pytest

REFUSED = {"EPERM", "ENOSYS"}


@pytest.fixture(scope="module")
def said() -> dict[str, str]:
    """What each attempt gave, from a worker that is the user that its decoder is."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(place for place in sys.path if place)}
        done = subprocess.run(
            [sys.executable, "-m", "decoder_attacks", folder], env=env, capture_output=True, text=True,
            check=False, timeout=120, cwd="/",
        )  # fmt: skip
        assert 0 == done.returncode, done.stderr
        answers = json.loads((Path(folder) / "said").read_text())
    if "seccomp" not in answers["confined"]:
        pytest.skip("this kernel filters no system calls")
    return answers


@pytest.mark.parametrize("attempt", [*decoder_attacks.CALLS, "a socket by its path", "an abstract socket"])
def test_smuggled_code_reaches_neither_its_worker_nor_the_machine(said: dict[str, str], attempt: str) -> None:
    assert said[attempt] in REFUSED


def test_nobody_who_listens_hears_from_the_decoder(said: dict[str, str]) -> None:
    assert "0" == said["heard"]
