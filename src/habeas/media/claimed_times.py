"""Times that files claim. One place says which of them are believed: a wrong one is no time, and stops nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EARLIEST = datetime(1800, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""What was captured was captured between these. Every engine and file format we use can hold what lies between."""

CLIP_CLOCK = timedelta(days=1)
"""How far a clip's own time may be from when a moment in it was captured: many cameras write their wall clock where UTC
is meant, some the end of the recording, and a clip goes on for hours."""

_MOST_NS = 2**63 - 1


def believable(at: datetime | None) -> datetime | None:
    """The time in UTC, or None where no camera can have been there: year 1 (an empty field), year 9999."""
    if at is None or not EARLIEST <= at < LATEST:
        return None
    return at.astimezone(UTC)


def nanoseconds(since_1970: int) -> int:
    """A file's own time as 64 bits hold it. It is only compared: a time beyond 1677 to 2262 counts as their end."""
    return max(-_MOST_NS, min(_MOST_NS, since_1970))
