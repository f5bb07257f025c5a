"""How many examples chance finds for a promise: a third of what it says, and all of them in the long matrices."""

from __future__ import annotations

import os

from hypothesis import settings

WHOLE = os.environ.get("HABEAS_EXAMPLES") == "all"
ENOUGH = 50


def examples(count: int) -> settings:
    """Decorates a test that hypothesis calls: `count` times when HABEAS_EXAMPLES is `all`, else a third of it, and
    never less than 50 where it asks for so many.
    """
    return settings(deadline=None, max_examples=count if WHOLE else max(count // 3, min(count, ENOUGH)))
