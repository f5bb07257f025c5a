"""One tree of errors. A message says what is wrong, where, and what to do next.

Exit codes tell a scheduler what to do: see `model.installation.exit_codes`.
No message may hold a pixel, an embedding, a score, a landmark, a key, a name or a real id.
"""

from __future__ import annotations


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
