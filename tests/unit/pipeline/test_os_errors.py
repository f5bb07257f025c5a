"""What the system refuses is told with its path and what cures it, and ends with a code a scheduler understands."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from habeas.model.errors import Unavailable, UsageError
from habeas.pipeline.runtime.os_errors import from_os_error, full_disk


@pytest.fixture
def unprivileged() -> object:
    """The rights of a user who owns nothing here; root may read everything."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    yield None
    os.seteuid(before)


def test_a_denied_file_is_named_with_its_owner_and_what_to_do(tmp_path: Path, unprivileged: object) -> None:
    denied = Path("/etc/shadow")
    with pytest.raises(PermissionError) as caught:
        denied.read_bytes()
    told = from_os_error(caught.value)
    assert isinstance(told, UsageError)
    assert "permission denied: /etc/shadow" == told.message
    assert "belongs to root. Run the command as root" in told.hint


def test_the_owner_of_a_denied_file_is_told_to_change_its_mode(tmp_path: Path) -> None:
    told = from_os_error(PermissionError(errno.EACCES, "denied", str(tmp_path / "absent" / "file")))
    assert f"the owner of {tmp_path}: give yourself the right" in told.hint


def test_a_full_disk_may_be_tried_again() -> None:
    with pytest.raises(OSError, match="No space") as caught:
        Path("/dev/full").write_text("x")
    told = from_os_error(caught.value)
    assert isinstance(told, Unavailable)
    assert "the disk is full" in told.message


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.EROFS, UsageError),
        (errno.ENOENT, UsageError),
        (errno.ENOTDIR, UsageError),
        (errno.EMFILE, Unavailable),
        (errno.EDQUOT, Unavailable),
        (errno.EIO, Unavailable),
    ],
)
def test_every_refusal_says_what_to_do_next(number: int, kind: type[Exception]) -> None:
    told = from_os_error(OSError(number, "", "/srv/faces"))
    assert isinstance(told, kind)
    assert told.hint


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        RuntimeError(
            "An error occurred while calling o1.save.\n: java.io.IOException: No space left on device"
        ),
    ],
)
def test_a_full_disk_is_one_to_try_again_on_whoever_met_it(error: Exception) -> None:
    for met in (error, _because(error)):
        found = full_disk(met)
        assert found is not None
        assert found.exit_code == 75
        assert "disk is full" in found.message
    assert full_disk(OSError(errno.EIO, "Input/output error")) is None


def _because(error: Exception) -> Exception:
    try:
        raise ValueError("a commit failed") from error
    except ValueError as above:
        return above
