"""Logs to standard error. What may stand in a line is listed; everything else is kept out, whatever it is."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

import structlog

WORDS: Final = frozenset(
    {"event", "level", "timestamp", "task", "step", "status", "run_id", "asset_id", "source", "purpose", "table",
     "reason", "kind", "error", "policy", "model", "version"}
)  # fmt: skip
"""Fields whose text may be logged. Whole numbers and truth values may stand in any field."""

TIMES: Final = frozenset({"seconds", "cpu_seconds"})
HIDDEN: Final = "[kept out]"
_LONGEST = 200


def keep_out(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Processor: only listed fields keep their text, only times may be fractions; no traceback, no object."""
    return {
        name: _shown(name, value) for name, value in event.items() if name not in ("exc_info", "stack_info")
    }


def _shown(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return round(value, 3) if name in TIMES else HIDDEN
    if isinstance(value, str) and name in WORDS:
        cut = value[:_LONGEST]
        return "".join(letter if letter.isprintable() else "?" for letter in cut)
    return HIDDEN


def configure(*, verbose: bool = False, as_json: bool = False) -> None:
    """Send logs to standard error: warnings and worse, or everything from information on with `verbose`."""
    ending: Any = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            keep_out,
            ending,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO if verbose else logging.WARNING),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # looked up late: it may be redirected
        cache_logger_on_first_use=False,
    )
