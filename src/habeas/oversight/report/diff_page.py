"""The page of a policy diff: who would be affected by other rules, before they are in force. Counts only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from habeas.oversight.report.charts import bars, two_sided
from habeas.oversight.report.page import environment
from habeas.policy.diff import Difference, Kind

WaiverLine = dict[str, Any]
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
    difference: Difference,
    sentences: Mapping[str, str],
    waived: tuple[list[WaiverLine], list[WaiverLine]] = ([], []),
) -> str:
    """The page as HTML. `sentences`: pack/rule -> what the rule says, of both sets. `waived`: waivers of each."""
    return (
        environment()
        .get_template("diff.html.jinja")
        .render(
            difference=difference,
            waived=waived,
            steps=[_step(difference, kind) for kind in Kind],
            sources=two_sided(
                difference.by_source(Kind.NEWLY_REFUSED), difference.by_source(Kind.NEWLY_ALLOWED), _SIDES
            ),
            purposes=two_sided(
                difference.by_purpose(Kind.NEWLY_REFUSED), difference.by_purpose(Kind.NEWLY_ALLOWED), _SIDES
            ),
            retentions=bars(
                {f"{_days(a)} → {_days(b)}": n for (a, b), n in difference.retentions().items()}, {}
            ),
            rules=[
                (LABELS[kind], _rules(difference, kind, sentences)) for kind in Kind if kind is not Kind.SAME
            ],
        )
    )


def _step(difference: Difference, kind: Kind) -> dict[str, Any]:
    return {
        "label": LABELS[kind],
        "lines": difference.count(kind, "embed"),
        "files": difference.count(kind, "scan"),
        "people": difference.people.get(kind, 0),
        "lost": kind is Kind.NEWLY_REFUSED,
    }


def _rules(difference: Difference, kind: Kind, sentences: Mapping[str, str]) -> list[tuple[str, int, str]]:
    return [(name, count, sentences.get(name, "")) for name, count in difference.by_rule(kind).items()]


def _days(days: int | None) -> str:
    return "no limit" if days is None else f"{days} days"
