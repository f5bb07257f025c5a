"""What all imports tell: how many lines, what was taken, what was set aside and why."""

from __future__ import annotations

from collections import Counter
from typing import Any

from habeas.cli import out
from habeas.errors import UsageError


def tell(what: str, read: Any, as_json: bool) -> None:
    """Print an `habeas.steps.imports.Imported`. Line numbers and reasons, never a value of a line.

    Raises UsageError, after it told everything, when nothing could be used or somebody's no may not have been heard.
    What could be used is recorded already: a script that imports every night must notice the rest.
    """
    told = {
        "lines": read.lines,
        what: len(read.records),
        "repeated": read.repeated,
        "set_aside": [
            {"line": bad.line_number, "reason": bad.reason, "detail": bad.detail} for bad in read.set_aside
        ],
        "refusals_set_aside": read.refusals_set_aside,
        "withdrawn_unasked": read.withdrawn_unasked,
        "input_digest": read.input_digest,
    }

    def human(console: Any) -> None:
        console.print(
            f"{len(read.records)} {what} of {read.lines} lines, {read.repeated} repeated.", markup=False
        )
        if read.set_aside:
            reasons = Counter(bad.reason for bad in read.set_aside)
            console.print(out.table(["set aside", "lines"], reasons.most_common()))
            first = read.set_aside[:5]
            console.print(
                out.table(["line", "reason", "detail"], [(b.line_number, b.reason, b.detail) for b in first])
            )

    out.show(told, as_json, human)
    if read.withdrawn_unasked:
        out.say(
            f"{read.withdrawn_unasked} withdrawals take back what nobody gave here. They are kept; but if the ids are "
            "misspelt, a consent still stands. Check them."
        )
    _require_heard(read)


def _require_heard(read: Any) -> None:
    """Some lines set aside are ordinary (nothing is guessed); none taken, or a no among them, is not."""
    reasons = ", ".join(sorted({bad.reason for bad in read.set_aside}))
    if any(bad.line_number is None for bad in read.set_aside):
        wrong = (
            f"the file can't be read to its end ({reasons}); {len(read.records)} of its lines were recorded"
        )
    elif read.lines and not read.records:
        wrong = f"nothing was recorded: none of {read.lines} lines can be used ({reasons})"
    elif read.refusals_set_aside:
        wrong = f"{read.refusals_set_aside} lines that may say no can't be used ({reasons})"
    else:
        return
    if read.refusals_set_aside:
        wrong += ": somebody's no may not have been heard"
    raise UsageError(
        wrong, hint="Mend it and import it again: what is recorded already is not recorded twice."
    )
