"""What exit codes mean, what to do about them, and which of them are final. Each error in `errors` has its number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from habeas.model.errors import (
    BadInput,
    CheckFailed,
    HabeasError,
    Halted,
    IntegrityError,
    KeyUnavailable,
    RefusedByPolicy,
    Unavailable,
    UsageError,
)


@dataclass(frozen=True, slots=True)
class ExitCode:
    """How a command or a job ended. `action`: what to do about a task of a DAG that ended so."""

    number: int
    means: str
    action: str = ""
    final: bool = False
    """The same call would end the same way: no scheduler tries it again."""


EXIT_CODES: Final = (
    ExitCode(0, "done"),
    ExitCode(
        HabeasError.exit_code,
        "failed for a reason habeas has no code for",
        "read the log: a defect, or Java, memory, disk; clear the task; it was retried already",
    ),
    ExitCode(
        UsageError.exit_code,
        "the call can't be used: an argument, a file, a setting",
        "mend `habeas.toml` or the parameters, clear the task",
        final=True,
    ),
    ExitCode(
        CheckFailed.exit_code,
        "checks failed: of quality (nothing was published), or decision tables",
        "open `report/runs/<run>/checks.html`; loosen no bound at night",
        final=True,
    ),
    ExitCode(
        RefusedByPolicy.exit_code,
        "a rule says no: retrying can't help",
        "**leave it**: a decision, for the privacy office to read",
        final=True,
    ),
    ExitCode(
        IntegrityError.exit_code,
        "something is not what its digest, signature or contract says",
        "**stop, call the owner**: this may be tampering",
        final=True,
    ),
    ExitCode(
        KeyUnavailable.exit_code,
        "a key is closed, destroyed, unknown or held back",
        "leave it; `habeas doctor` tells which",
        final=True,
    ),
    ExitCode(
        Halted.exit_code,
        "halted: somebody who may said stop; nothing is wrong and nothing is lost",
        "nothing: `habeas halts` says who and why",
    ),
    ExitCode(
        Unavailable.exit_code,
        "a store, a lock or a disk can't be used now: try again later",
        "retried by itself; `habeas doctor` if it stays",
    ),
    ExitCode(130, "interrupted (Ctrl-C), and so was everything it had started"),
    ExitCode(143, "told to end (SIGTERM), and so was everything it had started"),
)
"""The one table. The command's help, the reference page and the DAGs take their words and rules from it."""

INTERRUPTED: Final = 130


def exit_code(number: int) -> ExitCode | None:
    """The row of a number; None for one that habeas never ends with."""
    return next((row for row in EXIT_CODES if row.number == number), None)


def exit_code_table(numbers: Iterable[int], actions: Mapping[int, str] | None = None) -> str:
    """Rows in Markdown for a DAG's page: what to do about a task. `actions` wins over the table's own."""
    own = actions or {}
    rows = [row for row in EXIT_CODES if row.number in set(numbers)]
    lines = [f"| {row.number} | {row.means} | {own.get(row.number, row.action)} |" for row in rows]
    return "\n".join(["| exit code | means | do |", "|---|---|---|", *lines])


def error_with(number: int, message: str, *, hint: str = "") -> HabeasError:
    """The error that a job ended with, from what its record holds."""
    kinds = {kind.exit_code: kind for kind in HabeasError.__subclasses__() if kind is not BadInput}
    return kinds.get(number, HabeasError)(message, hint=hint)
