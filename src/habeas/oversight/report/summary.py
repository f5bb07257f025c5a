"""`summary.json`: what a page shows, for programs. Counts, words and times; no id of a person or a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from habeas.model.installation.steps import NIGHTLY
from habeas.oversight.numbers.numbers import Numbers
from habeas.oversight.numbers.tally import Tally
from habeas.policy.lists.waivers import Waiver
from habeas.policy.rulebook import Rulebook, is_waived
from habeas.warehouse.reader import Row


def summarise(
    tally: Tally, numbers: Numbers, run_id: str, tables: Mapping[str, str], rules: Rulebook, now: datetime
) -> dict[str, Any]:
    """The content of `summary.json`. `tables` maps each table to its folder; `now`: when it is counted."""
    files, faces, lines, templates = numbers.files, numbers.faces, numbers.lines, numbers.templates
    return {
        "run_id": run_id,
        "status": status(tally.runs),
        "finished_at": _iso(max((row["finished_at"] for row in tally.runs), default=None)),
        "counted_at": now.isoformat(),
        "files": {
            "found": files.total,
            "looked_at": len(files.looked_at),
            "refused": files.refused_by,
            "set_aside": files.set_aside_by,
            "waiting": len(files.waiting),
            "looked_at_and_refused_since": len(files.ended),
        },
        "faces": {
            "found": faces.total,
            "bound": faces.bound,
            "allowed": faces.allowed,
            "embedded": faces.embedded,
            "refused": dict(faces.refused),
            "refused_for": dict(faces.refused_for),
        },
        "lines": {
            "listed": lines.listed,
            "allowed": lines.allowed,
            "refused": lines.refused,
            "undecided": lines.undecided,
            "with_template": lines.with_template,
            "without_template": lines.without_by,
        },
        "templates": {
            "stored": templates.stored,
            **templates.states,
            "due": templates.due,
            "late": templates.late,
            "erase_by": _iso(templates.erase_by),
            "people": templates.people,
            "made_by_this_run": sum(row["run_id"] == run_id for row in tally.embeddings),
        },
        "waivers": waivers(tally, rules),
        "seconds": {row["task"]: round(row["seconds"], 1) for row in tally.runs},
        "tables": dict(tables),
    }


def status(tasks: Iterable[Row]) -> str:
    """How a run ended: done, halted, refused, failed, or unfinished when a step left no record."""
    statuses = {row["task"]: row["status"] for row in tasks}
    for word in ("failed", "refused", "halted"):
        if word in statuses.values():
            return word
    return "done" if all(statuses.get(step.name) == "done" for step in NIGHTLY) else "unfinished"


def waivers(tally: Tally, rules: Rulebook) -> list[dict[str, Any]]:
    """Every waiver there is, in force or not, as it stood when the run decided; `used` = decisions it touches."""
    times = [row["as_of"] for row in (*tally.runs, *tally.decisions) if row.get("as_of")]
    if not times:
        return []
    used = Counter(rule.rpartition("/")[2].removesuffix("-gap") for row in tally.decisions
                   for rule in set(row["rules"]) if is_waived(rule))  # fmt: skip
    return [
        {**waiver, "used": used[waiver["rule"]]} for waiver in waivers_on(rules.waivers, max(times).date())
    ]


def waivers_on(waivers: Iterable[Waiver], today: date) -> list[dict[str, Any]]:
    """Waivers as a report lists them."""
    return [
        {
            "rule": each.rule,
            "about": each.about,
            "owner": each.owner,
            "reason": each.reason,
            "granted_on": each.granted_on.isoformat(),
            "ends_on": each.ends_on.isoformat(),
            "state": each.state(today),
        }
        for each in waivers
    ]


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
