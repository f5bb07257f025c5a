"""One tree of errors. A message says what is wrong, where, and what to do next.

Exit codes tell a scheduler what to do: see `EXIT_CODES`, the one table of them.
No message may hold a pixel, an embedding, a score, a landmark, a key, a name or a real id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final


class HabeasError(Exception):
    """Base of every error that habeas raises on purpose. `hint` says what to do next."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(f"{message} {hint}".strip() if hint else message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross from Python workers to the driver by pickle; keyword arguments need help.
        return (_rebuild, (type(self), self.message, self.hint))


def _rebuild(kind: type[HabeasError], message: str, hint: str) -> HabeasError:
    return kind(message, hint=hint)


class UsageError(HabeasError):
    """The caller's arguments or settings can't be used."""

    exit_code = 2


class CheckFailed(HabeasError):
    """The quality suite failed: the publish is stopped."""

    exit_code = 3


class RefusedByPolicy(HabeasError):
    """A rule says no: purpose, licence, consent. Retrying can't help and must not happen."""

    exit_code = 4


class IntegrityError(HabeasError):
    """Something is not what its digest, signature or contract says."""

    exit_code = 5


class KeyUnavailable(HabeasError):
    """A key is closed, destroyed, unknown or held by a KMS that says no."""

    exit_code = 6


class Halted(HabeasError):
    """A halt is in force. Nothing is wrong and nothing is lost; work goes on after `habeas resume`."""

    exit_code = 7


class Unavailable(HabeasError):
    """A store, lock or disk can't be used now; the same call may work later."""

    exit_code = 75


class BadInput(HabeasError):
    """One item (file, record) can't be used. It goes to quarantine with `reason`; the run goes on."""

    def __init__(self, reason: str, detail: str = "", *, hint: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason, hint=hint)
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[object, ...]:
        return (BadInput, (self.reason, self.detail))


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
