"""The summary of every import: how many lines, what was taken, what was set aside and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

from habeas.cli import output as out
from habeas.model.errors import UsageError

_SHOWN = 10
_ONE = {"statements": "statement", "leave-outs": "leave-out", "sources": "source", "occasions": "occasion",
        "lines taken": "line taken"}  # fmt: skip


def tell(what: str, read: Any, as_json: bool) -> None:
    """Print an `habeas.records.imports.pipeline.Imported`. Line numbers and reasons, never a value of a line.

    Raises UsageError, after printing everything, when nothing could be used or a refusal may not have been recorded.
    What could be used is recorded already: a script that imports on a schedule must notice the rest.
    """
    answer = {
        "lines": read.lines,
        what: len(read.records),
        "repeated": read.repeated,
        "recorded_before": read.recorded_before,
        "set_aside": [
            {"line": bad.line_number, "reason": bad.reason, "detail": bad.detail, "may_be_no": bad.may_be_no}
            for bad in read.set_aside
        ],
        "remarks": [
            {"line": each.line_number, "reason": each.reason, "detail": each.detail, "is_no": each.is_no,
             "needs_a_look": each.needs_a_look}
            for each in read.remarks
        ],
        "refusals_set_aside": read.refusals_set_aside,
        "withdrawn_unasked": read.withdrawn_unasked,
        "read_as": read.form,
        "closed": None if read.closed is None else asdict(read.closed),
        "input_digest": read.input_digest,
    }  # fmt: skip
    out.show(answer, as_json, lambda console: _human(console, what, read))
    if read.withdrawn_unasked:
        out.say(
            f"{read.withdrawn_unasked} withdrawals take back what nobody gave here. They are kept; but if the ids are "
            "misspelt, a consent still stands. Check them."
        )
    _require_refusals_taken(read)


def _human(console: Any, what: str, read: Any) -> None:
    form = f" Read as {read.form}." if read.form else ""
    recorded, lines = _counted(len(read.records), _ONE.get(what, what), what), _counted(read.lines, "line")
    before = f", {read.recorded_before} recorded before" if read.recorded_before else ""
    console.print(f"{recorded} of {lines}, {read.repeated} repeated{before}.{form}", markup=False)
    if read.closed is not None:
        console.print(_closed(read.closed), markup=False)
    if read.set_aside:
        reasons = Counter(bad.reason for bad in read.set_aside)
        console.print(out.table(["set aside", "lines"], reasons.most_common()))
        rows = [(b.line_number, "yes" if b.may_be_no else "", b.reason, b.detail) for b in read.set_aside]
        console.print(out.table(["line", "may be a no", "reason", "detail"], rows))
    if read.remarks:
        rows = [(r.line_number, "yes" if r.needs_a_look else "", r.reason, r.detail) for r in read.remarks]
        console.print(out.table(["kept: line", "look at it", "reason", "detail"], rows))


def _closed(closed: Any) -> str:
    """What a no closed, and by when it has to be gone."""
    keys, rows = _counted(closed.keys, "key"), _counted(closed.rows, "stored template")
    by = f", to be erased by {closed.erase_by:%Y-%m-%d %H:%M} UTC" if closed.erase_by else ""
    return f"Closed: {keys}, {rows}{by}."


def _counted(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def _require_refusals_taken(read: Any) -> None:
    """Raise UsageError when no line was taken, or when a line that was set aside or needs a look may be a refusal."""
    reasons = ", ".join(sorted({bad.reason for bad in read.set_aside}))
    look = sorted({each.line_number for each in read.remarks if each.needs_a_look})
    if any(bad.line_number is None for bad in read.set_aside):
        wrong = (
            f"the file can't be read to its end ({reasons}); {len(read.records)} of its lines were recorded"
        )
    elif read.lines and not read.records:
        wrong = f"nothing was recorded: no line of {read.lines} can be used ({reasons})"
    elif read.refusals_set_aside:
        wrong = f"{_counted(read.refusals_set_aside, 'line')} that may say no can't be used ({reasons})"
    elif look:
        raise UsageError(
            f"{_counted(len(look), 'line names', 'lines name')} somebody or something that isn't here: kept, but a no "
            "among them may stop nothing yet",
            hint=f"Look at line{'s' * (len(look) > 1)} {', '.join(map(str, look[:_SHOWN]))}"
            f"{' and more' if len(look) > _SHOWN else ''}. Where it is misspelt, import it again as it is spelt here.",
        )
    else:
        return
    if read.refusals_set_aside:
        wrong += ": somebody's no may not have been heard"
    raise UsageError(
        wrong, hint="Mend it and import it again: what is recorded already is not recorded twice."
    )
