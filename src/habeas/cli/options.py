"""Options that many commands share, so that they are called the same everywhere."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from habeas.model.errors import UsageError

Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", envvar="HABEAS_CONFIG", help="Settings file. Default: ./habeas.toml"),
]
Custody = Annotated[
    Path | None,
    typer.Option(
        "--custody", envvar="HABEAS_CUSTODY", help="Custody file. Default: custody/custody.toml beside it."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
AsTyped = Annotated[
    bool, typer.Option("--ids-as-typed", help="Ids that look alike (B-10, b-10) are different people.")
]
Csv = Annotated[bool, typer.Option("--csv", help="Print CSV instead of text.")]
From = Annotated[
    str | None, typer.Option("--from", metavar="TIME", help="From then on; ISO 8601 with a zone.")
]
To = Annotated[str | None, typer.Option("--to", metavar="TIME", help="Before then; ISO 8601 with a zone.")]
Subject = Annotated[
    str | None,
    typer.Option(
        "--subject", metavar="SUBJECT_ID", help="A random subject id or its beginning, never a real id."
    ),
]
SubjectFile = Annotated[
    str | None,
    typer.Option("--subject-file", metavar="FILE|-", help="File with one real id, or - for standard input."),
]
AsOf = Annotated[
    str | None, typer.Option("--as-of", metavar="TIME", help="ISO 8601 with a zone. Default: now.")
]
KnownAt = Annotated[
    str | None,
    typer.Option("--known-at", metavar="TIME", help="As it was known then. Default: the time of --as-of."),
]
File = Annotated[str, typer.Argument(metavar="FILE|-", help="CSV or JSON lines; - reads standard input.")]


def moment(text: str | None, now: datetime) -> datetime:
    """The time an option names; `now` when it was not given. Raises UsageError."""
    if text is None:
        return now
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no time", hint="Write it like 2026-01-31T12:00:00+00:00.") from None
    if value.tzinfo is None:
        raise UsageError(f"{text!r} has no time zone", hint="Write it like 2026-01-31T12:00:00+00:00.")
    try:
        return value.astimezone(UTC)
    except OverflowError:  # its zone moves it before the year 1 or after 9999
        raise UsageError(
            f"{text!r} lies outside the years 1 to 9999", hint="Write it like 2026-01-31T12:00:00+00:00."
        ) from None


def now() -> datetime:
    """The clock of the command line: the only place a command gets the time from."""
    return datetime.now(UTC)
