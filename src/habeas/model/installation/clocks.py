"""How far two clocks may differ. Every comparison of a written time with the machine's own clock uses this value."""

from __future__ import annotations

from datetime import datetime, timedelta

SKEW = timedelta(minutes=5)
"""A time this far after now still counts as now: servers, desks and laptops differ by seconds to minutes."""


def dated_ahead(at: datetime, now: datetime) -> bool:
    """True when `at` lies after `now` by more than clocks may differ."""
    return at > now + SKEW
