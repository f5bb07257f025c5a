"""A process that holds templates or keys in the clear: it dumps no core, and no other process looks into it."""

from __future__ import annotations

import ctypes
import resource
import sys

_DUMPABLE = 4


def keep_private() -> None:
    """For this process and, as to core dumps, all that it starts. Only an administrator can undo it.

    The hard limit is 0, so that no process of the same user can raise it again. Another program started by this one
    decides anew who may look into it.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # elsewhere there is no such call
        ctypes.CDLL(None).prctl(_DUMPABLE, 0, 0, 0, 0)
