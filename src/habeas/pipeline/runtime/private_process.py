"""Protects a process that holds templates or keys in plain text: no core dumps, and no other process can read its
memory.
"""

from __future__ import annotations

import ctypes
import resource
import sys

_DUMPABLE = 4


def keep_private() -> None:
    """For this process and, as to core dumps, all that it starts. Only an administrator can undo it.

    The hard limit is 0, so that no process of the same user can raise it again. A program started by this one has to
    call it again.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # elsewhere there is no such call
        ctypes.CDLL(None).prctl(_DUMPABLE, 0, 0, 0, 0)
