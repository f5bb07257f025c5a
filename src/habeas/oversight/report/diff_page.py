"""The page of a policy diff: who would be affected by other rules, before they are in force. Counts only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from habeas.oversight.report.charts import bars, two_sided
from habeas.oversight.report.page import environment
from habeas.policy.diff import Difference, Kind

Told = dict[str, Any]
LABELS: Mapping[Kind, str] = {
    Kind.NEWLY_REFUSED: "newly refused",
    Kind.NEWLY_ALLOWED: "newly allowed",
    Kind.RETENTION: "kept for another time",
    Kind.DUTIES: "other duties",
    Kind.REASONS: "refused for other reasons",
    Kind.SAME: "the same",
}
_SIDES = (LABELS[Kind.NEWLY_REFUSED], LABELS[Kind.NEWLY_ALLOWED])


def render(
    found: Difference, sentences: Mapping[str, str], waived: tuple[list[Told], list[Told]] = ([], [])
) -> str:
    """The page as HTML. `sentences`: pack/rule -> what the rule says, of both sets. `waived`: waivers of each."""
    return (
        environment()
        .get_template("diff.html.jinja")
        .render(
            found=found,
            waived=waived,
            steps=[_step(found, kind) for kind in Kind],
            sources=two_sided(
                found.by_source(Kind.NEWLY_REFUSED), found.by_source(Kind.NEWLY_ALLOWED), _SIDES
            ),
            purposes=two_sided(
                found.by_purpose(Kind.NEWLY_REFUSED), found.by_purpose(Kind.NEWLY_ALLOWED), _SIDES
            ),
            retentions=bars({f"{_days(a)} → {_days(b)}": n for (a, b), n in found.retentions().items()}, {}),
            rules=[(LABELS[kind], _rules(found, kind, sentences)) for kind in Kind if kind is not Kind.SAME],
        )
    )


def _step(found: Difference, kind: Kind) -> dict[str, Any]:
    return {
        "label": LABELS[kind],
        "lines": found.count(kind, "embed"),
        "files": found.count(kind, "scan"),
        "people": found.people.get(kind, 0),
        "lost": kind is Kind.NEWLY_REFUSED,
    }


def _rules(found: Difference, kind: Kind, sentences: Mapping[str, str]) -> list[tuple[str, int, str]]:
    return [(name, count, sentences.get(name, "")) for name, count in found.by_rule(kind).items()]


def _days(days: int | None) -> str:
    return "no limit" if days is None else f"{days} days"
