"""What roster lines say about places and times, without a picture: whether two of them meet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from habeas.model.lines import Line


def scopes_meet(one: Line, other: Line) -> bool:
    """True if the time windows of two lines overlap and so do their regions. Edges that only touch don't overlap."""
    (a0, a1), (b0, b1) = window(one), window(other)
    if not (a0 < b1 and b0 < a1):
        return False
    if one.region is None or other.region is None:
        return True
    p, q = one.region, other.region
    return p[0] < q[2] and q[0] < p[2] and p[1] < q[3] and q[1] < p[3]


def window(line: Line) -> tuple[float, float]:
    """From when to when a line is about a clip, in ms; without an end where the line names none."""
    return (
        -np.inf if line.from_ms is None else line.from_ms,
        np.inf if line.to_ms is None else line.to_ms,
    )


def is_caption(lines: Sequence[Line]) -> bool:
    """True if every line has a position and says that the list is complete, without region or time window."""
    return bool(lines) and all(
        line.position is not None
        and line.closed
        and line.region is None
        and line.from_ms is None
        and line.to_ms is None
        for line in lines
    )
